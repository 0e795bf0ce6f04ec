import { EMPTY_ROOT, TILE_WIDTH, TlogError } from '../tlog/index.ts'
import { genesis } from './batch.ts'
import { checkPublished } from './check-published.ts'
import { parseEntry } from './entry.ts'
import { TrailError } from './errors.ts'
import type { KeyStore, TrailState } from './key-store.ts'
import { forgetElsewhere, knownElsewhere } from './known-elsewhere.ts'
import type { LogFiles } from './log-files.ts'
import { LAST_KIND } from './new-log.ts'
import type { Published, SigningSeeds } from './published.ts'
import { PublishedLog } from './published-log.ts'
import { type Recovered, recover } from './recovery.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SigningKeys } from './signing-keys.ts'
import { readState } from './state-file.ts'
import type { EntryKind } from './trail.ts'

export interface ExamineOptions {
  readonly files: SegmentFiles
  readonly logFiles: LogFiles
  readonly store: KeyStore
  readonly signing: SigningKeys
  readonly origin: string
  readonly instance: string
  /** Of the batches. */
  readonly key: Uint8Array
  /** ms since the epoch */
  readonly now: number
}

/** A log that may go on. */
export interface Examined {
  readonly known: TrailState | undefined
  readonly published: Published
  readonly recovered: Recovered
  readonly seeds: SigningSeeds
  /** Its last entry says that it was closed for good. */
  readonly closed: boolean
  /** How many keys of payloads in the write-ahead file are missing in the key store. */
  readonly keysMissing: number
}

/**
 * Everything that a start checks before it writes or signs anything. Changes nothing but the key store, where a signing key is made at first use.
 *
 * @throws TrailError GS_TRAIL_DAMAGED, GS_TRAIL_ROLLED_BACK, GS_TRAIL_KEYS
 */
export async function examineLog(options: ExamineOptions): Promise<Examined> {
  try {
    return await examine(options)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // What should be a file is none, or no link leads to one; whatever else keeps from reading is no damage.
    if (error instanceof TlogError || ['ENOENT', 'EISDIR', 'ENOTDIR', 'ELOOP'].includes(code ?? ''))
      throw new TrailError('GS_TRAIL_DAMAGED', `A file of the log is not what it must be (${code}).`, { cause: error })
    throw error
  }
}

async function examine({ files, logFiles, store, signing, origin, instance, key, now }: ExamineOptions): Promise<Examined> {
  const name = `${origin}/${instance}`
  const known = store.state()
  const stored = await readState(logFiles, key)
  // What is published was to be signed: its key was there once.
  if (stored && store.all('note').length === 0) throw new TrailError('GS_TRAIL_KEYS')
  const seeds = signing.seeds(now)
  signing.remember(name, now)
  const recovered = await recover({ files, origin, instance, key, state: known, published: stored })
  const published = stored ?? nothingPublished(key)
  const log = new PublishedLog(logFiles)
  const elsewhere = knownElsewhere(store)
  await checkPublished({ log, published, known, name, verifiers: signing.verifiers(name), elsewhere })
  if (elsewhere) forgetElsewhere(store)
  const closed = (recovered.last ?? (await lastPublished(log, published))) === LAST_KIND
  const keysMissing = [...recovered.payloadKeys].filter((id) => !store.knows(id)).length
  return { known, published, recovered, seeds, closed, keysMissing }
}

function nothingPublished(key: Uint8Array): Published {
  const wal = { segment: 1, offset: SEGMENT_HEADER_BYTES, batches: 0, mac: genesis(key) }
  return { size: 0, root: EMPTY_ROOT, minimum: 0, wal, open: [] }
}

async function lastPublished(log: PublishedLog, { size, minimum }: Published): Promise<EntryKind | undefined> {
  const n = Math.floor((size - 1) / TILE_WIDTH)
  if (size === 0 || n * TILE_WIDTH < minimum) return undefined
  return parseEntry((await log.bundle(n, size)).at(-1) as Buffer).kind
}
