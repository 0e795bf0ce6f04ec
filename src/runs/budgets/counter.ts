/** What is counted as it happens; runs at once are not, they are looked at. */
export const MEASURES = ['operations', 'rows', 'bytes', 'tokens', 'money', 'refusals', 'approvalsAsked'] as const
export type Measure = (typeof MEASURES)[number]

const nothing = (): Record<Measure, number> => ({ operations: 0, rows: 0, bytes: 0, tokens: 0, money: 0, refusals: 0, approvalsAsked: 0 })

/** A part of the window, as it is kept. */
export interface StoredSlot extends Readonly<Record<Measure, number>> {
  /** First moment that does not belong to it, ms since the epoch; what is in it leaves the window one window later. `FOREVER` for a whole run. */
  readonly ends: number
}

export interface Slot extends Record<Measure, number> {
  readonly ends: number
  /** Not yet stored. */
  changed: boolean
  /** Out of the window: its amounts are in no sum. */
  gone: boolean
}

/** What a window consists of. More make it more exact and cost more rows in the store. */
const PARTS = 60
/** `ends` where there is no window. */
export const FOREVER = Number.MAX_SAFE_INTEGER

/**
 * Sums over a sliding window in parts: what was counted stays in the sum for one window at least, and one part of it longer at most. So no
 * stretch of time as long as the window ever holds more than the sum that was looked at.
 */
export class Counter {
  readonly budget: string
  /** Whose it is, as it is kept: nothing personal. */
  readonly subject: string
  /** Sessions that count here. */
  users = 0
  /** What the trail was told of each measure, so that it is told once. */
  readonly told = new Map<Measure, 'warned' | 'exceeded'>()
  readonly #sum: Record<Measure, number> = nothing()
  /** Of the sum, what is an estimate of this process. */
  readonly #estimated: Record<Measure, number> = nothing()
  readonly #slots: Slot[]
  #window: number | undefined

  /** @param window ms; undefined for all time. @param stored parts of an earlier process; may be of another window */
  constructor(budget: string, subject: string, window: number | undefined, stored: readonly StoredSlot[]) {
    this.budget = budget
    this.subject = subject
    this.#window = window
    this.#slots = [...stored].sort((a, b) => a.ends - b.ends).map((slot) => ({ ...slot, changed: false, gone: false }))
    for (const slot of this.#slots) for (const measure of MEASURES) this.#sum[measure] += slot[measure]
  }

  /** The configuration has another window now. Parts stay as they were cut. */
  useWindow(window: number | undefined): void {
    this.#window = window
  }

  /** @param now ms since the epoch */
  sum(measure: Measure, now: number): number {
    this.#leave(now)
    return this.#sum[measure]
  }

  /** What of the sum is known, not estimated. */
  known(measure: Measure, now: number): number {
    return this.sum(measure, now) - this.#estimated[measure]
  }

  /** So much more of what was counted is an estimate, or, below zero, is none any more. */
  estimate(measure: Measure, more: number): void {
    this.#estimated[measure] += more
  }

  /** When so much of what is counted has left the window, ms since the epoch; undefined: never. @param amount above 0 */
  roomAt(measure: Measure, amount = 1): number | undefined {
    if (this.#window === undefined) return undefined
    let left = amount
    for (const slot of this.#slots) {
      if (slot.ends === FOREVER) return undefined
      left -= slot[measure]
      if (left <= 0) return slot.ends + this.#window
    }
    return undefined
  }

  /** @returns where it was counted */
  add(measure: Measure, amount: number, now: number): Slot {
    this.#leave(now)
    const slot = this.#slotAt(now)
    slot[measure] += amount
    slot.changed = true
    this.#sum[measure] += amount
    return slot
  }

  /** Undoes an `add`. */
  takeBack(slot: Slot, measure: Measure, amount: number): void {
    if (slot.gone) return
    slot[measure] -= amount
    slot.changed = true
    this.#sum[measure] -= amount
  }

  clear(measure: Measure): void {
    for (const slot of this.#slots) {
      if (slot[measure] === 0) continue
      slot[measure] = 0
      slot.changed = true
    }
    this.#sum[measure] = 0
    this.told.delete(measure)
  }

  changed(): readonly Slot[] {
    return this.#slots.filter((slot) => slot.changed)
  }

  /** When a part of it is of no use to anybody any more, ms since the epoch. @param lifetime how long a run may last, ms */
  goneAt({ ends }: Slot, now: number, lifetime: number): number {
    return ends === FOREVER ? now + lifetime : ends + (this.#window ?? lifetime)
  }

  #leave(now: number): void {
    if (this.#window === undefined) return
    for (;;) {
      const oldest = this.#slots[0]
      if (oldest === undefined || oldest.ends > now - this.#window) return
      this.#slots.shift()
      oldest.gone = true
      for (const measure of MEASURES) this.#sum[measure] -= oldest[measure]
    }
  }

  #slotAt(now: number): Slot {
    const newest = this.#slots.at(-1)
    if (this.#window === undefined) {
      if (newest?.ends === FOREVER) return newest
      return this.#begin(FOREVER)
    }
    // A clock that was set back counts on where it was: nothing leaves early.
    if (newest !== undefined && now < newest.ends) return newest
    const part = Math.max(1, Math.ceil(this.#window / PARTS))
    return this.#begin((Math.floor(now / part) + 1) * part)
  }

  #begin(ends: number): Slot {
    const slot: Slot = { ...nothing(), ends, changed: false, gone: false }
    this.#slots.push(slot)
    return slot
  }
}
