import type { Counter, Measure, Slot } from './counter.ts'

/** What one operation takes of one measure of one budget, before and after it is known. All of it is in the sum from the beginning. */
export class Estimate {
  readonly counter: Counter
  readonly measure: Measure
  /** Where it is counted; newest last. */
  readonly #parts: { readonly slot: Slot; amount: number }[]
  #total: number
  #known = false

  /** @param slot where `amount` was counted just now */
  constructor(counter: Counter, measure: Measure, slot: Slot, amount: number) {
    this.counter = counter
    this.measure = measure
    this.#parts = [{ slot, amount }]
    this.#total = amount
    counter.estimate(measure, amount)
  }

  /** @param real what it came to @param now ms since the epoch */
  becomes(real: number, now: number): void {
    this.settle()
    const more = real - this.#total
    this.#total = real
    if (more > 0) this.#parts.push({ slot: this.counter.add(this.measure, more, now), amount: more })
    else this.#giveBack(-more)
  }

  /** It stays as it is. */
  settle(): void {
    if (this.#known) return
    this.#known = true
    this.counter.estimate(this.measure, -this.#total)
  }

  /** It came to nothing. */
  release(): void {
    this.settle()
    this.#giveBack(this.#total)
    this.#total = 0
  }

  #giveBack(amount: number): void {
    let left = amount
    for (let last = this.#parts.at(-1); last !== undefined && left > 0; last = this.#parts.at(-1)) {
      const back = Math.min(left, last.amount)
      this.counter.takeBack(last.slot, this.measure, back)
      last.amount -= back
      left -= back
      if (last.amount === 0) this.#parts.pop()
    }
  }
}
