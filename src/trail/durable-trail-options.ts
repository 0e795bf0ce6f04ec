import type { AsideLogs } from './aside-logs.ts'
import type { TrailClock } from './entry-clock.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import type { LogFiles } from './log-files.ts'
import type { PayloadStore } from './payload-store.ts'
import type { Published, Publishing } from './published.ts'
import type { Recovered } from './recovery.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { TrailLog } from './trail-log.ts'
import type { LogEnd, TrailMeter } from './write-ahead.ts'

/** A log that may go on, and what it goes on with. */
export interface DurableTrailOptions {
  readonly files: SegmentFiles
  readonly store: KeyStore
  readonly keys: KeyRing
  readonly signing: SigningKeys
  /** Of the batches. */
  readonly key: Uint8Array
  readonly origin: string
  readonly instance: string
  readonly segmentBytes: number
  readonly clock: TrailClock
  readonly log: TrailLog
  readonly recovered: Recovered
  readonly end: LogEnd
  /** `<origin>/<instance>`. */
  readonly name: string
  readonly published: Published
  readonly publishing: Publishing
  readonly logFiles: LogFiles
  readonly payloads: PayloadStore
  readonly aside: AsideLogs
  /** Resolves once it is known that this log is not an older copy of itself: until then no checkpoint is signed. Undefined where nobody is asked. */
  readonly mayBeSigned: Promise<void> | undefined
  /** Absent where nobody counts. */
  readonly meter?: TrailMeter | undefined
}
