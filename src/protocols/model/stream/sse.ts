import type { Json } from '../../../operations/index.ts'

/** One event of a stream of events (WHATWG HTML §9.2.6), or what stands between two of them: comments. */
export class SseEvent {
  /** As it came, with the blank line that ends it. */
  readonly bytes: Uint8Array
  /** Of the field `event`; `''` where there is none. */
  readonly name: string
  /** Of the fields `data`, joined; undefined where there is none: then no client is told anything. */
  readonly data: string | undefined
  /** Whether a line of it is JSON by itself: none of these streams, and some would read it as what it is. */
  readonly strays: boolean
  #json: { readonly value: Json | undefined } | undefined

  constructor(bytes: Uint8Array, name: string, data: string | undefined, strays = false) {
    this.strays = strays
    this.bytes = bytes
    this.name = name
    this.data = data
  }

  /** What its data says; undefined where that is no JSON, as `[DONE]`. Parsed once. */
  get json(): Json | undefined {
    this.#json ??= { value: parsed(this.data) }
    return this.#json.value
  }
}

function parsed(data: string | undefined): Json | undefined {
  if (data === undefined) return undefined
  try {
    return JSON.parse(data) as Json
  } catch {
    return undefined
  }
}

/** An event of ours. @param name `''`: without one. @param data one line, such as JSON */
export function sseEvent(name: string, data: string): SseEvent {
  return new SseEvent(Buffer.from(`${name === '' ? '' : `event: ${name}\n`}data: ${data}\n\n`), name, data)
}

/** Nobody is told anything by it, and it shows that somebody is there. */
export const SSE_KEEP_ALIVE: Uint8Array = Buffer.from(': waiting\n\n')

/** Bytes of one event. Images come in pieces of a few megabytes. */
export const LONGEST_EVENT = 16 * 1024 * 1024

/** An event was longer than anybody looks at. */
export class SseTooLong extends Error {}

const [LF, CR, COLON, SPACE] = [0x0a, 0x0d, 0x3a, 0x20]
const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Bytes in, events out, wherever they were cut. Lines end in LF, CR or CRLF, also mixed; a byte order mark at the beginning is none of the first
 * line's. Nothing is held but an event that is not over yet. Every byte that was pushed is in exactly one event, or in what `end` gives.
 */
export class SseDecoder {
  readonly #longest: number
  /** What is not over yet; `#size` bytes of it are filled. */
  #room: Buffer = Buffer.alloc(0)
  #size = 0
  /** Up to where it was looked for the end. */
  #at = 0
  /** Where the line begins that `#at` is in. */
  #line = 0
  #first = true

  /** @param longest bytes of one event */
  constructor(longest: number = LONGEST_EVENT) {
    this.#longest = longest
  }

  /**
   * @returns events that are over; they keep nothing of the memory of `chunk`
   * @throws SseTooLong
   */
  push(chunk: Uint8Array): SseEvent[] {
    this.#add(chunk)
    const events: SseEvent[] = []
    const length = this.#size
    let from = 0
    let { at, line } = { at: this.#at, line: this.#line }
    while (at < length) {
      const byte = this.#room[at]
      if (byte !== LF && byte !== CR) {
        at++
        continue
      }
      // Whether an LF belongs to it shows with the next byte; a stream that pauses between the two of a CRLF is told on then.
      if (byte === CR && at + 1 === length && at !== line) break
      const blank = at === line || (this.#first && from === 0 && at - line === 3 && isMark(this.#room, line))
      at += byte === CR && this.#room[at + 1] === LF && at + 1 < length ? 2 : 1
      line = at
      if (!blank) continue
      events.push(this.#event(from, at))
      from = at
    }
    this.#keep(from, at, line)
    if (this.#size > this.#longest) throw new SseTooLong('an event is too long')
    return events
  }

  /** @returns what never ended: no client takes it for an event */
  end(): Uint8Array {
    const rest = new Uint8Array(this.#room.subarray(0, this.#size))
    this.#size = 0
    this.#at = 0
    this.#line = 0
    return rest
  }

  #add(chunk: Uint8Array): void {
    const size = this.#size + chunk.length
    if (size > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(size, Math.min(this.#room.length * 2, this.#longest * 2), 4096))
      room.set(this.#room.subarray(0, this.#size))
      this.#room = room
    }
    this.#room.set(chunk, this.#size)
    this.#size = size
  }

  #keep(from: number, at: number, line: number): void {
    if (from > 0) this.#room.copyWithin(0, from, this.#size)
    this.#size -= from
    this.#at = at - from
    this.#line = line - from
  }

  #event(from: number, to: number): SseEvent {
    const bytes = new Uint8Array(this.#room.subarray(from, to))
    const skipped = this.#first && isMark(bytes, 0) ? 3 : 0
    this.#first = false
    return readEvent(bytes, skipped)
  }
}

/** U+FEFF, once, at the beginning of a stream. */
const isMark = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf

function readEvent(bytes: Uint8Array, skipped: number): SseEvent {
  let name = ''
  let data: string | undefined
  let strays = false
  for (let at = skipped; at < bytes.length; ) {
    let end = at
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    const colon = bytes.subarray(at, end).indexOf(COLON)
    // A line that begins with a colon is a comment; one without is a name whose value is empty.
    if (end > at && colon !== 0) {
      const field = text(bytes.subarray(at, colon < 0 ? end : at + colon))
      let value = colon < 0 ? NOTHING : bytes.subarray(at + colon + 1, end)
      if (value[0] === SPACE) value = value.subarray(1)
      if (field === 'data') data = data === undefined ? text(value) : `${data}\n${text(value)}`
      else if (field === 'event') name = text(value)
      else if (/^\s*[{[]/.test(field)) strays = true
    }
    at = end + (bytes[end] === CR && bytes[end + 1] === LF ? 2 : 1)
  }
  return new SseEvent(bytes, name, data, strays)
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
