import { join } from 'node:path'
import type { Sealer } from '../operations/index.ts'
import { AsideLogs, type EraseAside } from './aside-logs.ts'
import { genesis, logKey } from './batch.ts'
import { DurableTrail } from './durable-trail.ts'
import { systemClock, type TrailClock } from './entry-clock.ts'
import { TrailError } from './errors.ts'
import { type Examined, examineLog } from './examine-log.ts'
import { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { folderLogFiles, type LogFiles } from './log-files.ts'
import { begun, goOn, isClosing, logInstance, type NewLogOrder, setLogAside } from './new-log.ts'
import type { PayloadStore } from './payload-store.ts'
import type { Published, Publishing, SigningSeeds } from './published.ts'
import { Publisher } from './publisher.ts'
import type { Recovered } from './recovery.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentName, segmentNumber } from './segment.ts'
import { folderFiles, type SegmentFiles } from './segment-files.ts'
import { SigningKeys } from './signing-keys.ts'
import type { EntryDraft, Trail } from './trail.ts'
import type { TrailLog } from './trail-log.ts'
import type { LogEnd, TrailMeter } from './write-ahead.ts'

/** What a publisher needs to know; plain values, so that it can be in another thread. */
export interface PublishingStart {
  /** `gateway.data`. */
  readonly folder: string
  readonly key: Uint8Array
  readonly name: string
  readonly seeds: SigningSeeds
  readonly published: Published
}

export interface TrailOptions {
  /** `gateway.data`, held by this process; the log is its folder `trail`. */
  readonly folder: string
  readonly keys: KeyStore
  readonly masterKey: Sealer
  /** The configured origin, printable without spaces and plus signs. */
  readonly origin: string
  /** This instance's name; origin and instance together name the log. */
  readonly instance: string
  readonly log: TrailLog
  /** Opens the payload store of a data folder, or of a log there that was set aside in a folder of that name; for reading and erasing. */
  readonly payloads: (folder: string, log?: string) => PayloadStore
  /** Where publishing runs; in this thread by default. */
  readonly publishing?: (start: PublishingStart) => Publishing
  /** Erases in logs that were set aside; in this thread by default. */
  readonly erasingAside?: EraseAside
  /** Sets the log that is there aside, and begins a new one under another name: the way out where the one that is there may not go on. */
  readonly newLog?: NewLogOrder
  /** Resolves once others were asked whether this log is an older copy of itself; no checkpoint is signed before. */
  readonly mayBeSigned?: Promise<void>
  readonly clock?: TrailClock
  /** Is told of what is written. */
  readonly meter?: TrailMeter | undefined
  /** Size of a new segment, bytes; 64 MiB by default, at least 64 KiB. */
  readonly segmentBytes?: number
  /** The file system, for tests that put faults into it. */
  readonly files?: SegmentFiles
  readonly logFiles?: LogFiles
}

/** The first segment is at most this large, in bytes, so that a new gateway is ready at once on a slow disk too. */
const FIRST_SEGMENT_BYTES = 8 * 1024 * 1024

/** A key's name takes 255, and a generation may come behind it. */
const MOST_NAME = 240

/** C2SP signed-note: a key's name has no space and no plus sign. */
const NAME = /^[\x21-\x2a\x2c-\x7e]{1,200}$/

/**
 * Opens the log, or begins it, and repairs what a crash left: cuts a torn last batch, ends what was open, and says so in `gateway.recovered`.
 * Where there is no room to say so, the trail comes up `full`, and says it first when there is.
 *
 * @throws TrailError GS_TRAIL_DAMAGED, GS_TRAIL_ROLLED_BACK or GS_TRAIL_KEYS where the log is not what it was; GS_TRAIL_FULL where there is no room to begin;
 *   GS_TRAIL_SOUND where a new log was asked for without need; RangeError for a name or a size that cannot be
 */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { folder, keys: store, masterKey, origin, instance } = options
  const signing = new SigningKeys(store, masterKey)
  const parts = { folder, store, origin, instance, newKey: () => signing.startOver() }
  const interrupted = goOn(parts)
  const order = isClosing(store) ? 'compromised' : options.newLog
  if (order && !interrupted) {
    // Signed once more only where it may be: a key that is lost is no reason to sign a second history.
    const open = (forGood: boolean) => openLog(options, { forGood })
    await setLogAside({ ...parts, order, open, verifiers: (name) => signing.verifiers(name) })
  }
  const fields = goOn(parts)
  const trail = await openLog(options, fields && { first: { kind: 'log.continued', fields } })
  if (fields) {
    begun(store)
    options.log.warn({ log: trail.name, ...fields }, 'a new log begins; the one before it is kept aside')
  }
  return trail
}

interface Opening {
  /** It is to be closed for good: perhaps its last entry says so already, and then none comes behind it. */
  readonly forGood?: boolean
  /** The first entry, where the log has none. */
  readonly first?: EntryDraft
}

async function openLog(options: TrailOptions, { forGood = false, first }: Opening = {}): Promise<Trail> {
  const { folder, keys: store, masterKey, origin, log, clock = systemClock, segmentBytes = 64 * 1024 * 1024 } = options
  const instance = logInstance(options.instance, store)
  if (!NAME.test(origin) || !NAME.test(instance))
    throw new RangeError('origin and instance must be printable, without spaces and plus signs, up to 200 bytes')
  if (origin.length + instance.length > MOST_NAME) throw new RangeError(`origin and instance must have at most ${MOST_NAME} bytes together`)
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 64 * 1024) throw new RangeError('a segment must have at least 64 KiB')
  const trailFolder = join(folder, 'trail')
  const files = options.files ?? folderFiles(trailFolder)
  const logFiles = options.logFiles ?? folderLogFiles(trailFolder)
  for (const file of files.list()) if (file.endsWith('.part')) files.remove(file)

  // Under a new key every batch would look torn.
  if (!store.findByLabel('batch-mac', '') && files.list().some((file) => segmentNumber(file) !== undefined)) {
    throw new TrailError('GS_TRAIL_KEYS')
  }
  const keys = new KeyRing(store, masterKey)
  const key = logKey(keys.only('batch-mac'), origin, instance)
  const name = `${origin}/${instance}`
  const signing = new SigningKeys(store, masterKey)
  const examined = await examineLog({ files, logFiles, store, signing, origin, instance, key, now: clock.wall() })
  const { published, recovered, seeds, closed, keysMissing } = examined
  if (closed && !forGood)
    throw new TrailError('GS_TRAIL_KEYS', 'The log was closed for good, and keys.sqlite does not know it: it is an older copy.')
  if (keysMissing > 0) log.warn({ keysMissing }, 'keys.sqlite is an older copy: payloads whose keys are missing cannot be read any more')
  if (recovered.torn) await cut(files, recovered.torn)
  const end = recovered.end ?? (await begin(files, origin, instance, segmentBytes, key))
  const payloads = options.payloads(folder)
  const publishing =
    options.publishing?.({ folder, key, name, seeds, published }) ??
    new Publisher({ wal: files, files: logFiles, payloads, key, name, seeds, published })
  const trail = new DurableTrail({
    ...{ files, store, keys, signing, key, origin, instance, segmentBytes, clock, log, recovered, end },
    ...{
      name,
      published,
      publishing,
      logFiles,
      payloads,
      aside: new AsideLogs(folder, options.payloads, options.erasingAside),
      mayBeSigned: options.mayBeSigned,
      meter: options.meter,
    },
  })
  try {
    // Before what recovery has to say: it is the first entry of its log.
    if (first && end.entries === 0) await trail.durable(first)
    if (payloads.size() < published.size) {
      const lost = { from: payloads.size(), to: published.size }
      log.warn({ lost }, 'payloads.sqlite is an older copy, or not there: payloads of these entries are gone and were not erased')
      trail.note({ kind: 'gap', fields: { reason: 'GS_TRAIL_PAYLOAD', lost } })
    }
    if (!inOrder(examined) && !closed) await tell(trail, examined, log)
  } catch (error) {
    await trail.close()
    throw error
  }
  trail.startPublishing()
  return trail
}

/** Whether it begins, or was closed in order when it was written last. */
function inOrder({ known, recovered: { end, torn } }: Examined): boolean {
  return end === undefined || (known?.clean === true && !torn && known.batches === end.batches)
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

async function tell(trail: Trail, { recovered: { torn, open }, keysMissing }: Examined, log: TrailLog): Promise<void> {
  const { sessions, operations } = open
  const fields = { sessions, operations, ...(torn ? { cut: { ...torn } } : {}), ...(keysMissing > 0 ? { keysMissing } : {}) }
  log.warn(fields, 'the trail was not closed in order: recovered')
  trail.note({ kind: 'gateway.recovered', fields })
  for (const ending of open.endings()) trail.note(ending)
  await new Promise<void>((resolve, reject) => {
    // Noted, so it is kept until there is room; until then nothing is forwarded.
    trail.whenDurable((error) => (error && error.code !== 'GS_TRAIL_FULL' ? reject(error) : resolve()))
  })
}
