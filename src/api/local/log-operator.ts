import type { CheckStep, LogKey } from '../../trail/index.ts'

/** The log itself: the keys that sign it, and whether it is whole. docs/keys.md. */
export interface LogOperator {
  logKeys(): Promise<LogKeys>
  /**
   * Another key signs from now on, and beside it, for a while, the one before; recorded as `key.changed`, which the old key alone signs first.
   * @param overlap ms
   * @throws CodedError GS_TRAIL_ROTATING
   */
  rotateLogKey(overlap: number): Promise<LogKeys>
  /** Verifies the whole published log, up to where it goes now. Recorded. @param payloads whether each is opened, and held against its entry */
  checkLog(payloads: boolean, signal: AbortSignal): Promise<AsyncIterable<CheckStep>>
}

export interface LogKeys {
  /** Name of the log now, and so of its keys. */
  readonly log: string
  /** The newest first. */
  readonly keys: readonly LogKey[]
}
