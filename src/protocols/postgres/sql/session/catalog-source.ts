import type { Catalog } from '../../catalog/catalog.ts'

/** Where the catalog of the session's database comes from. */
export interface CatalogSource {
  /** The newest snapshot; undefined: there is none yet. */
  readonly current: Catalog | undefined
  /**
   * A snapshot that was begun after this call and after the last `stale()`; undefined where that takes too long.
   * @param deadline ms
   * @param notOlderThan ms; one that was begun so long before the call, and after the last `stale()`, will do
   */
  fresh(deadline: number, notOlderThan?: number): Promise<Catalog | undefined>
  /** The catalog was changed. */
  stale(): void
}

/** ms that a text waits for a fresh catalog. */
const WAIT = 2_000
/** ms for which a session does without, where it waited in vain. */
const WITHOUT = 5_000
/** ms within which one session asks for a fresh catalog once because it did not find a name. */
const SEARCHES = 10_000
/** ms: a catalog that is not older is not asked for again because of a name. */
const YOUNG = 5_000

/** The catalog as one session may rely on it. */
export class SessionCatalog {
  readonly #source: CatalogSource
  /** Older than a change that this session made. */
  #distrusted: Catalog | undefined
  #changed = false
  #withoutUntil = 0
  #searchedUntil = 0

  constructor(source: CatalogSource) {
    this.#source = source
  }

  get current(): Catalog | undefined {
    const { current } = this.#source
    return current === this.#distrusted ? undefined : current
  }

  /** Also where this session has changed it since. */
  get newest(): Catalog | undefined {
    return this.#source.current
  }

  /** Whether a text has to wait for it. */
  get awaited(): boolean {
    return (this.#changed || this.current === undefined) && performance.now() >= this.#withoutUntil
  }

  /** This session changed it. */
  changed(): void {
    this.#changed = true
    this.#withoutUntil = 0
    this.#distrusted = this.#source.current
    this.#source.stale()
  }

  async wait(notOlderThan?: number): Promise<void> {
    const fresh = await this.#source.fresh(WAIT, notOlderThan).catch(() => undefined)
    if (fresh) {
      this.#changed = false
      this.#distrusted = undefined
    } else this.#withoutUntil = performance.now() + WITHOUT
  }

  /** A name was not found: @returns undefined where it was looked for in a fresh catalog lately */
  search(): Promise<void> | undefined {
    const now = performance.now()
    if (now < this.#searchedUntil) return undefined
    this.#searchedUntil = now + SEARCHES
    return this.wait(YOUNG)
  }
}
