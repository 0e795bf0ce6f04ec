import { isUtf8 } from 'node:buffer'
import type { Redact } from './lines.ts'

/** The end of something that may go on as a credential of ours. */
const MAY_GO_ON = /g(?:s(?:_[A-Za-z0-9_-]{0,200})?)?$/
const LONGEST_CREDENTIAL = 204
/** The same, where it never does: what was cut off is no credential, but much of one. */
const CUT_OFF = /gs_[A-Za-z0-9_-]+$/
const REDACTED = Buffer.from('«redacted:cut»')
const NO_BYTES = new Uint8Array(0)

/** Bytes that come in pieces, cut anywhere: each is said but for its last bytes, where those may be the beginning of a credential or of a character. */
export class HeldTail {
  #held: Uint8Array = NO_BYTES

  get holds(): boolean {
    return this.#held.length > 0
  }

  /** @returns what can be said now */
  take(piece: Uint8Array): Uint8Array {
    const whole = this.holds ? Buffer.concat([this.#held, piece]) : piece
    const kept = mayGoOn(whole) || brokenOff(whole)
    this.#held = kept === 0 ? NO_BYTES : whole.subarray(whole.length - kept)
    return kept === 0 ? whole : whole.subarray(0, whole.length - kept)
  }

  /** Nothing more comes. @returns what was held */
  end(redact: Redact | undefined): Uint8Array {
    const held = redact?.(this.#held) ?? this.#held
    this.#held = NO_BYTES
    return withoutCut(held)
  }

  /** The memory that was given may be used for something else. */
  copy(): void {
    if (this.holds) this.#held = Uint8Array.from(this.#held)
  }
}

/** @returns how many bytes at the end may be the beginning of a credential of ours */
export function mayGoOn(bytes: Uint8Array): number {
  return MAY_GO_ON.exec(tail(bytes))?.[0].length ?? 0
}

/** What ends in the beginning of a credential that is over, without it. */
export function withoutCut(bytes: Uint8Array): Uint8Array {
  const cut = CUT_OFF.exec(tail(bytes))
  return cut ? Buffer.concat([bytes.subarray(0, bytes.length - cut[0].length), REDACTED]) : bytes
}

/** @returns bytes of a character at the end that is not whole: UTF-8, as RFC 3629 §3 has it */
export function brokenOff(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return 0
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back && byte <= 0xf4 && isUtf8(bytes.subarray(0, bytes.length - back)) ? back : 0
  }
  return 0
}

function tail(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', Math.max(0, bytes.length - LONGEST_CREDENTIAL))
}
