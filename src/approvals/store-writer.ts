import type { ApprovalStore, StoreChange } from './approval-store.ts'

/** What could not be written is tried again after so many ms. */
const AGAIN_MS = 1_000

interface Waiting {
  readonly change: StoreChange
  /** Absent: it is written sooner or later. */
  readonly written?: { resolve(): void; reject(error: unknown): void }
}

/** Writes what comes within one turn at once: a thousand requests that end together cost one wait for the disk. */
export class StoreWriter {
  readonly #store: ApprovalStore
  #waiting: Waiting[] = []
  #soon: NodeJS.Immediate | undefined
  #again: NodeJS.Timeout | undefined

  constructor(store: ApprovalStore) {
    this.#store = store
  }

  /** Resolves when it is durable; where it rejects, nothing was written. */
  written(change: StoreChange): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#add({ change, written: { resolve, reject } })
    return promise
  }

  /** As soon as can be; again and again where it cannot. */
  later(change: StoreChange): void {
    this.#add({ change })
  }

  /** Durable when it returns, with all that came before. @throws what the store throws: then nothing of it was written */
  now(...changes: readonly StoreChange[]): void {
    const before = this.#take()
    try {
      this.#store.write([...before.map(({ change }) => change), ...changes])
    } catch (error) {
      this.#failed(before, error)
      throw error
    }
    for (const { written } of before) written?.resolve()
  }

  /** Writes what waits, as far as that can be done now. */
  flush(): void {
    const before = this.#take()
    if (before.length === 0) return
    try {
      this.#store.write(before.map(({ change }) => change))
    } catch (error) {
      this.#failed(before, error)
      return
    }
    for (const { written } of before) written?.resolve()
  }

  close(): void {
    this.flush()
    clearTimeout(this.#again)
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting)
    if (this.#again === undefined) this.#soon ??= setImmediate(() => this.flush())
  }

  #take(): readonly Waiting[] {
    if (this.#soon) clearImmediate(this.#soon)
    clearTimeout(this.#again)
    this.#soon = undefined
    this.#again = undefined
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  /** Those who wait are told; a change of what was not inserted then has nothing to change. */
  #failed(waiting: readonly Waiting[], error: unknown): void {
    for (const { written } of waiting) written?.reject(error)
    this.#waiting = [...waiting.filter(({ written }) => !written), ...this.#waiting]
    if (this.#waiting.length > 0) this.#again ??= setTimeout(() => this.flush(), AGAIN_MS).unref()
  }
}
