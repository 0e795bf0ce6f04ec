/** One series that only grows. Adding to it is all that the path of an operation pays. */
export interface Tally {
  value: number
}

/** One series of how long something took, in seconds. */
export class Timing {
  /** How many were at most the bound of the same place, and above the one before it; the last: above all. */
  readonly counts: Float64Array
  sum = 0
  readonly #bounds: readonly number[]

  /** @param bounds ascending, seconds */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** @param ms what is no time at all counts as none */
  observe(ms: number): void {
    const seconds = ms > 0 ? ms / 1_000 : 0
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && seconds > (bounds[at] as number)) at++
    this.counts[at] = (this.counts[at] as number) + 1
    this.sum += seconds
  }
}

/** A family has no more series than this: what comes then is counted as `other`, so that no mistake elsewhere can fill the memory of whoever scrapes. */
export const MOST_SERIES = 5_000
const OTHER = 'other'

/** The series of one family, by the values of its labels. */
export class Series<Cell> {
  readonly #byValues = new Map<string, readonly [values: readonly string[], cell: Cell]>()
  readonly #make: () => Cell

  constructor(make: () => Cell) {
    this.#make = make
  }

  /** @param values one per label; bounded by the configuration, or by us */
  at(...values: readonly string[]): Cell {
    const key = values.join('\u0000')
    const known = this.#byValues.get(key)
    if (known) return known[1]
    const isFull = this.#byValues.size >= MOST_SERIES && values.some((value) => value !== OTHER)
    if (isFull) return this.at(...values.map(() => OTHER))
    const cell = this.#make()
    this.#byValues.set(key, [values, cell])
    return cell
  }

  all(): Iterable<readonly [values: readonly string[], cell: Cell]> {
    return this.#byValues.values()
  }
}
