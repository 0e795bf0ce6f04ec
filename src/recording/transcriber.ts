import type { CopyEnd } from './copy-sent.ts'
import type { Lines } from './lines.ts'

/**
 * Makes events of what a tape has, in one protocol. A passive reader: whatever comes, it says what it understands, and `gap` where it does
 * not; it never throws for what a peer sent. What a protocol's tapes never have it need not read.
 */
export interface Transcriber {
  /** What a client was sent. @param whole begins with a whole message, whatever came before. A message may be cut anywhere and go on in a later call */
  bytes?(bytes: Uint8Array, whole: boolean): void
  /** Whether something is under way whose beginning came earlier. */
  readonly carries: boolean
  /** Of the result that was described last. */
  masks?(names: readonly (string | null)[]): void
  /** A piece of what the target was sent as copy data, cut anywhere. */
  copy?(content: Uint8Array): void
  copyEnd?(how: CopyEnd, reason: Uint8Array): void
  /** Something of an exchange. @param what a number of exchange-codes.ts */
  told?(what: number, connection: number, content: Uint8Array): void
  /** The segment ends: what can be said is said, and what is kept for the next one is copied. */
  pause(): void
}

/** @param lines what it writes to; the time is set by the caller */
export type MakeTranscriber = (lines: Lines) => Transcriber
