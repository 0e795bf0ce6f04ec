import type { RecordedEvent, RecordingHeader } from './events.ts'

/** One segment of a session's recording, as it is read. */
export interface RecordedSegment {
  /** From 1, without a hole. */
  readonly segment: number
  /** Index in the log of the entry that commits to it, its id, and when that was written (RFC 3339). */
  readonly index: number
  readonly entry: string
  readonly at: string
  /** Absent where it is missing. */
  readonly header?: RecordingHeader
  /** Empty where it is missing. */
  readonly events: readonly RecordedEvent[]
  /** Why it is: its key is gone (erased, or older than is kept), or it was never written, and the log says so. */
  readonly missing?: 'gone' | 'gap'
}

export interface ReadRecordingOptions {
  /** Index in the log from which on to look: that of `session.open`, where it is known. Default 0. */
  readonly from?: number
  /** Waits for more, until the session is closed or the signal aborts. */
  readonly follow?: boolean
  readonly signal?: AbortSignal
}
