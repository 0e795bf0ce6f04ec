/** `setTimeout` takes no more; whoever is called earlier sets it again. */
const LONGEST_MS = 2 ** 31 - 1

/** One timer for any number of moments: it goes off at the earliest, and is set again for the next. */
export class Alarm {
  readonly #now: () => number
  readonly #due: () => number | undefined
  readonly #longest: number
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  /**
   * @param now ms since the epoch
   * @param due does what is due, and says when the next is; undefined where nothing is
   * @param longest how long it may not look, ms: for whom a clock that jumps must not be late
   */
  constructor(now: () => number, due: () => number | undefined, longest: number = LONGEST_MS) {
    this.#now = now
    this.#due = due
    this.#longest = longest
  }

  /** @param at ms since the epoch */
  noLaterThan(at: number): void {
    if (at >= this.#at) return
    this.#at = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#goOff(), Math.min(Math.max(0, at - this.#now()), this.#longest)).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#at = Number.NEGATIVE_INFINITY
  }

  #goOff(): void {
    this.#at = Number.POSITIVE_INFINITY
    const next = this.#due()
    if (next !== undefined) this.noLaterThan(next)
  }
}
