import type { CopyEnd } from './copy-sent.ts'

/*
 * What a session's client was sent, and sent as copy data, since the last segment, as it lies in memory until it is encoded. Frames, big-endian:
 *   bytes  tag 1 (begins with a whole message) or 2 (goes on), ms since the session began 4, length 4, the bytes as written to the client
 *   op     tag 3, number of the operation that what follows answers 4
 *   capped tag 4, ms 4, rows 6, bytes 6, SHA-256 32
 *   masks  tag 5, nothing 4, length 4, JSON: the masks of the columns described before
 * Of copy data that the target was sent:
 *   copy   tag 6, ms 4, length 4, content of CopyData
 *   its end  tag 7 (CopyDone), 8 (CopyFail of the client), 9 (CopyFail of the gateway) or 10 (the server said something else), ms 4, length 4, the reason
 *   capped tag 11, as tag 4
 * Of exchanges:
 *   told   tag 12, ms 4, length 4, then of that: what is told 1, of which connection 4, content
 */
const tags = {
  whole: 1,
  goesOn: 2,
  op: 3,
  capped: 4,
  masks: 5,
  copy: 6,
  done: 7,
  failed: 8,
  refused: 9,
  over: 10,
  copyCapped: 11,
  told: 12,
} as const
const COPY_ENDS: Readonly<Record<number, CopyEnd>> = { 7: 'done', 8: 'failed', 9: 'refused', 10: 'over' }

const HEADER_BYTES = 9
const TOLD_BYTES = 5
const FIRST_CAPACITY = 4096
/** A tape begins with what the last one came to, so that a busy session does not grow it anew; not with more than this. */
const KEPT_CAPACITY = 256 * 1024
const NO_BUFFER = Buffer.alloc(0)
export const DIGEST_BYTES = 32

/** Collects frames. Nothing in here makes an object per message. */
export class Tape {
  /** None while nothing is on it: most sessions are idle most of the time. */
  #buffer = NO_BUFFER
  #capacity = FIRST_CAPACITY
  #length = 0

  get length(): number {
    return this.#length
  }

  bytes(ms: number, whole: boolean, from: Uint8Array, start: number, end: number): void {
    this.#content(whole ? tags.whole : tags.goesOn, ms, from, start, end)
  }

  /** A piece of the content of CopyData. */
  copy(ms: number, from: Uint8Array, start: number, end: number): void {
    this.#content(tags.copy, ms, from, start, end)
  }

  /** @param reason of a CopyFail */
  copyEnd(ms: number, how: CopyEnd, reason: Uint8Array): void {
    this.#content(tags[how], ms, reason, 0, reason.length)
  }

  #content(tag: number, ms: number, from: Uint8Array, start: number, end: number): void {
    const size = end - start
    const at = this.#room(HEADER_BYTES + size)
    const buffer = this.#buffer
    buffer[at] = tag
    putUint32(buffer, ms, at + 1)
    putUint32(buffer, size, at + 5)
    buffer.set(start === 0 && size === from.length ? from : from.subarray(start, end), at + HEADER_BYTES)
  }

  /** @param what a number of `told` (exchange-codes.ts). @param connection a number; 0: none */
  told(ms: number, what: number, connection: number, from: Uint8Array, start: number, end: number): void {
    const size = TOLD_BYTES + end - start
    const at = this.#room(HEADER_BYTES + size)
    const buffer = this.#buffer
    buffer[at] = tags.told
    putUint32(buffer, ms, at + 1)
    putUint32(buffer, size, at + 5)
    buffer[at + HEADER_BYTES] = what
    putUint32(buffer, connection, at + HEADER_BYTES + 1)
    buffer.set(from.subarray(start, end), at + HEADER_BYTES + TOLD_BYTES)
  }

  op(operation: number): void {
    const at = this.#room(5)
    this.#buffer[at] = tags.op
    putUint32(this.#buffer, operation, at + 1)
  }

  capped(ms: number, rows: number, bytes: number, digest: Uint8Array): void {
    this.#capped(tags.capped, ms, rows, bytes, digest)
  }

  /** @param messages that begin behind what is kept. @param bytes of content */
  copyCapped(ms: number, messages: number, bytes: number, digest: Uint8Array): void {
    this.#capped(tags.copyCapped, ms, messages, bytes, digest)
  }

  #capped(tag: number, ms: number, rows: number, bytes: number, digest: Uint8Array): void {
    const at = this.#room(17 + DIGEST_BYTES)
    this.#buffer[at] = tag
    putUint32(this.#buffer, ms, at + 1)
    this.#buffer.writeUIntBE(rows, at + 5, 6)
    this.#buffer.writeUIntBE(bytes, at + 11, 6)
    this.#buffer.set(digest, at + 17)
  }

  /** @param names of masks, by column; null where none holds */
  masks(names: readonly (string | null)[]): void {
    const content = Buffer.from(JSON.stringify(names))
    const at = this.#room(HEADER_BYTES + content.length)
    this.#buffer[at] = tags.masks
    putUint32(this.#buffer, 0, at + 1)
    putUint32(this.#buffer, content.length, at + 5)
    this.#buffer.set(content, at + HEADER_BYTES)
  }

  /** Forgets everything behind `length`. */
  cut(length: number): void {
    this.#length = length
  }

  /** All of it, the caller's to keep; the next one begins. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#buffer.buffer as ArrayBuffer, 0, this.#length)
    this.#capacity = Math.max(FIRST_CAPACITY, Math.min(this.#length, KEPT_CAPACITY))
    this.#buffer = NO_BUFFER
    this.#length = 0
    return taken
  }

  /** @returns where to write so many bytes */
  #room(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#buffer.length * 2, this.#capacity))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}

export interface TapeVisitor {
  /** Written to the client at that time, ms since the session began. @param whole begins with a whole message */
  bytes(ms: number, whole: boolean, bytes: Uint8Array): void
  op(operation: number): void
  capped(ms: number, rows: number, bytes: number, digest: Uint8Array): void
  masks(names: readonly (string | null)[]): void
  /** The target was sent it as copy data. */
  copy(ms: number, content: Uint8Array): void
  copyEnd(ms: number, how: CopyEnd, reason: Uint8Array): void
  copyCapped(ms: number, messages: number, bytes: number, digest: Uint8Array): void
  told(ms: number, what: number, connection: number, content: Uint8Array): void
}

/** The frames of one tape, in order. */
export function readTape(bytes: Uint8Array, visitor: TapeVisitor): void {
  const tape = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < tape.length; ) {
    const tag = tape[at]
    const word = tape.readUInt32BE(at + 1)
    if (tag === tags.op) {
      visitor.op(word)
      at += 5
    } else if (tag === tags.capped || tag === tags.copyCapped) {
      const digestAt = at + 17
      const digest = tape.subarray(digestAt, digestAt + DIGEST_BYTES)
      const [rows, bytes] = [tape.readUIntBE(at + 5, 6), tape.readUIntBE(at + 11, 6)]
      if (tag === tags.capped) visitor.capped(word, rows, bytes, digest)
      else visitor.copyCapped(word, rows, bytes, digest)
      at = digestAt + DIGEST_BYTES
    } else {
      const content = tape.subarray(at + HEADER_BYTES, at + HEADER_BYTES + tape.readUInt32BE(at + 5))
      const copyEnd = COPY_ENDS[tag ?? 0]
      if (copyEnd) visitor.copyEnd(word, copyEnd, content)
      else if (tag === tags.copy) visitor.copy(word, content)
      else if (tag === tags.told) visitor.told(word, content[0]!, content.readUInt32BE(1), content.subarray(TOLD_BYTES))
      else if (tag === tags.masks) visitor.masks(JSON.parse(content.toString()) as (string | null)[])
      else visitor.bytes(word, tag === tags.whole, content)
      at += HEADER_BYTES + content.length
    }
  }
}

/** Buffer's own checks its arguments each time, which shows in every statement. */
function putUint32(buffer: Uint8Array, value: number, at: number): void {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
}
