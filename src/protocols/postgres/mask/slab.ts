import { HEADER_BYTES } from '../wire/framer.ts'

/** Size of one piece of memory. Bytes. */
const SLAB = 64 * 1024
/** What a message may become longer by before it has to move. Bytes. */
const SPARE = 256
/** So few are copied one by one sooner than by a call. Bytes. */
const FEW = 48

/** A part of some memory. */
export interface Range {
  readonly bytes: Uint8Array
  readonly start: number
  /** One past the last byte. */
  readonly end: number
}

/**
 * Messages written one behind the other into pieces of memory, so that neighbours can be sent as one. No byte of a message that was finished is
 * written again: it stays whoever's it was handed to. The range is that of the newest message, until the next one begins.
 */
export class Slab implements Range {
  bytes: Buffer = Buffer.allocUnsafeSlow(0)
  start = 0
  end = 0

  /** @param about how long it will be, bytes */
  begin(type: number, about: number): void {
    this.start = this.end
    this.#need(about + SPARE)
    this.bytes[this.end] = type
    this.end += HEADER_BYTES
  }

  /** Its length is known: it counts itself (PostgreSQL protocol, "Messaging Overview"). */
  finish(): this {
    this.bytes.writeUInt32BE(this.end - this.start - 1, this.start + 1)
    return this
  }

  /** What was begun is none. */
  drop(): void {
    this.end = this.start
  }

  /** Whether nothing stands behind the header. */
  get empty(): boolean {
    return this.end === this.start + HEADER_BYTES
  }

  /** Int32 */
  word(value: number): void {
    this.#need(4)
    this.end = this.bytes.writeInt32BE(value, this.end)
  }

  add(content: Uint8Array): void {
    this.copy(content, 0, content.length)
  }

  copy(from: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length <= 0) return
    this.#need(length)
    const { bytes } = this
    let to = this.end
    if (length > FEW) bytes.set(from.subarray(start, end), to)
    else for (let at = start; at < end; at++) bytes[to++] = from[at] as number
    this.end += length
  }

  #need(more: number): void {
    if (this.bytes.length - this.end >= more) return
    const written = this.end - this.start
    // Of what grows beyond one piece, each byte is moved few times.
    const next = Buffer.allocUnsafeSlow(Math.max(SLAB, written > SLAB / 2 ? 2 * written + more : written + more))
    this.bytes.copy(next, 0, this.start, this.end)
    this.bytes = next
    this.start = 0
    this.end = written
  }
}
