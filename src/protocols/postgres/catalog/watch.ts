import { CodedError } from '../../../operations/index.ts'
import type { ReadCatalog } from './read-catalog.ts'
import type { SharedCatalog } from './shared-catalog.ts'

/** What came of one reading. */
export type CatalogReading =
  | {
      readonly outcome: 'read'
      readonly version: string
      readonly relations: number
      /** Whether it is another one than before. */
      readonly changed: boolean
      readonly ms: number
    }
  | {
      readonly outcome: 'failed'
      /** Code of the error, such as GS_TARGET_UNREACHABLE; absent where it has none. */
      readonly code?: string
      readonly ms: number
    }

export interface CatalogWatchOptions {
  /** Reads the catalog over a connection of its own. @param known fingerprint of what is held */
  read(signal: AbortSignal, known: string | undefined): Promise<ReadCatalog>
  /** Told of every reading. */
  observer(reading: CatalogReading): void
  /** Nobody has used it for five minutes: it is closed. */
  idle(): void
}

/** ms between two readings that nobody asked for. */
const REFRESH = 60_000
/** ms between the end of a reading and the beginning of the next. */
const PAUSE = 250
/** ms after which one is given up. */
const LONGEST = 30_000
/** ms behind a failure for which nobody is made to wait for the next. */
const DISCOURAGED = 2_000
/** ms between two attempts, at most, where readings fail. */
const LONGEST_BACKOFF = 30_000
/** Age in ms from which on a snapshot is nothing to decide by: two refreshes failed. */
const TRUSTED = 150_000
const IDLE = 300_000

interface Held {
  readonly catalog: SharedCatalog
  readonly fingerprint: string
  /** How often the catalog was told to be stale when its reading began. */
  readonly generation: number
  readonly begun: number
}

interface Waiter {
  readonly generation: number
  /** When its reading must have begun, at the earliest. */
  readonly since: number
  readonly settle: (catalog: SharedCatalog | undefined) => void
}

/**
 * Keeps the catalog of one database at hand while sessions use it: read at once, each minute, and whenever it is told that it is stale; one
 * reading at a time. Where the target cannot be read, there is none after a while, and it is tried again, ever more rarely.
 */
export class CatalogWatch {
  readonly #options: CatalogWatchOptions
  readonly #end = new AbortController()
  readonly #waiters = new Set<Waiter>()
  #held: Held | undefined
  #generation = 0
  #uses = 0
  #reading = false
  #failures = 0
  /** Whether the last reading gave another catalog than the one before. */
  #changed = false
  #ended = Number.NEGATIVE_INFINITY
  #next: { readonly timer: NodeJS.Timeout; readonly due: number } | undefined
  #idle: NodeJS.Timeout | undefined

  constructor(options: CatalogWatchOptions) {
    this.#options = options
  }

  /** The newest snapshot, also where it is known to be stale; undefined: none that could be trusted. */
  get current(): SharedCatalog | undefined {
    return this.#held && performance.now() - this.#held.begun <= TRUSTED ? this.#held.catalog : undefined
  }

  /** A session begins to use it. @returns to be called when it ends */
  use(): () => void {
    this.#uses += 1
    clearTimeout(this.#idle)
    if (!this.#isFresh()) this.#schedule(0)
    else if (!this.#next) this.#schedule(REFRESH - (performance.now() - this.#held!.begun))
    let used = true
    return () => {
      if (!used) return
      used = false
      this.#uses -= 1
      if (this.#uses === 0) this.#rest()
    }
  }

  /** The catalog was changed: what was read before is old. */
  stale(): void {
    this.#generation += 1
    if (this.#uses > 0) this.#schedule(0)
  }

  /**
   * A snapshot whose reading began after the last `stale()` before this call. Never rejects.
   * @param deadline ms
   * @param age ms before this call that its reading may have begun at most: for a name that is not found, as others may have made it
   * @returns undefined where that takes too long, or readings fail
   */
  fresh(deadline: number, age = Number.POSITIVE_INFINITY): Promise<SharedCatalog | undefined> {
    if (this.#end.signal.aborted) return Promise.resolve(undefined)
    const since = performance.now() - age
    if (this.#isFresh() && this.#held!.begun >= since) return Promise.resolve(this.#held?.catalog)
    if (this.#failures > 0 && !this.#reading && performance.now() - this.#ended < DISCOURAGED) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        generation: this.#generation,
        since,
        settle: (catalog) => {
          clearTimeout(timer)
          this.#waiters.delete(waiter)
          resolve(catalog)
        },
      }
      const timer = setTimeout(() => waiter.settle(undefined), deadline)
      timer.unref()
      this.#waiters.add(waiter)
      this.#schedule(0)
    })
  }

  /** Ends a reading that is under way, and knows nothing any more. */
  close(): void {
    this.#end.abort()
    clearTimeout(this.#next?.timer)
    clearTimeout(this.#idle)
    this.#held = undefined
    for (const waiter of this.#waiters) waiter.settle(undefined)
  }

  #isFresh(): boolean {
    return this.#held?.generation === this.#generation && performance.now() - this.#held.begun <= REFRESH + PAUSE
  }

  /** Nobody uses it any more: what it knows is kept for whoever comes soon. */
  #rest(): void {
    clearTimeout(this.#next?.timer)
    this.#next = undefined
    if (this.#end.signal.aborted) return
    this.#idle = setTimeout(() => {
      this.close()
      this.#options.idle()
    }, IDLE)
    this.#idle.unref()
  }

  /** @param wait ms; an earlier reading that is due already stays so */
  #schedule(wait: number): void {
    if (this.#reading || this.#end.signal.aborted) return
    const now = performance.now()
    const due = Math.max(now + wait, this.#ended + PAUSE)
    if (this.#next && this.#next.due <= due) return
    clearTimeout(this.#next?.timer)
    const timer = setTimeout(() => void this.#read(), Math.max(0, due - now))
    timer.unref()
    this.#next = { timer, due }
  }

  async #read(): Promise<void> {
    this.#next = undefined
    this.#reading = true
    const generation = this.#generation
    const begun = performance.now()
    const failure = await this.#attempt(generation, begun)
    this.#reading = false
    if (this.#end.signal.aborted) return
    this.#ended = performance.now()
    this.#failures = failure ? this.#failures + 1 : 0
    this.#tell(failure, this.#ended - begun)
    for (const waiter of this.#waiters) {
      if (failure) waiter.settle(undefined)
      else if (waiter.generation <= generation && waiter.since <= begun) waiter.settle(this.#held?.catalog)
    }
    if (this.#waiters.size > 0) this.#schedule(0)
    else if (this.#uses === 0) return
    else if (failure) this.#schedule(Math.min(LONGEST_BACKOFF, PAUSE * 2 ** Math.min(this.#failures, 10)))
    else this.#schedule(this.#isFresh() ? REFRESH : 0)
  }

  /** @returns what it failed of */
  async #attempt(generation: number, begun: number): Promise<{ readonly error: unknown } | undefined> {
    const slow = new AbortController()
    const timer = setTimeout(() => slow.abort(), LONGEST)
    timer.unref()
    const signal = AbortSignal.any([this.#end.signal, slow.signal])
    // Not even one that does not listen may hold up the others.
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    try {
      const held = this.#held
      const { fingerprint, catalog } = await Promise.race([this.#options.read(signal, held?.fingerprint), aborted])
      // The same content is the same object: what was concluded from it stays true.
      const same = catalog === undefined || catalog.version === held?.catalog.version ? held?.catalog : undefined
      const next = same ?? catalog
      if (!next) return { error: undefined }
      this.#changed = next !== held?.catalog
      this.#held = { catalog: next, fingerprint, generation, begun }
      return undefined
    } catch (error) {
      return { error }
    } finally {
      clearTimeout(timer)
    }
  }

  #tell(failure: { readonly error: unknown } | undefined, ms: number): void {
    if (failure) {
      const { error } = failure
      this.#options.observer({ outcome: 'failed', ...(error instanceof CodedError ? { code: error.code } : {}), ms })
      return
    }
    const { version, relations } = this.#held!.catalog
    this.#options.observer({ outcome: 'read', version, relations, changed: this.#changed, ms })
  }
}
