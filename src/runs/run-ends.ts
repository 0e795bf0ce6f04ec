import type { Run, RunId } from '../operations/index.ts'
import type { RunObserver, RunOver } from './life-cycle.ts'
import type { RunAccount } from './run-account.ts'
import type { RunChange, RunStore, StoredRun } from './run-store.ts'
import type { RunState } from './runs.ts'

/** What became of runs, until store and trail say so. */
export class RunEnds {
  readonly #store: RunStore
  readonly #observer: RunObserver
  readonly #recording = new Map<RunId, Promise<void>>()
  /** What became of them, where the store could not be told yet. */
  readonly #untold = new Map<RunId, RunChange>()

  constructor(store: RunStore, observer: RunObserver) {
    this.#store = store
    this.#observer = observer
  }

  /** Has the store know what became of a run. @throws what the store throws: then `tellStore` tells it later */
  tell(id: RunId, change: RunChange): void {
    this.#untold.set(id, { ...this.#untold.get(id), ...change })
    this.tellStore()
  }

  /** @throws what the store throws */
  tellStore(): void {
    for (const [id, change] of this.#untold) {
      this.#store.update(id, change)
      this.#untold.delete(id)
    }
  }

  /** Has the trail say that a run is over, and the store where. Where that cannot be, the next start tries again. */
  record(run: Run, state: Exclude<RunState, 'live'>, account: RunAccount, how: RunOver = { interrupted: false }): void {
    const recorded = this.#observer
      .over(run, state, account, how)
      .then((ended) => this.tell(run.id, { ended }))
      .catch(() => undefined)
      .finally(() => this.#recording.delete(run.id))
    this.#recording.set(run.id, recorded)
  }

  /** Resolves when the trail says that this run is over, or when that is not going on. */
  recorded(id: RunId): Promise<void> {
    return this.#recording.get(id) ?? Promise.resolve()
  }

  /** The same for all runs. */
  async allRecorded(): Promise<void> {
    await Promise.all(this.#recording.values())
  }

  /** With what the store does not know yet. */
  asKnown(stored: StoredRun): StoredRun {
    return { ...stored, ...this.#untold.get(stored.run.id) }
  }
}
