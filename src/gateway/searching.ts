import type { ReindexStep } from '../api/local/index.ts'
import { CodedError } from '../operations/index.ts'
import {
  Indexer,
  type PageAsked,
  SearchError,
  type SearchIndex,
  type SearchPage,
  type SearchQuery,
  search,
  Terms,
} from '../search/index.ts'
import { openSearchIndex } from '../store/index.ts'
import type { StoredEntry, Trail } from '../trail/index.ts'
import type { GatewayLog } from './log.ts'
import { considerate } from './pace.ts'

/** How long a search waits for the index to catch up with the log, and how long a page may take then, ms. */
const CATCH_UP_MS = 2_000
/** An index that is so many entries behind does not catch up in that time: nobody waits for it. */
const TOO_FAR = 100_000
const PAGE_MS = 150

/** The search index over the trail, kept up while the gateway runs. */
export class Searching {
  readonly #trail: Trail
  readonly #index: SearchIndex
  readonly #terms: Terms
  readonly #indexer: Indexer
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  /** @param folder `gateway.data` */
  constructor(folder: string, trail: Trail, log: GatewayLog) {
    this.#trail = trail
    this.#index = openSearchIndex(folder)
    this.#terms = new Terms(trail.indexKey())
    const failed = (error: unknown) => log.warn({ err: error }, 'the search index is not kept up for now')
    this.#indexer = new Indexer({ index: this.#index, terms: this.#terms, trail, pace: considerate(), failed })
  }

  /** Follows the trail from now on. */
  start(): void {
    this.#running ??= this.#indexer.run(this.#closing.signal)
  }

  /**
   * One page, within about 200 ms of the index having caught up.
   * @param size how far the log goes; where the index does not within 2 s, the page says so
   * @throws SearchError
   */
  async search(query: SearchQuery, asked: PageAsked, size: number, signal: AbortSignal): Promise<SearchPage> {
    this.start()
    return readable(async () => {
      if (size - this.#indexer.taken < TOO_FAR) {
        await this.#indexer.catchUp(size, AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(CATCH_UP_MS)]))
      }
      return search(query, asked, {
        index: this.#index,
        terms: this.#terms,
        open: (index) => this.entry(index),
        budget: PAGE_MS,
        now: () => performance.now(),
      })
    })
  }

  /** An entry of the log; undefined where it is not there any more. @throws TrailError */
  async entry(index: number): Promise<StoredEntry | undefined> {
    for await (const entry of this.#trail.read({ from: index })) return entry.index === index ? entry : undefined
    return undefined
  }

  /**
   * Builds the index again unless it is only to be checked, then holds it against the log. What is written meanwhile is not held up.
   * @param size how far the log goes
   * @throws SearchError
   */
  async *reindex(checkOnly: boolean, size: number, signal: AbortSignal): AsyncGenerator<ReindexStep> {
    this.start()
    const until = AbortSignal.any([signal, this.#closing.signal])
    if (checkOnly) await this.#indexer.catchUp(size, until)
    else for await (const done of this.#indexer.rebuild(size, until)) yield { phase: 'build', done, of: size }
    const checking = this.#indexer.check(until)
    for (;;) {
      const step = await readable(() => checking.next())
      if (until.aborted) return
      if (step.done) return yield { report: step.value }
      yield { phase: 'check', done: step.value, of: size }
    }
  }

  /** What payloads under these keys said is found no more, and stands in no file. @param keys ids of keys that were destroyed */
  forget(keys: readonly string[]): Promise<void> {
    return this.#indexer.forget(keys)
  }

  /** Entries below an index were pruned. */
  prune(below: number): Promise<void> {
    return this.#indexer.prune(below)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    this.#index.close()
  }
}

/** What the index's own file or bytes do wrong is one thing to whoever searches. */
async function readable<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw error instanceof CodedError ? error : new SearchError('GS_SEARCH_UNAVAILABLE', undefined, { cause: error })
  }
}
