import { leafHash } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { Abouts } from './about.ts'
import { type ExportedEvent, eventOf } from './batch.ts'
import type { ExportCursor, Gap } from './cursor-store.ts'
import { passes } from './filter.ts'
import type { ExportSettings } from './settings.ts'
import type { ExportedLog, Rest } from './source.ts'

/** Of one request: entries, and bytes of them as they are stored. */
export interface BatchBounds {
  readonly events: number
  readonly bytes: number
}

/** Entries that are looked at before it is noted how far that was, though none passes the filter. */
const MOST_PASSED = 20_000

/** What was read of the log and is to be sent. */
export interface Gathered {
  readonly events: readonly ExportedEvent[]
  /** The next entry to look at. */
  readonly to: number
  /** Leaf hash of the one before it, hexadecimal; undefined where none was looked at. */
  readonly leaf: string | undefined
  /** As `ExportCursor.context` says, at the beginning and at `to`. */
  readonly context: { readonly before: number; readonly after: number }
  /** What retention took before it was read. */
  readonly gaps: readonly Gap[]
  /** When the first entry that was looked at was recorded, ms since the epoch; undefined where there was none. */
  readonly oldest: number | undefined
}

/** Reads entries in order and knows what they are about. */
export class Gathering {
  readonly #log: ExportedLog
  readonly #settings: ExportSettings
  readonly #rest: Rest
  readonly #abouts = new Abouts()

  constructor(log: ExportedLog, settings: ExportSettings, rest: Rest) {
    this.#log = log
    this.#settings = settings
    this.#rest = rest
  }

  /** Whether the log is the one that a cursor is of, as far as the entry before it is still there. @throws TrailError */
  async isOf({ at, leaf }: ExportCursor, signal: AbortSignal): Promise<boolean> {
    if (at > this.#log.published) return false
    if (leaf === undefined || at === 0) return true
    for await (const [entry] of this.#log.read(at - 1, signal))
      return entry === undefined || entry.index !== at - 1 || leafHash(entry.bytes).toString('hex') === leaf
    return true
  }

  /** Learns what the entries from its place on may refer to. @throws TrailError */
  async learn({ context, at }: ExportCursor, signal: AbortSignal): Promise<void> {
    for await (const entries of this.#log.read(context, signal)) {
      for (const entry of entries) {
        if (entry.index >= at) return
        if (Abouts.mayTeach(entry)) this.#abouts.of(entry)
      }
      await this.#rest()
    }
  }

  /** Reads on until there is enough, or no more. @throws TrailError */
  async next(at: number, bounds: BatchBounds, signal: AbortSignal): Promise<Gathered> {
    const events: ExportedEvent[] = []
    const gaps: Gap[] = []
    const before = this.#context(at)
    let [to, bytes, oldest]: [number, number, number | undefined] = [at, 0, undefined]
    let last: StoredEntry | undefined
    const leaf = () => last && leafHash(last.bytes).toString('hex')
    const done = () => ({ events, to, leaf: leaf(), context: { before, after: this.#context(to) }, gaps, oldest })
    for await (const entries of this.#log.read(at, signal)) {
      for (const entry of entries) {
        const isOver = entry.index >= this.#log.size || to - at >= MOST_PASSED
        const isFull = events.length > 0 && (events.length >= bounds.events || bytes + entry.bytes.byteLength > bounds.bytes)
        if (isOver || isFull) return done()
        if (entry.index > to) gaps.push({ log: this.#log.name, from: to, to: entry.index, why: 'pruned' })
        to = entry.index + 1
        last = entry
        oldest ??= Date.parse(entry.at)
        const about = this.#abouts.of(entry)
        if (this.#settings.filter && !passes(this.#settings.filter, entry, about)) continue
        events.push(eventOf(this.#log.name, entry, about))
        bytes += entry.bytes.byteLength
      }
      await this.#rest()
    }
    return done()
  }

  #context(at: number): number {
    return Math.min(this.#abouts.earliest ?? at, at)
  }
}
