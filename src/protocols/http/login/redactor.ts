import type { Redactor } from '../target.ts'

const STAR = 0x2a
const NOTHING = new Uint8Array(0)

/** Shorter beginnings are shown at once, and only remembered: much of what ends a piece of a stream is one by chance. */
const KEPT = 4
/** A beginning that is kept back so long may be anything: then it is shown, ms. */
const PATIENCE_MS = 50

/**
 * Puts stars over needles in a stream, one for each byte, wherever chunks were cut. What may be the beginning of one is kept back until the next
 * chunk tells.
 * @param needles the longest first
 */
export class StreamRedactor implements Redactor {
  readonly #needles: readonly Uint8Array[]
  /** Tail of what came, as it came: the beginning of a needle perhaps. */
  #tail: Uint8Array = NOTHING
  /** The same as it may be shown: its first bytes may be the end of another one. */
  #covered: Uint8Array = NOTHING
  /** How many bytes of it were shown already. */
  #shown = 0
  #since = 0

  constructor(needles: readonly Uint8Array[]) {
    this.#needles = needles
  }

  push(chunk: Uint8Array, now: number): Uint8Array {
    if (this.#needles.length === 0 || chunk.length === 0) return chunk
    const before = this.#covered
    const whole = before.length > 0 ? Buffer.concat([this.#tail, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let covered = cover(whole, this.#needles)
    if (before.includes(STAR)) {
      if (covered === whole) covered = Buffer.from(whole)
      for (let at = 0; at < before.length; at++) if (before[at] === STAR) covered[at] = STAR
    }
    const kept = beginningAtEnd(whole, this.#needles)
    const from = this.#shown
    const to = kept < KEPT ? whole.length : Math.max(from, whole.length - kept)
    // Copies: the chunk belongs to whoever sent it.
    this.#tail = kept === 0 ? NOTHING : Uint8Array.from(whole.subarray(whole.length - kept))
    this.#covered = kept === 0 ? NOTHING : Uint8Array.from(covered.subarray(whole.length - kept))
    this.#shown = Math.max(0, to - (whole.length - kept))
    if (kept > 0) this.#since = now
    return covered.subarray(from, to)
  }

  end(): Uint8Array {
    const rest = this.#covered.subarray(this.#shown)
    this.#tail = NOTHING
    this.#covered = NOTHING
    this.#shown = 0
    return rest
  }

  get deadline(): number | undefined {
    return this.#tail.length > this.#shown ? this.#since + PATIENCE_MS : undefined
  }

  expire(now: number): Uint8Array {
    if (this.deadline === undefined || now < this.deadline) return NOTHING
    const rest = this.#covered.subarray(this.#shown)
    this.#shown = this.#tail.length
    return rest
  }
}

/** @returns the same bytes where there is none, else a copy with stars */
export function cover(bytes: Buffer, needles: readonly Uint8Array[]): Buffer {
  let covered: Buffer | undefined
  for (const needle of needles) {
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      covered ??= Buffer.from(bytes)
      covered.fill(STAR, at, at + needle.length)
    }
  }
  return covered ?? bytes
}

/** How many bytes at the end are the beginning of a needle; the most. */
function beginningAtEnd(bytes: Buffer, needles: readonly Uint8Array[]): number {
  let most = 0
  for (const needle of needles) {
    const longest = Math.min(bytes.length, needle.length - 1)
    // From the longest on: the first byte of the needle tells where one may begin.
    for (let at = bytes.indexOf(needle[0]!, bytes.length - longest); at >= 0; at = bytes.indexOf(needle[0]!, at + 1)) {
      const length = bytes.length - at
      if (length <= most) break
      if (bytes.compare(needle, 0, length, at) === 0) {
        most = length
        break
      }
    }
  }
  return most
}
