import { join } from 'node:path'
import type { Sealer } from '../operations/index.ts'
import { genesis, logKey } from './batch.ts'
import { DurableTrail } from './durable-trail.ts'
import { systemClock, type TrailClock } from './entry-clock.ts'
import { TrailError } from './errors.ts'
import { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { type Recovered, recover } from './recovery.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentName } from './segment.ts'
import { folderFiles, type SegmentFiles } from './segment-files.ts'
import type { Trail } from './trail.ts'
import type { TrailLog } from './trail-log.ts'
import type { LogEnd } from './write-ahead.ts'

export interface TrailOptions {
  /** `gateway.data`, held by this process; the log is its folder `trail`. */
  readonly folder: string
  readonly keys: KeyStore
  readonly masterKey: Sealer
  /** The configured origin, printable without spaces. */
  readonly origin: string
  /** This instance's name; origin and instance together name the log. */
  readonly instance: string
  readonly log: TrailLog
  readonly clock?: TrailClock
  /** Size of a new segment, bytes; 64 MiB by default, at least 64 KiB. */
  readonly segmentBytes?: number
  /** The file system, for tests that put faults into it. */
  readonly files?: SegmentFiles
}

/** The first segment is at most this large, in bytes, so that a new gateway is ready at once on a slow disk too. */
const FIRST_SEGMENT_BYTES = 8 * 1024 * 1024

const NAME = /^[\x21-\x7e]{1,200}$/

/**
 * Opens the log, or begins it, and repairs what a crash left: cuts a torn last batch, ends what was open, and says so in `gateway.recovered`.
 * Where there is no room to say so, the trail comes up `full`, and says it first when there is.
 *
 * @throws TrailError GS_TRAIL_DAMAGED, GS_TRAIL_ROLLED_BACK or GS_TRAIL_KEYS where the log is not what it was; GS_TRAIL_FULL where there is no room to begin;
 *   RangeError for a name or a size that cannot be
 */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { folder, keys: store, masterKey, origin, instance, log, clock = systemClock, segmentBytes = 64 * 1024 * 1024 } = options
  if (!NAME.test(origin) || !NAME.test(instance))
    throw new RangeError('origin and instance must be printable, without spaces, up to 200 bytes')
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 64 * 1024) throw new RangeError('a segment must have at least 64 KiB')
  const files = options.files ?? folderFiles(join(folder, 'trail'))
  for (const name of files.list()) if (name.endsWith('.part')) files.remove(name)

  // Under a new key every batch would look torn.
  if (!store.findByLabel('batch-mac', '') && files.list().length > 0) throw new TrailError('GS_TRAIL_KEYS')
  const keys = new KeyRing(store, masterKey)
  const key = logKey(keys.only('batch-mac'), origin, instance)
  const state = store.state()
  const recovered = await recover({ files, origin, instance, key, state })
  if (recovered.torn) await cut(files, recovered.torn)
  const end = recovered.end ?? (await begin(files, origin, instance, segmentBytes, key))
  const trail = new DurableTrail({ files, store, keys, key, origin, instance, segmentBytes, clock, log, recovered, end })
  const inOrder = recovered.end === undefined || (state?.clean === true && !recovered.torn && state.batches === end.batches)
  try {
    if (!inOrder) await tell(trail, recovered, log)
  } catch (error) {
    await trail.close()
    throw error
  }
  trail.saveStates()
  return trail
}

async function begin(files: SegmentFiles, origin: string, instance: string, bytes: number, key: Buffer): Promise<LogEnd> {
  try {
    await files.allocate(segmentName(1), segmentHeader(origin, instance, 1), Math.min(bytes, FIRST_SEGMENT_BYTES))
  } catch (cause) {
    throw new TrailError('GS_TRAIL_FULL', undefined, { cause })
  }
  return { segment: 1, offset: SEGMENT_HEADER_BYTES, batches: 0, entries: 0, mac: genesis(key) }
}

/** Zeros over the torn batch, so that nothing stands behind the next one. */
function cut(files: SegmentFiles, torn: NonNullable<Recovered['torn']>): Promise<void> {
  const file = files.openForWriting(segmentName(torn.segment))
  return new Promise<void>((resolve, reject) => {
    file.write(Buffer.alloc(torn.bytes), torn.offset, (cause) => {
      if (cause) reject(new TrailError('GS_TRAIL_FAILED', 'The torn end of the log could not be cut.', { cause }))
      else resolve()
    })
  }).finally(() => file.close())
}

async function tell(trail: Trail, { torn, open }: Recovered, log: TrailLog): Promise<void> {
  const fields = { sessions: open.sessions, operations: open.operations, ...(torn ? { cut: { ...torn } } : {}) }
  log.warn(fields, 'the trail was not closed in order: recovered')
  trail.note({ kind: 'gateway.recovered', fields })
  for (const ending of open.endings()) trail.note(ending)
  await new Promise<void>((resolve, reject) => {
    // Noted, so it is kept until there is room; until then nothing is forwarded.
    trail.whenDurable((error) => (error && error.code !== 'GS_TRAIL_FULL' ? reject(error) : resolve()))
  })
}
