import { isUtf8 } from 'node:buffer'

const FIRST_CAPACITY = 64 * 1024
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
/** From this many bytes on, one call of `set` costs less than a loop. */
const LONG = 64

/** Takes credentials of ours out of a value. @returns the same object where there are none */
export type Redact = (value: Uint8Array) => Uint8Array

/** What an event begins with, behind its time: made once per code. */
export function lineStart(code: string): Uint8Array {
  return Buffer.from(`,"${code}"`)
}

/** Lines of JSON, written as bytes: a value that is plain ASCII, as most are, is never made a string. */
export class Lines {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #length = 0
  #time = Buffer.from('[0')
  #ms = 0
  #events = 0

  /** Set while values may hold credentials of ours. */
  redact: Redact | undefined

  get events(): number {
    return this.#events
  }

  /** When the next events happened, ms since the session began. */
  set ms(ms: number) {
    if (ms === this.#ms) return
    this.#ms = ms
    this.#time = Buffer.from(`[${ms / 1000}`)
  }

  /** @param start made by `lineStart` */
  begin(start: Uint8Array): this {
    this.#raw(this.#time)
    this.#raw(start)
    return this
  }

  /** Opens a list; what is within is written by `cell` and `more`. */
  open(bracket: '[' | '{'): this {
    this.#byte(COMMA)
    this.#byte(bracket.charCodeAt(0))
    return this
  }

  close(bracket: ']' | '}'): this {
    this.#byte(bracket.charCodeAt(0))
    return this
  }

  /** A name of ours within an object. */
  name(name: string): this {
    this.#raw(Buffer.from(`"${name}":`))
    return this
  }

  /** An object with one value of a peer, and others of ours behind it. */
  object(name: string, value: Uint8Array, others: object): this {
    this.#byte(0x7b)
    this.name(name).cell(value, 0, value.length)
    this.#raw(Buffer.from(`,${JSON.stringify(others).slice(1)}`))
    return this
  }

  more(): this {
    this.#byte(COMMA)
    return this
  }

  /** Any value of ours: never one that a peer had a hand in. */
  json(value: unknown): this {
    this.#byte(COMMA)
    this.#raw(Buffer.from(JSON.stringify(value)))
    return this
  }

  /** JSON that was made of values of a peer, behind a comma. Credentials of ours have no character that JSON escapes. */
  written(json: Uint8Array): this {
    this.#byte(COMMA)
    this.#raw(this.redact?.(json) ?? json)
    return this
  }

  /** A value of a peer, behind a comma. */
  said(bytes: Uint8Array, start: number, end: number, binary = false): this {
    this.#byte(COMMA)
    return this.cell(bytes, start, end, binary)
  }

  null(): this {
    this.#raw(NULL)
    return this
  }

  /** A value of a peer: text where it is some, else in base64. */
  cell(bytes: Uint8Array, start: number, end: number, binary = false): this {
    if (this.redact) {
      const value = bytes.subarray(start, end)
      const redacted = this.redact(value)
      if (redacted !== value) return this.#cell(redacted, 0, redacted.length, binary)
    }
    return this.#cell(bytes, start, end, binary)
  }

  #cell(bytes: Uint8Array, start: number, end: number, binary: boolean): this {
    if (!binary) {
      let plain = true
      for (let at = start; at < end && plain; at++) {
        const byte = bytes[at]!
        plain = byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH
      }
      if (plain) {
        this.#byte(QUOTE)
        this.#copy(bytes, start, end)
        this.#byte(QUOTE)
        return this
      }
      const value = bytes.subarray(start, end)
      // No text of a peer holds a NUL: it is a value in another form.
      if (isUtf8(value) && !value.includes(0)) {
        this.#raw(Buffer.from(JSON.stringify(bufferOf(value).toString('utf8'))))
        return this
      }
    }
    this.#raw(Buffer.from(`{"base64":"${bufferOf(bytes.subarray(start, end)).toString('base64')}"}`))
    return this
  }

  /** Ends the event. */
  end(): void {
    this.#byte(0x5d)
    this.#byte(0x0a)
    this.#events++
  }

  /** A line of its own that is no event. */
  line(value: unknown): void {
    this.#raw(Buffer.from(`${JSON.stringify(value)}\n`))
  }

  get length(): number {
    return this.#length
  }

  /** All of it, until the next line is written. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    this.#events = 0
    return taken
  }

  #byte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1)
    this.#buffer[this.#length++] = byte
  }

  #raw(bytes: Uint8Array): void {
    this.#copy(bytes, 0, bytes.length)
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    if (this.#length + size > this.#buffer.length) this.#grow(size)
    const buffer = this.#buffer
    if (size < LONG) {
      let to = this.#length
      for (let at = start; at < end; at++) buffer[to++] = bytes[at]!
    } else buffer.set(bytes.subarray(start, end), this.#length)
    this.#length += size
  }

  #grow(by: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#length + by, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

const NULL = Buffer.from('null')

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
