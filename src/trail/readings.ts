import { checkLog } from './check-log.ts'
import type { DurableTrailOptions } from './durable-trail-options.ts'
import type { PublishedLog } from './published-log.ts'
import { storedEntry } from './stored-entry.ts'
import type { CheckStep, ReadOptions, StoredEntry, Trail } from './trail.ts'
import { readTrail, type TrailSources } from './trail-reader.ts'

export interface ReadingsParts {
  readonly options: Pick<DurableTrailOptions, 'files' | 'key' | 'keys' | 'name' | 'origin' | 'payloads' | 'signing'>
  readonly log: PublishedLog
  /** How far the log is durable, and published, by now. */
  readonly now: Pick<TrailSources, 'end' | 'published' | 'over' | 'more'>
  readonly trail: Pick<Trail, 'proven' | 'publish'>
}

/** Reads of the trail, each beside its work. */
export class Readings {
  readonly #parts: ReadingsParts

  constructor(parts: ReadingsParts) {
    this.#parts = parts
  }

  read(options: ReadOptions): AsyncGenerator<StoredEntry> {
    const { log, now } = this.#parts
    const { files, key, keys, origin, payloads } = this.#parts.options
    return readTrail({ files, key, keys, origin, payloads, log, ...now }, options)
  }

  /** An entry that somebody else has read, with its payloads from here. */
  reopen(index: number, entry: Buffer): StoredEntry {
    const { origin, payloads, keys } = this.#parts.options
    return storedEntry({ index, entry, payloads: () => payloads.find(index) }, origin, keys)
  }

  async *check(payloads: boolean, signal: AbortSignal): AsyncGenerator<CheckStep> {
    const { log, trail } = this.#parts
    const { name, signing } = this.#parts.options
    await trail.publish()
    const settled = async () => void (await trail.publish().catch(() => undefined))
    yield* checkLog({
      ...{ log, name, signal, settled },
      verifiers: signing.verifiers(name),
      proven: () => trail.proven,
      open: payloads ? (index, entry) => this.reopen(index, entry) : undefined,
    })
  }
}
