import type { KeyStore } from './key-store.ts'
import type { TrailLog } from './trail-log.ts'
import type { LogEnd } from './write-ahead.ts'

const SAVE_MS = 1000

/** Tells the key store once a second how far the log is durable, and from where open sessions can be found after a crash. */
export class SavedState {
  readonly #store: KeyStore
  readonly #end: () => LogEnd
  readonly #log: TrailLog
  /** Open sessions and a segment that their `session.open` is in, or behind; the oldest first. */
  readonly #sessions = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #savedBatches = -1

  /** @param end where the durable part of the log ends now */
  constructor(store: KeyStore, end: () => LogEnd, log: TrailLog) {
    this.#store = store
    this.#end = end
    this.#log = log
  }

  opened(session: string): void {
    this.#sessions.set(session, this.#end().segment)
  }

  closed(session: string): void {
    this.#sessions.delete(session)
  }

  /** Saves now and from now on. */
  start(): void {
    this.#save(false)
    this.#timer = setInterval(() => this.#save(false), SAVE_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Saves that the log was closed in order. */
  saveClean(): void {
    this.#save(true)
  }

  #save(clean: boolean): void {
    const { segment, offset, batches, entries, mac } = this.#end()
    if (!clean && batches === this.#savedBatches) return
    this.#savedBatches = batches
    const [openFrom = segment] = this.#sessions.values()
    try {
      this.#store.saveState({ segment, offset, batches, entries, mac, openFrom, clean })
    } catch (error) {
      // An older state only makes the next start look at more.
      this.#log.warn({ cause: (error as Error).message }, 'the state of the trail could not be saved')
    }
  }
}
