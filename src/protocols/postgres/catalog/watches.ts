import type { PostgresTarget } from '../target.ts'
import { readCatalog } from './read-catalog.ts'
import type { SharedCatalog } from './shared-catalog.ts'
import { type CatalogReading, CatalogWatch } from './watch.ts'

/** Which database it is about. */
export interface WatchedDatabase {
  /** Name of the resource. */
  readonly resource: string
  /** Where it is: a resource that is moved is another target. */
  readonly at: string
  /** The target's own name of the database. */
  readonly database: string
}

export interface CatalogWatchesOptions {
  /** Logs in for the gateway itself. */
  connect(of: WatchedDatabase, signal: AbortSignal): Promise<PostgresTarget>
  /** Told of every reading, which the gateway does on its own connection. */
  observer(of: WatchedDatabase, reading: CatalogReading): void
}

/** The catalog of a database as one session has it, until it closes it. */
export interface UsedCatalog {
  /** The newest snapshot, also where it is known to be stale; undefined: none that could be trusted. */
  readonly current: SharedCatalog | undefined
  /** The catalog was changed. */
  stale(): void
  /** @see CatalogWatch.fresh */
  fresh(deadline: number, age?: number): Promise<SharedCatalog | undefined>
  close(): void
}

/** One watch per resource and database, shared by all sessions there. */
export class CatalogWatches {
  readonly #options: CatalogWatchesOptions
  readonly #watches = new Map<string, CatalogWatch>()

  constructor(options: CatalogWatchesOptions) {
    this.#options = options
  }

  /** A session begins to use the catalog of its database. Reading starts at once where there is none. */
  open(of: WatchedDatabase): UsedCatalog {
    const key = JSON.stringify([of.resource, of.at, of.database])
    let watch = this.#watches.get(key)
    if (!watch) {
      watch = new CatalogWatch({
        read: (signal, known) => readCatalog((until) => this.#options.connect(of, until), signal, known),
        observer: (reading) => this.#options.observer(of, reading),
        idle: () => this.#watches.delete(key),
      })
      this.#watches.set(key, watch)
    }
    const used = watch
    return {
      get current() {
        return used.current
      },
      stale: () => used.stale(),
      fresh: (deadline, age) => used.fresh(deadline, age),
      close: used.use(),
    }
  }

  /** Ends every reading. */
  close(): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
  }
}
