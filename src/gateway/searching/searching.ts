import type { ReindexStep } from '../../api/local/index.ts'
import type { MasterKey } from '../../credentials/index.ts'
import { type Aged, type PageAsked, SearchError, type SearchPage, type SearchQuery } from '../../search/index.ts'
import type { StoredEntry, Trail } from '../../trail/index.ts'
import type { GatewayLog } from '../log.ts'
import { SearchThread } from './search-thread.ts'

export interface SearchingParts {
  /** `gateway.data`. */
  readonly folder: string
  /** The configured origin. */
  readonly origin: string
  readonly trail: Trail
  readonly masterKey: MasterKey
  readonly log: GatewayLog
}

/** How long a search waits until what was just recorded is published: only that is indexed, ms. */
const PUBLISH_MS = 2_000

/** The search index over the trail, in a thread of its own from the first use on. */
export class Searching {
  readonly #parts: SearchingParts
  #thread: SearchThread | undefined
  #unsubscribe: () => void = () => undefined
  #closed = false

  constructor(parts: SearchingParts) {
    this.#parts = parts
  }

  /** Keeps the index up with the trail from now on. */
  start(): void {
    this.#running()
  }

  /** How many published entries are not in the index; undefined where it is not kept up. */
  async lag(): Promise<number | undefined> {
    const thread = this.#thread
    if (!thread || thread.ended) return undefined
    const { size } = this.#parts.trail.proven
    return thread.taken().then(
      (taken) => Math.max(0, size - taken),
      () => undefined,
    )
  }

  /**
   * One page.
   * @param size how far the log goes; where the index does not within some seconds, the page says so
   * @throws SearchError
   */
  async search(query: SearchQuery, asked: PageAsked, size: number): Promise<SearchPage> {
    const thread = this.#running()
    await this.#published(size)
    return thread.search(query, asked, size)
  }

  /** An entry of the log; undefined where it is not there any more. @throws TrailError */
  async entry(index: number): Promise<StoredEntry | undefined> {
    for await (const entry of this.#parts.trail.read({ from: index })) return entry.index === index ? entry : undefined
    return undefined
  }

  /**
   * Builds the index again unless it is only to be checked, then holds it against the log.
   * @param size how far the log goes
   * @throws SearchError
   */
  async *reindex(checkOnly: boolean, size: number, signal: AbortSignal): AsyncGenerator<ReindexStep> {
    const thread = this.#running()
    await this.#published(size)
    yield* thread.reindex(checkOnly, Math.min(size, this.#parts.trail.proven.size), signal)
  }

  /**
   * What payloads under these keys said is found no more, and stands in no file of the index. Durable when it resolves.
   * @param keys ids of keys that were destroyed
   * @throws SearchError
   */
  forget(keys: readonly string[]): Promise<void> {
    return this.#running().forget(keys)
  }

  /** The same of payloads that were pruned while their entries were not. @throws SearchError */
  forgetAged(aged: Aged): Promise<void> {
    return this.#running().forgetAged(aged)
  }

  /** Entries below an index were pruned. @throws SearchError */
  prune(below: number): Promise<void> {
    return this.#running().prune(below)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    await this.#thread?.close()
  }

  /** A thread that ended is begun again by whoever needs it. */
  #running(): SearchThread {
    if (this.#closed) throw new SearchError('GS_SEARCH_UNAVAILABLE', 'The gateway is stopping.')
    if (this.#thread && !this.#thread.ended) return this.#thread
    this.#unsubscribe()
    const { folder, origin, trail, masterKey, log } = this.#parts
    const { size, root, minimum } = trail.proven
    const thread = new SearchThread(
      {
        folder,
        origin,
        name: trail.name,
        sealer: masterKey.portable('trail'),
        indexKey: trail.indexKey(),
        extent: { size, root, minimum },
      },
      (fault) => log.warn({ ...fault }, 'the search index is not kept up for now'),
    )
    this.#unsubscribe = trail.onPublished(({ size, root, minimum }) => thread.advance({ size, root, minimum }))
    this.#thread = thread
    return thread
  }

  /** Where it cannot be published, the page says that the index is behind. */
  async #published(size: number): Promise<void> {
    const { trail } = this.#parts
    if (trail.proven.size >= size) return
    const published = trail.publish().catch(() => undefined)
    await Promise.race([published, new Promise((resolve) => void setTimeout(resolve, PUBLISH_MS).unref())])
  }
}
