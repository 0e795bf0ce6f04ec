import { KeptResult } from './kept-result.ts'
import type { RecordingCap } from './settings.ts'
import type { Tape } from './tape.ts'

const HEADER_BYTES = 5
/** What is said of why a copy failed is text for people; a longer one is none. */
const LONGEST_REASON = 8 * 1024
const NO_BYTES = new Uint8Array(0)

/** How the sending of copy data ended: by CopyDone; by CopyFail, the client's or the gateway's; or the server said something else. */
export type CopyEnd = 'done' | 'failed' | 'refused' | 'over'

/** Takes down the data of one COPY … FROM STDIN after the other, as the target was sent it: content only, as it does not matter how it was cut. */
export class CopySent {
  readonly #tape: Tape
  readonly #kept: KeptResult
  /** Called before anything is put on the tape. */
  readonly #before: () => void
  /** Bytes that are to come of the content of the message under way. */
  #left = 0

  constructor(cap: RecordingCap, tape: Tape, before: () => void) {
    this.#kept = new KeptResult(cap)
    this.#tape = tape
    this.#before = before
  }

  /**
   * Messages that lie one behind the other; the last may be cut off behind its header.
   * @param continues it begins with the rest of one. Where the COPY was over before that came, the server ignores it, and so does this
   */
  data(ms: number, bytes: Uint8Array, start: number, end: number, continues: boolean): void {
    let at = start
    if (continues) {
      if (this.#left === 0) return
      const size = Math.min(this.#left, end - at)
      this.#content(ms, bytes, at, at + size, 0)
      this.#left -= size
      at += size
    }
    while (at < end) {
      const length = ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) - 4
      at += HEADER_BYTES
      const size = Math.min(length, end - at)
      this.#content(ms, bytes, at, at + size, 1)
      this.#left = length - size
      at += size
    }
    this.#kept.digest()
  }

  /** @param reason as CopyFail says it */
  end(ms: number, how: CopyEnd, reason: Uint8Array = NO_BYTES): void {
    const hadBegun = this.#kept.begun
    const beyond = this.#kept.end()
    this.#left = 0
    // Nothing was sent: whatever ended, it was no copy in, or its end was said before.
    if (how === 'over' && !hadBegun) return
    this.#before()
    if (beyond) this.#tape.copyCapped(ms, beyond.rows, beyond.bytes, beyond.digest)
    this.#tape.copyEnd(ms, how, reason.length > LONGEST_REASON ? NO_BYTES : reason)
  }

  /** @param messages 1 where it begins one */
  #content(ms: number, bytes: Uint8Array, start: number, end: number, messages: 0 | 1): void {
    const kept = start + this.#kept.keepsOf(end - start, messages)
    if (kept > start) {
      this.#before()
      this.#tape.copy(ms, bytes, start, kept)
    }
    if (kept < end) this.#kept.leaveOut(bytes, kept, end, kept > start ? 0 : messages)
  }
}
