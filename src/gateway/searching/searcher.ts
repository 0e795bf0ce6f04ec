import type { ReindexStep } from '../../api/local/index.ts'
import {
  type Aged,
  Indexer,
  type IndexerParts,
  type PageAsked,
  type SearchedTrail,
  type SearchIndex,
  type SearchPage,
  type SearchQuery,
  search,
  type Terms,
} from '../../search/index.ts'
import type { StoredEntry } from '../../trail/index.ts'

/** How long a search waits for the index to catch up with the log, and how long a page may take then, ms. */
const CATCH_UP_MS = 2_000
const PAGE_MS = 150
/** An index that is so many entries behind does not catch up in that time: nobody waits for it. */
const TOO_FAR = 100_000

/** An index that is kept up with a log, and searched. */
export class Searcher {
  readonly #index: SearchIndex
  readonly #terms: Terms
  readonly #trail: SearchedTrail
  readonly #indexer: Indexer
  readonly #closing = new AbortController()
  readonly #running: Promise<void>

  constructor(parts: IndexerParts) {
    this.#index = parts.index
    this.#terms = parts.terms
    this.#trail = parts.trail
    this.#indexer = new Indexer(parts)
    this.#running = this.#indexer.run(this.#closing.signal)
  }

  /** Index behind the last entry that is in the index, or about to be. */
  get taken(): number {
    return this.#indexer.taken
  }

  /**
   * One page, within about 200 ms of the index having caught up.
   * @param size how far the log goes; where the index does not within 2 s, the page says so
   * @throws SearchError
   */
  async search(query: SearchQuery, asked: PageAsked, size: number): Promise<SearchPage> {
    if (size - this.#indexer.taken < TOO_FAR)
      await this.#indexer.catchUp(size, AbortSignal.any([this.#closing.signal, AbortSignal.timeout(CATCH_UP_MS)]))
    return search(query, asked, {
      index: this.#index,
      terms: this.#terms,
      open: (index) => this.#entry(index),
      budget: PAGE_MS,
      now: () => performance.now(),
    })
  }

  /**
   * Builds the index again unless it is only to be checked, then holds it against the log. What is written meanwhile is not held up.
   * @param size how far the log goes
   * @throws SearchError
   */
  async *reindex(checkOnly: boolean, size: number, signal: AbortSignal): AsyncGenerator<ReindexStep> {
    const until = AbortSignal.any([signal, this.#closing.signal])
    if (checkOnly) await this.#indexer.catchUp(size, until)
    else for await (const done of this.#indexer.rebuild(size, until)) yield { phase: 'build', done, of: size }
    const checking = this.#indexer.check(until)
    for (;;) {
      const step = await checking.next()
      if (until.aborted) return
      if (step.done) return yield { report: step.value }
      yield { phase: 'check', done: step.value, of: size }
    }
  }

  /** @param keys ids of payload keys that were destroyed */
  forget(keys: readonly string[]): Promise<void> {
    return this.#indexer.forget(keys)
  }

  /** Payloads were pruned whose entries were not. */
  forgetAged(aged: Aged): Promise<void> {
    return this.#indexer.forgetAged(aged)
  }

  /** Entries below an index were pruned. */
  prune(below: number): Promise<void> {
    return this.#indexer.prune(below)
  }

  /** The index is closed with it. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    this.#index.close()
  }

  async #entry(index: number): Promise<StoredEntry | undefined> {
    for await (const entry of this.#trail.read({ from: index })) return entry.index === index ? entry : undefined
    return undefined
  }
}
