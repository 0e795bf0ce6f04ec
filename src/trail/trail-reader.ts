import { TILE_WIDTH } from '../tlog/index.ts'
import type { KeyRing } from './key-ring.ts'
import { LogReader } from './log-reader.ts'
import type { PayloadStore } from './payload-store.ts'
import type { Published } from './published.ts'
import type { PublishedLog } from './published-log.ts'
import type { SegmentFiles } from './segment-files.ts'
import { storedEntry } from './stored-entry.ts'
import type { ReadOptions, StoredEntry } from './trail.ts'
import type { LogEnd } from './write-ahead.ts'

/** What the published part is read from. */
export interface PublishedSources {
  readonly origin: string
  readonly payloads: Pick<PayloadStore, 'find'>
  readonly keys: Pick<KeyRing, 'find'>
  readonly log: PublishedLog
  readonly published: () => Pick<Published, 'size' | 'minimum'> & { readonly root: Uint8Array }
}

export interface TrailSources extends PublishedSources {
  readonly files: SegmentFiles
  readonly key: Uint8Array
  readonly end: () => LogEnd
  /** Nothing will be written any more. */
  readonly over: () => boolean
  /** Resolves when there is more than `seen`, nothing will be written any more, or the signal aborts. */
  readonly more: (seen: LogEnd, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * Entries in order: from the published log as far as it goes, then from the write-ahead file, back and forth as the one follows the other. Without
 * `follow` it ends with what is durable when it is called, however much comes meanwhile.
 */
export function readTrail(sources: TrailSources, options: ReadOptions): AsyncGenerator<StoredEntry> {
  return entriesBefore(sources, options, options.follow ? Number.POSITIVE_INFINITY : sources.end().entries)
}

async function* entriesBefore(sources: TrailSources, options: ReadOptions, end: number): AsyncGenerator<StoredEntry> {
  const { from = 0, follow = false, signal, before } = options
  const first = from < 0 ? Math.max(0, sources.end().entries + from) : from
  let next = before ? 0 : first
  const answer = function* (entry: StoredEntry): Generator<StoredEntry> {
    next = entry.index + 1
    if (entry.index >= first) yield entry
    else before?.(entry)
  }
  while (!signal?.aborted && next < end) {
    const seen = sources.end()
    next = Math.max(next, sources.published().minimum)
    const place = next
    const part = next < sources.published().size ? fromBundles(sources, next) : fromSegments(sources, next)
    for await (const entry of part) {
      if (signal?.aborted || entry.index >= end) return
      yield* answer(entry)
    }
    if (next !== place) continue
    if (!follow || sources.over()) return
    await sources.more(seen, signal)
  }
}

/** From an entry that is published on, up to what is when it begins. */
export async function* fromBundles(sources: PublishedSources, from: number): AsyncGenerator<StoredEntry> {
  for await (const entries of piecesOfBundles(sources, from, 1)) yield* entries
}

/**
 * The same, several at once, whose payloads are as they were when the first of them was looked for.
 * @param most entries of a piece
 */
export async function* piecesOfBundles(
  { log, published, payloads, origin, keys }: PublishedSources,
  from: number,
  most: number,
): AsyncGenerator<readonly StoredEntry[]> {
  const { size, root } = published()
  for (let n = Math.floor(from / TILE_WIDTH); n * TILE_WIDTH < size; n++) {
    const entries = await log.bundle(n, size, root).catch((error: unknown) => {
      // Pruned meanwhile: whoever reads goes on where the log begins now.
      if (published().minimum > n * TILE_WIDTH) return undefined
      throw error
    })
    if (!entries) return
    for (let at = Math.max(0, from - n * TILE_WIDTH); at < entries.length; at += most) {
      const moment = most > 1 ? {} : undefined
      yield entries.slice(at, at + most).map((entry, place) => {
        const index = n * TILE_WIDTH + at + place
        return storedEntry({ index, entry, payloads: () => payloads.find(index, moment) }, origin, keys)
      })
    }
  }
}

/** What is durable and not published yet. Ends early where a segment was published and removed meanwhile. */
async function* fromSegments({ files, key, end, published, origin, keys }: TrailSources, from: number): AsyncGenerator<StoredEntry> {
  const reader = new LogReader(files, key, end)
  let next = from
  try {
    await reader.seek(from)
    for (let records = await reader.next(); records; records = await reader.next()) {
      for (const { index, entry, payloads } of records) {
        if (index < next) continue
        // The segment that held it is gone, because it was published meanwhile.
        if (index > next) return
        next++
        const found = payloads.map((payload, place) => ({ ...payload, place }))
        yield storedEntry({ index, entry, payloads: () => found }, origin, keys)
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || published().size <= next) throw error
  }
}
