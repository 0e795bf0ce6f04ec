import type { FingerprintQuestion, SessionState } from '../asking/fingerprint.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import { backend } from '../wire/codes.ts'
import { buildErrorResponse, type ErrorFields, readErrorFields } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Framer, HEADER_BYTES, type MessageVisitor } from '../wire/framer.ts'
import { readCommandTag, readParameterStatus, readTransactionStatus } from '../wire/read.ts'
import type { Answers } from './answers.ts'
import { flightOf } from './expected.ts'
import type { Flight } from './flight.ts'
import type { Asked, Lookout } from './lookout.ts'
import { type Instead, maskedNotification, maskedReport } from './masked-messages.ts'
import { type Masking, notDescribed, rowTooLong } from './masking.ts'
import type { Outgoing } from './outgoing.ts'

/** Read whole: errors may be rewritten, the others are short. */
const ASSEMBLED = [
  backend.errorResponse,
  backend.readyForQuery,
  backend.commandComplete,
  backend.parameterStatus,
  backend.rowDescription,
  backend.copyInResponse,
  backend.copyOutResponse,
]

/** These may come at any time and belong to nothing (PostgreSQL protocol, "Asynchronous Operations"). */
const ASYNCHRONOUS: ReadonlySet<number> = new Set([backend.noticeResponse, backend.notificationResponse, backend.parameterStatus])

/** Far above what a server says in an error; beyond it the peer is not a PostgreSQL. */
const LONGEST_ERROR = 64 * 1024 * 1024

/** Reads the server: tells `Answers` what came, and passes the bytes on as they lie in the chunk. */
export class FromServer implements MessageVisitor {
  readonly #framer: Framer
  readonly #answers: Answers
  readonly #outgoing: Outgoing
  readonly #masking: Masking
  readonly #longestRow: number
  readonly #sql: Pick<SqlSession, 'reported'>
  readonly #lookout: Lookout | undefined
  /** The message that an analyzer is asked about before it is read, and what came behind it. */
  #held: (Asked & { readonly bytes: Uint8Array; readonly start: number; readonly end: number }) | undefined
  #behind: Uint8Array[] = []
  #analyzing: Promise<void> | undefined
  /** Whether the pieces of the message under way are passed. */
  #passes = true
  #broken = false
  /** The memory that masked rows lie in. */
  /** What the gateway itself asked, while nothing else is answered. */
  #question: FingerprintQuestion | undefined
  #questionAnswered: (state: SessionState | undefined) => void = () => undefined
  #questionFailure: string | undefined

  /** @param longestRow bytes of a row of which something is masked @param lookout of masks that ask an analyzer; undefined: there is none to ask */
  constructor(
    answers: Answers,
    outgoing: Outgoing,
    sql: Pick<SqlSession, 'reported'>,
    masking: Masking,
    longestRow: number,
    lookout?: Lookout,
  ) {
    this.#lookout = lookout
    this.#masking = masking
    this.#longestRow = longestRow
    this.#answers = answers
    this.#outgoing = outgoing
    this.#sql = sql
    this.#framer = new Framer(this, { assembled: ASSEMBLED, limit: LONGEST_ERROR, now: (type) => this.#assembledNow(type) })
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

  /** Resolves once an analyzer has answered, or its time is over; undefined where none is asked. What is read meanwhile waits. */
  get analyzing(): Promise<void> | undefined {
    return this.#analyzing
  }

  /** @throws WireError */
  read(chunk: Uint8Array): void {
    if (this.#analyzing) {
      this.#behind.push(chunk)
      return
    }
    this.#broken = true
    this.#push(chunk)
    this.#broken = false
  }

  /** Reads what waited for the analyzer, up to where it has to be asked again. @throws WireError */
  goOn(): void {
    const held = this.#held
    const behind = this.#behind
    this.#analyzing = undefined
    this.#held = undefined
    this.#behind = []
    this.#broken = true
    if (held) this.#message(held.type, held.bytes, held.start, held.end)
    if (behind.length === 0) this.#answers.cutting.chunkEnded()
    for (const [at, chunk] of behind.entries()) {
      if (!this.#push(chunk)) {
        this.#behind.push(...behind.slice(at + 1))
        break
      }
    }
    if (!this.#analyzing) this.#lookout?.ahead.forget()
    this.#broken = false
  }

  /** @returns whether all of it is read */
  #push(chunk: Uint8Array): boolean {
    const read = this.#framer.push(chunk)
    const held = this.#held
    if (held) {
      const rest = chunk.subarray(read)
      this.#lookout?.addBehind(held, rest)
      if (rest.length > 0) this.#behind.push(rest)
      this.#analyzing = this.#lookout?.ahead.ask(held.questions)
      return false
    }
    this.#answers.cutting.chunkEnded()
    return true
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#answers.analyzed && this.#lookout && !this.#lookout.ahead.abandoned && !this.#question) {
      const asked = this.#lookout.at(type, bytes, start, end)
      if (asked) {
        this.#held = { ...asked, bytes, start, end }
        return false
      }
    }
    return this.#message(type, bytes, start, end)
  }

  #message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#question && !ASYNCHRONOUS.has(type)) return this.#answered(this.#question, type, bytes, start, end)
    this.#outgoing.answers(this.#answers.operation)
    const muted = this.#answers.cutting.muted
    switch (type) {
      case backend.dataRow:
      case backend.copyData: {
        const { cutting } = this.#answers
        if (!cutting.result(1, end - start)) return true
        if (!cutting.flight?.masks) break
        if (muted) return true
        if (type === backend.dataRow) this.#maskRow(cutting.flight, bytes, start, end)
        else this.#maskCopy(cutting.flight, bytes, start, start + HEADER_BYTES, end)
        return true
      }
      case backend.rowDescription: {
        const of = this.#answers.described()
        const flight = of.portal?.flight ?? of.flight
        const masked = flight?.masks && this.#masking.described(flight, of, bytes, start, end)
        if (muted) return true
        if (!of.own) this.#outgoing.add(bytes, start, end)
        if (masked) this.#outgoing.masks(masked)
        return true
      }
      case backend.noData:
        if (this.#answers.noData().own) return true
        break
      case backend.copyOutResponse: {
        this.#answers.received(type)
        const { head } = this.#answers
        const flight = flightOf(head)
        const refusal = head && flight && this.#masking.copyOut(flight, head, bytes, start, end)
        if (refusal) this.#answers.cutting.refuse(refusal)
        break
      }
      case backend.copyDone: {
        this.#answers.received(type)
        const result = flightOf(this.#answers.head)?.result
        if (result && result !== 'raw' && 'copy' in result) result.copy.end()
        break
      }
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
        this.#notice(bytes, start, end)
        return true
      case backend.notificationResponse:
        this.#pass(bytes, start, end, maskedNotification(bytes, start, end, this.#answers.masks, this.#masking.messages))
        return true
      default:
        this.#answers.received(type)
    }
    if (!muted) this.#outgoing.add(bytes, start, end)
    return true
  }

  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void {
    if (first) this.#outgoing.answers(this.#answers.operation)
    if (first) this.#passes = !this.#answers.cutting.muted || type === backend.noticeResponse || type === backend.notificationResponse
    if (type === backend.dataRow || type === backend.copyData) {
      // A row is passed whole or not at all, so its whole length is charged where it begins.
      const { cutting } = this.#answers
      if (first && !cutting.result(1, lengthOf(bytes, start))) this.#passes = false
      const { flight } = cutting
      if (flight?.masks && this.#passes && flight.result !== 'raw') {
        if (type === backend.copyData) this.#maskCopy(flight, bytes, start, first ? start + HEADER_BYTES : start, end)
        else cutting.refuse(notDescribed())
        this.#passes = type === backend.copyData && flight.cut === undefined
        return
      }
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
    const status = type === backend.readyForQuery ? readTransactionStatus(bytes, start, end) : undefined
    this.#answers.ownAnswered(status, this.#questionFailure)
    // Within a group it is the client's own that fails by it.
    if (status === undefined && type === backend.errorResponse) this.#outgoing.add(bytes, start, end)
    this.#questionAnswered(question.answer)
    return true
  }

  /** Up to how many bytes a message is assembled that mostly passes in pieces; 0: it is not. */
  #assembledNow(type: number): number {
    if (type === backend.dataRow) {
      if (this.#question) return LONGEST_ERROR
      const flight = flightOf(this.#answers.head)
      return flight?.masks && flight.result !== 'raw' && flight.cut === undefined ? this.#longestRow : 0
    }
    if (type === backend.copyData && this.#lookout) {
      const flight = flightOf(this.#answers.head)
      return flight && this.#lookout.isAsked(flight) ? this.#longestRow : 0
    }
    const isMessage = type === backend.noticeResponse || type === backend.notificationResponse
    return isMessage && this.#answers.masks ? LONGEST_ERROR : 0
  }

  #maskRow(flight: Flight, bytes: Uint8Array, start: number, end: number): void {
    const { result } = flight
    if (result === 'raw') this.#outgoing.add(bytes, start, end)
    else if (result && 'rows' in result) {
      const row = result.rows.row(bytes, start, end)
      const refusal = this.#lookout?.ahead.refusal()
      if (refusal) this.#answers.cutting.refuse(refusal)
      else this.#outgoing.add(row.bytes, row.start, row.end)
    } else this.#answers.cutting.refuse(notDescribed())
  }

  /** @param from where its content begins */
  #maskCopy(flight: Flight, bytes: Uint8Array, start: number, from: number, end: number): void {
    const { result } = flight
    if (result === 'raw') this.#outgoing.add(bytes, start, end)
    else if (result && 'copy' in result) {
      const message = result.copy.push(bytes, from, end)
      const refusal = this.#lookout?.ahead.refusal()
      if (refusal) this.#answers.cutting.refuse(refusal)
      else if (message) this.#outgoing.add(message.bytes, message.start, message.end)
    } else this.#answers.cutting.refuse(notDescribed())
  }

  #notice(bytes: Uint8Array, start: number, end: number): void {
    const { masks, head } = this.#answers
    const fields = masks && readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
    if (masks && !fields) throw new WireError('The server sent a notice that is not well-formed.')
    const message = { type: backend.noticeResponse, bytes, start, end }
    this.#pass(bytes, start, end, fields && maskedReport(message, fields, head, masks, this.#masking.messages))
  }

  /** Passes a message, or what its client is told instead. */
  #pass(bytes: Uint8Array, start: number, end: number, instead: Instead | undefined): void {
    if (instead) {
      flightOf(this.#answers.head)?.masked(instead.counts)
      this.#outgoing.add(instead.message, 0, instead.message.length)
    } else this.#outgoing.add(bytes, start, end)
  }

  oversize(type: number): void {
    if ((type === backend.dataRow || type === backend.copyData) && !this.#question) {
      if (this.#answers.cutting.result(1, 0)) this.#answers.cutting.refuse(rowTooLong(this.#longestRow))
      return
    }
    throw new WireError(`The server sent a message of type 0x${type.toString(16)} that is longer than any server's.`)
  }

  #error(bytes: Uint8Array, start: number, end: number, muted: boolean): void {
    const fields = readErrorFields(bytes.subarray(start + HEADER_BYTES, end))
    if (!fields) throw new WireError('The server sent an error that is not well-formed.')
    // Before it is answered: then it is over.
    const { head, masks } = this.#answers
    const masked = maskedReport({ type: backend.errorResponse, bytes, start, end }, fields, head, masks, this.#masking.messages)
    if (masked) flightOf(head)?.masked(masked.counts)
    const instead = this.#answers.failed(fields)
    // The end of the connection is said in any case.
    if (muted && !this.#answers.fatal) return
    if (instead) this.#say(instead)
    else if (masked) this.#outgoing.add(masked.message, 0, masked.message.length)
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
