import type { Outcome } from '../operations/index.ts'
import type { Admission } from './guard.ts'

/** An admitted operation until it is settled. */
export class OpenOperation implements Admission {
  /** Its number within the session. */
  readonly number: number
  readonly #startedAt = performance.now()
  readonly #settled: (operation: OpenOperation, outcome: Outcome, microseconds: number) => void
  #rows = 0
  #bytes = 0
  #state: 'open' | 'settled' | 'abandoned' = 'open'

  constructor(number: number, settled: (operation: OpenOperation, outcome: Outcome, microseconds: number) => void) {
    this.number = number
    this.#settled = settled
  }

  charge(rows: number, bytes: number): void {
    this.#rows += rows
    this.#bytes += bytes
  }

  settle(ending: Pick<Outcome, 'status' | 'sqlstate'>): void {
    if (this.#state === 'settled') throw new Error('an operation is settled once')
    // Whoever was left behind by the end of the session says nothing new.
    if (this.#state === 'abandoned') return
    this.#state = 'settled'
    const microseconds = Math.round((performance.now() - this.#startedAt) * 1000)
    this.#settled(this, { ...ending, rows: this.#rows, bytes: this.#bytes }, microseconds)
  }

  /** Its session ends first: nobody knows what became of it. */
  abandon(): void {
    this.settle({ status: 'unknown' })
    this.#state = 'abandoned'
  }
}
