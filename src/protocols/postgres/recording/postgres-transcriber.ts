import { type CopyEnd, type Lines, lineStart, type Transcriber } from '../../../recording/index.ts'
import { backend } from '../wire/codes.ts'
import { Framer, HEADER_BYTES, type MessageVisitor } from '../wire/framer.ts'
import { type ResultField, readRowDescription } from '../wire/row-description.ts'
import { SentCopy } from './sent-copy.ts'

/** Rows are within the cap of a recording; of anything else nothing this long is worth keeping. */
const LONGEST = 1024 * 1024 + 64 * 1024
const EVERY_TYPE = Array.from({ length: 256 }, (_, type) => type)
/** Types whose binary form is their text: char, name, text, json, xml, unknown, bpchar, varchar (pg_type.dat). */
const TEXTUAL: ReadonlySet<number> = new Set([18, 19, 25, 114, 142, 705, 1042, 1043])
const NO_FORMATS: readonly boolean[] = []
const TRANSACTION: Readonly<Record<number, string>> = { 73: 'idle', 84: 'open', 69: 'failed' }

/** Messages that say nothing but that they came. */
const BARE = new Map([
  [backend.parseComplete, lineStart('parsed')],
  [backend.bindComplete, lineStart('bound')],
  [backend.closeComplete, lineStart('closed')],
  [backend.noData, lineStart('no-data')],
  [backend.portalSuspended, lineStart('suspended')],
  [backend.emptyQueryResponse, lineStart('empty')],
  [backend.copyDone, lineStart('copy-done')],
])
const [ROW, COMPLETE, READY, COLUMNS] = [lineStart('row'), lineStart('complete'), lineStart('ready'), lineStart('columns')]
const [ERROR, NOTICE, NOTIFICATION] = [lineStart('error'), lineStart('notice'), lineStart('notification')]
const [COPY, COPY_IN, COPY_OUT] = [lineStart('copy'), lineStart('copy-in'), lineStart('copy-out')]
const [SETTING, PROCESS, PARAMETERS] = [lineStart('setting'), lineStart('process'), lineStart('parameters')]
const [MESSAGE, GAP, MASKS] = [lineStart('message'), lineStart('gap'), lineStart('masks')]

/**
 * Reads what a client was sent, as the client would (PostgreSQL protocol, "Message Formats"), and says it in lines, with the copy data that it sent
 * (docs/recording.md).
 */
export class PostgresTranscriber implements Transcriber, MessageVisitor {
  readonly #lines: Lines
  readonly #sent: SentCopy
  #framer = this.#newFramer()
  /** Nothing is read until a whole message begins. */
  #lost = true
  /** Which columns of the rows that come next are in binary form, as far as they were described; by default text. */
  #binary = NO_FORMATS

  constructor(lines: Lines) {
    this.#lines = lines
    this.#sent = new SentCopy(lines)
  }

  get carries(): boolean {
    return !this.#framer.atBoundary || this.#sent.carries
  }

  bytes(bytes: Uint8Array, whole: boolean): void {
    if (whole && !this.#framer.atBoundary) {
      this.#gap('a message was cut off')
      this.#framer = this.#newFramer()
    }
    if (this.#lost && !whole) return
    this.#lost = false
    try {
      this.#framer.push(bytes)
    } catch {
      // The only thing that it throws for: a length that no message has.
      this.#gap('what came is no PostgreSQL')
      this.#framer = this.#newFramer()
      this.#lost = true
    }
  }

  masks(names: readonly (string | null)[]): void {
    this.#lines.begin(MASKS).json(names).end()
  }

  copy(content: Uint8Array): void {
    this.#sent.data(content)
  }

  copyEnd(how: CopyEnd, reason: Uint8Array): void {
    this.#sent.end(how, reason)
  }

  pause(): void {
    this.#sent.pause()
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): true {
    const at = start + HEADER_BYTES
    if (!(type === backend.dataRow ? this.#row(bytes, at, end) : this.#said(type, bytes, at, end))) this.#other(type, bytes, at, end)
    return true
  }

  piece(): void {
    // Every type is assembled.
  }

  oversize(): void {
    this.#gap('a message is too long to be kept')
  }

  /** @returns false where it is not well-formed or not known; nothing is written then */
  #said(type: number, bytes: Uint8Array, at: number, end: number): boolean {
    const lines = this.#lines
    const bare = BARE.get(type)
    if (bare) {
      if (at !== end) return false
      // Who binds without asking what comes says in which form it comes.
      if (type === backend.bindComplete) this.#binary = NO_FORMATS
      lines.begin(bare).end()
      return true
    }
    switch (type) {
      case backend.commandComplete:
        if (!endsInNul(bytes, at, end)) return false
        lines
          .begin(COMPLETE)
          .said(bytes, at, end - 1)
          .end()
        return true
      case backend.readyForQuery: {
        const status = TRANSACTION[bytes[at] ?? 0]
        if (status === undefined || end - at !== 1) return false
        lines.begin(READY).json(status).end()
        return true
      }
      case backend.rowDescription:
        return this.#columns(bytes, at - HEADER_BYTES, end)
      case backend.errorResponse:
      case backend.noticeResponse:
        return this.#fields(type === backend.errorResponse ? ERROR : NOTICE, bytes, at, end)
      case backend.copyData:
        lines.begin(COPY).said(bytes, at, end).end()
        return true
      case backend.copyInResponse:
      case backend.copyOutResponse:
        if (end - at < 3) return false
        if (type === backend.copyInResponse) this.#sent.began(bytes[at] !== 0)
        lines
          .begin(type === backend.copyInResponse ? COPY_IN : COPY_OUT)
          .json(bytes[at] !== 0)
          .json(uint16(bytes, at + 1))
          .end()
        return true
      case backend.parameterStatus: {
        const middle = bytes.indexOf(0, at)
        if (middle < 0 || !endsInNul(bytes, middle + 1, end)) return false
        lines
          .begin(SETTING)
          .said(bytes, at, middle)
          .said(bytes, middle + 1, end - 1)
          .end()
        return true
      }
      case backend.backendKeyData:
        // The rest is what its session can be cancelled with.
        if (end - at < 4) return false
        lines.begin(PROCESS).json(uint32(bytes, at)).end()
        return true
      case backend.notificationResponse: {
        const middle = bytes.indexOf(0, at + 4)
        if (end - at < 6 || middle < 0 || !endsInNul(bytes, middle + 1, end)) return false
        lines
          .begin(NOTIFICATION)
          .json(uint32(bytes, at))
          .said(bytes, at + 4, middle)
          .said(bytes, middle + 1, end - 1)
          .end()
        return true
      }
      case backend.parameterDescription: {
        if (end - at < 2 || end - at !== 2 + 4 * uint16(bytes, at)) return false
        const types: number[] = []
        for (let type = at + 2; type < end; type += 4) types.push(uint32(bytes, type))
        lines.begin(PARAMETERS).json(types).end()
        return true
      }
      default:
        return false
    }
  }

  /** DataRow: Int16 number of columns, then per column Int32 length (-1: null) and the value. */
  #row(bytes: Uint8Array, from: number, end: number): boolean {
    if (end - from < 2) return false
    const columns = uint16(bytes, from)
    let at = from + 2
    for (let left = columns; left > 0; left--) {
      if (at + 4 > end) return false
      const length = int32(bytes, at)
      if (length < -1 || length > end - at - 4) return false
      at += 4 + Math.max(0, length)
    }
    if (at !== end) return false
    const lines = this.#lines.begin(ROW).open('[')
    at = from + 2
    for (let column = 0; column < columns; column++) {
      if (column > 0) lines.more()
      const length = int32(bytes, at)
      at += 4
      if (length < 0) lines.null()
      else {
        lines.cell(bytes, at, at + length, this.#binary[column] === true)
        at += length
      }
    }
    lines.close(']').end()
    return true
  }

  #columns(bytes: Uint8Array, start: number, end: number): boolean {
    let fields: readonly ResultField[]
    try {
      fields = readRowDescription(bytes, start, end)
    } catch {
      return false
    }
    this.#binary = fields.some(({ format }) => format === 1) ? fields.map(isBinary) : NO_FORMATS
    const lines = this.#lines.begin(COLUMNS).open('[')
    fields.forEach(({ name, type, format }, at) => {
      if (at > 0) lines.more()
      const text = Buffer.from(name, 'latin1')
      lines.object('name', text, format === 1 ? { type, binary: true } : { type })
    })
    lines.close(']').end()
    return true
  }

  /** ErrorResponse and NoticeResponse: letter and string, each, and a NUL at the end. */
  #fields(start: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
    const fields: (readonly [letter: number, from: number, to: number])[] = []
    let at = from
    while (at < end && bytes[at] !== 0) {
      const nul = bytes.indexOf(0, at + 1)
      const letter = bytes[at]!
      const known = (letter >= 0x41 && letter <= 0x5a) || (letter >= 0x61 && letter <= 0x7a)
      if (nul < 0 || nul >= end || !known || fields.length > 64) return false
      fields.push([letter, at + 1, nul])
      at = nul + 1
    }
    if (at !== end - 1) return false
    const lines = this.#lines.begin(start).open('{')
    fields.forEach(([letter, from, to], at) => {
      if (at > 0) lines.more()
      lines.name(String.fromCharCode(letter)).cell(bytes, from, to)
    })
    lines.close('}').end()
    return true
  }

  #other(type: number, bytes: Uint8Array, at: number, end: number): void {
    const letter = type >= 0x20 && type < 0x7f ? String.fromCharCode(type) : `0x${type.toString(16)}`
    this.#lines
      .begin(MESSAGE)
      .json(letter)
      .json(end - at)
      .said(bytes, at, end, true)
      .end()
  }

  #gap(reason: string): void {
    this.#lines.begin(GAP).json(reason).end()
  }

  #newFramer(): Framer {
    return new Framer(this, { assembled: EVERY_TYPE, limit: LONGEST })
  }
}

function isBinary({ format, type }: ResultField): boolean {
  return format === 1 && !TEXTUAL.has(type)
}

function endsInNul(bytes: Uint8Array, from: number, end: number): boolean {
  return end > from && bytes.indexOf(0, from) === end - 1
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function uint32(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) >>> 0
}
