import type { FingerprintQuestion, SessionState } from '../asking/fingerprint.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import { backend } from '../wire/codes.ts'
import { buildErrorResponse, type ErrorFields, readErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Framer, HEADER_BYTES, type MessageVisitor } from '../wire/framer.ts'
import { readCommandTag, readParameterStatus, readTransactionStatus } from '../wire/read.ts'
import type { Answers } from './answers.ts'
import type { Outgoing } from './outgoing.ts'

/** Read whole: errors may be rewritten, the others are short. */
const ASSEMBLED = [backend.errorResponse, backend.readyForQuery, backend.commandComplete, backend.parameterStatus, backend.copyInResponse]

/** These may come at any time and belong to nothing (PostgreSQL protocol, "Asynchronous Operations"). */
const ASYNCHRONOUS: ReadonlySet<number> = new Set([backend.noticeResponse, backend.notificationResponse, backend.parameterStatus])

/** Far above what a server says in an error; beyond it the peer is not a PostgreSQL. */
const LONGEST_ERROR = 64 * 1024 * 1024

/** Reads the server: tells `Answers` what came, and passes the bytes on as they lie in the chunk. */
export class FromServer implements MessageVisitor {
  readonly #framer: Framer
  readonly #answers: Answers
  readonly #outgoing: Outgoing
  readonly #sql: Pick<SqlSession, 'reported'>
  /** Whether the pieces of the message under way are passed. */
  #passes = true
  #broken = false
  /** What the gateway itself asked, while nothing else is answered. */
  #question: FingerprintQuestion | undefined
  #questionAnswered: (state: SessionState | undefined) => void = () => undefined
  #questionFailure: string | undefined

  constructor(answers: Answers, outgoing: Outgoing, sql: Pick<SqlSession, 'reported'>) {
    this.#answers = answers
    this.#outgoing = outgoing
    this.#sql = sql
    this.#framer = new Framer(this, { assembled: ASSEMBLED, limit: LONGEST_ERROR })
  }

  /** Whether the client has been given whole messages only: a message of ours may follow. */
  get atBoundary(): boolean {
    return !this.#framer.passing
  }

  /**
   * The next answers are to this. To be called while nothing is in flight; they reach nobody else.
   * @returns undefined where the server refused to say. Where the connection ends, it never resolves
   */
  expect(question: FingerprintQuestion): Promise<SessionState | undefined> {
    this.#question = question
    this.#questionFailure = undefined
    this.#framer.assemble(backend.dataRow, true)
    return new Promise((resolve) => {
      this.#questionAnswered = resolve
    })
  }

  /** Whether the gateway itself waits for an answer. */
  get isAsked(): boolean {
    return this.#question !== undefined
  }

  /** Whether it stopped making sense; nothing more is read then. */
  get broken(): boolean {
    return this.#broken
  }

  /** @throws WireError */
  read(chunk: Uint8Array): void {
    this.#broken = true
    this.#framer.push(chunk)
    this.#answers.cutting.chunkEnded()
    this.#broken = false
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#question && !ASYNCHRONOUS.has(type)) return this.#answered(this.#question, type, bytes, start, end)
    const muted = this.#answers.cutting.muted
    switch (type) {
      case backend.dataRow:
      case backend.copyData:
        if (!this.#answers.cutting.result(1, end - start)) return true
        break
      case backend.readyForQuery:
        this.#answers.ready(readTransactionStatus(bytes, start, end))
        this.#outgoing.add(bytes, start, end)
        return true
      case backend.commandComplete: {
        const instead = this.#answers.completed(() => readCommandTag(bytes, start, end))
        if (!instead) break
        if (!muted) this.#say(instead)
        return true
      }
      case backend.portalSuspended: {
        const instead = this.#answers.suspended()
        if (!instead) break
        if (!muted) this.#say(instead)
        return true
      }
      case backend.copyInResponse:
        // Its overall format: 0 is textual (PostgreSQL protocol, "Message Formats").
        this.#answers.copyBegan(bytes[start + HEADER_BYTES] !== 0)
        break
      case backend.errorResponse:
        this.#error(bytes, start, end, muted)
        return true
      case backend.parameterStatus: {
        const { name, value } = readParameterStatus(bytes, start, end)
        this.#sql.reported(name, value)
        this.#answers.reading.reported(name, value)
        this.#outgoing.add(bytes, start, end)
        return true
      }
      case backend.noticeResponse:
      case backend.notificationResponse:
        this.#outgoing.add(bytes, start, end)
        return true
      default:
        this.#answers.received(type)
    }
    if (!muted) this.#outgoing.add(bytes, start, end)
    return true
  }

  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    if (first) this.#passes = !this.#answers.cutting.muted || type === backend.noticeResponse || type === backend.notificationResponse
    if (type === backend.dataRow || type === backend.copyData) {
      // A row is passed whole or not at all, so its whole length is charged where it begins.
      if (first && !this.#answers.cutting.result(1, lengthOf(bytes, start))) this.#passes = false
    } else if (first && type !== backend.noticeResponse && type !== backend.notificationResponse) this.#answers.received(type)
    if (this.#passes) this.#outgoing.add(bytes, start, end)
  }

  #answered(question: FingerprintQuestion, type: number, bytes: Uint8Array, start: number, end: number): true {
    if (type === backend.errorResponse) {
      const fields = readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
      this.#questionFailure = fields?.get('C') ?? 'XX000'
      const severity = fields?.get('V') ?? fields?.get('S')
      // It answers nothing: the server is going away, and says so to whoever is connected.
      if (severity === 'FATAL' || severity === 'PANIC') {
        this.#error(bytes, start, end, false)
        return true
      }
    }
    question.take(type, bytes, start, end)
    if (!question.isAnswered) return true
    this.#question = undefined
    this.#framer.assemble(backend.dataRow, false)
    const status = type === backend.readyForQuery ? readTransactionStatus(bytes, start, end) : undefined
    this.#answers.ownAnswered(status, this.#questionFailure)
    // Within a group it is the client's own that fails by it.
    if (status === undefined && type === backend.errorResponse) this.#outgoing.add(bytes, start, end)
    this.#questionAnswered(question.answer)
    return true
  }

  oversize(type: number): void {
    throw new WireError(`The server sent a message of type 0x${type.toString(16)} that is longer than any server's.`)
  }

  #error(bytes: Uint8Array, start: number, end: number, muted: boolean): void {
    const fields = readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
    if (!fields) throw new WireError('The server sent an error that is not well-formed.')
    const instead = this.#answers.failed(fields)
    // The end of the connection is said in any case.
    if (muted && !this.#answers.fatal) return
    if (instead) this.#say(instead)
    else this.#outgoing.add(bytes, start, end)
  }

  #say(fields: ErrorFields): void {
    const own = buildErrorResponse(fields)
    this.#outgoing.add(own, 0, own.length)
  }
}

/** Bytes of the message that begins here, to its end. */
function lengthOf(bytes: Uint8Array, start: number): number {
  return 1 + ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!)
}
