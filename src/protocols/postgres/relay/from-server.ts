import { backend } from '../wire/codes.ts'
import { buildErrorResponse, readErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Framer, HEADER_BYTES, type MessageVisitor } from '../wire/framer.ts'
import { readCommandTag, readTransactionStatus } from '../wire/read.ts'
import type { Answers } from './answers.ts'
import type { Outgoing } from './outgoing.ts'

/** Read whole: errors may be rewritten, the others are short. */
const ASSEMBLED = [backend.errorResponse, backend.readyForQuery, backend.commandComplete]

/** Far above what a server says in an error; beyond it the peer is not a PostgreSQL. */
const LONGEST_ERROR = 64 * 1024 * 1024

/** Reads the server: tells `Answers` what came, and passes the bytes on as they lie in the chunk. */
export class FromServer implements MessageVisitor {
  readonly #framer: Framer
  readonly #answers: Answers
  readonly #outgoing: Outgoing
  #broken = false

  constructor(answers: Answers, outgoing: Outgoing) {
    this.#answers = answers
    this.#outgoing = outgoing
    this.#framer = new Framer(this, { assembled: ASSEMBLED, limit: LONGEST_ERROR })
  }

  /** Whether the client has been given whole messages only: a message of ours may follow. */
  get atBoundary(): boolean {
    return !this.#framer.passing
  }

  /** Whether it stopped making sense; nothing more is read then. */
  get broken(): boolean {
    return this.#broken
  }

  /** @throws WireError */
  read(chunk: Uint8Array): void {
    this.#broken = true
    this.#framer.push(chunk)
    this.#answers.charge()
    this.#broken = false
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    switch (type) {
      case backend.dataRow:
      case backend.copyData:
        this.#answers.result(1, end - start)
        break
      case backend.readyForQuery:
        this.#answers.ready(readTransactionStatus(bytes, start, end))
        break
      case backend.commandComplete:
        this.#answers.completed(this.#answers.copyingIn ? copiedRows(readCommandTag(bytes, start, end)) : 0)
        break
      case backend.errorResponse:
        this.#error(bytes, start, end)
        return true
      // These may come at any time and belong to nothing (PostgreSQL protocol, "Asynchronous Operations").
      case backend.noticeResponse:
      case backend.notificationResponse:
      case backend.parameterStatus:
        break
      default:
        this.#answers.received(type)
    }
    this.#outgoing.add(bytes, start, end)
    return true
  }

  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    if (type === backend.dataRow || type === backend.copyData) this.#answers.result(first ? 1 : 0, end - start)
    else if (first && type !== backend.noticeResponse && type !== backend.notificationResponse && type !== backend.parameterStatus) {
      this.#answers.received(type)
    }
    this.#outgoing.add(bytes, start, end)
  }

  oversize(type: number): void {
    throw new WireError(`The server sent a message of type 0x${type.toString(16)} that is longer than any server's.`)
  }

  #error(bytes: Uint8Array, start: number, end: number): void {
    const fields = readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
    if (!fields) throw new WireError('The server sent an error that is not well-formed.')
    const instead = this.#answers.failed(fields)
    if (instead) {
      const own = buildErrorResponse(instead)
      this.#outgoing.add(own, 0, own.length)
    } else this.#outgoing.add(bytes, start, end)
  }
}

/** @param tag of a COPY: `COPY 12` */
function copiedRows(tag: string): number {
  return tag.startsWith('COPY ') ? Number.parseInt(tag.slice('COPY '.length), 10) || 0 : 0
}
