import { Counter } from './counter.ts'
import type { BudgetStore } from './store.ts'

/** What was counted is stored at most this often, ms; a crash forgets no more than that. */
const STORED_EVERY = 1_000
/** What is of no use any more is dropped this often, ms. */
const PRUNED_EVERY = 600_000
/** Longer than any run, ms: how long a count without a window is kept once nothing is added to it. */
const LIFETIME = 48 * 3_600_000

/** The counters that sessions use, in memory; all others are in the store alone. */
export class Counters {
  readonly #store: BudgetStore
  readonly #now: () => number
  readonly #used = new Map<string, Counter>()
  #timer: NodeJS.Timeout | undefined
  #pruned = 0

  constructor(store: BudgetStore, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** Every `take` needs its `leave`. @param window ms. @throws what the store throws */
  take(budget: string, subject: string, window: number | undefined): Counter {
    const key = `${budget}\n${subject}`
    let counter = this.#used.get(key)
    if (!counter) {
      counter = new Counter(budget, subject, window, this.#store.read(budget, subject))
      this.#used.set(key, counter)
    }
    counter.useWindow(window)
    counter.users++
    return counter
  }

  leave(counter: Counter): void {
    counter.users--
    this.#forget(counter)
  }

  /** Those in memory. */
  used(): Iterable<Counter> {
    return this.#used.values()
  }

  /** Something was counted: it is stored within a second. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), STORED_EVERY).unref()
  }

  /** Stores everything now, as far as the store can be written. */
  close(): void {
    clearTimeout(this.#timer)
    this.#flush()
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const now = this.#now()
    const changed = [...this.#used.values()].flatMap((counter) => counter.changed().map((slot) => ({ counter, slot })))
    try {
      this.#store.write(
        changed.map(({ counter, slot }) => ({
          budget: counter.budget,
          subject: counter.subject,
          goneAt: counter.goneAt(slot, now, LIFETIME),
          ends: slot.ends,
          operations: slot.operations,
          rows: slot.rows,
          bytes: slot.bytes,
          tokens: slot.tokens,
          money: slot.money,
          refusals: slot.refusals,
          approvalsAsked: slot.approvalsAsked,
        })),
      )
    } catch {
      // No room on the disk: nothing is forwarded either. What was counted is kept, and stored when there is.
      this.soon()
      return
    }
    for (const { slot } of changed) slot.changed = false
    for (const counter of [...this.#used.values()]) this.#forget(counter)
    this.#prune(now)
  }

  #forget(counter: Counter): void {
    if (counter.users === 0 && counter.changed().length === 0) this.#used.delete(`${counter.budget}\n${counter.subject}`)
  }

  #prune(now: number): void {
    if (now - this.#pruned < PRUNED_EVERY) return
    this.#pruned = now
    try {
      this.#store.prune(now)
    } catch {
      // The next one does it.
    }
  }
}
