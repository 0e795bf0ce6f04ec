/** The two clocks of a machine, in milliseconds with fractions. */
export interface TrailClock {
  /** Since the epoch; may be set back and forth. */
  wall(): number
  /** Since some moment; never goes back. */
  monotonic(): number
}

export const systemClock: TrailClock = { wall, monotonic: () => performance.now() }

/**
 * `Date.now()` has whole milliseconds only: whoever runs on from it is up to one behind it later. Its fraction is known from the moment at which the process
 * began, as long as nobody has set the clock since. Where it is not known, it is taken for the next one: nothing is recorded of a moment before it was.
 */
function wall(): number {
  const whole = Date.now()
  const exact = performance.timeOrigin + performance.now()
  // Between the two readings the next millisecond may begin.
  return exact >= whole && exact < whole + 2 ? exact : whole + 1
}

/** A difference between the clocks beyond this, in ms, is a step and not drift. */
const STEP_MS = 1000

const NS_PER_MS = 1_000_000

/**
 * Gives each entry its time. It runs on the monotonic clock from one reading of the wall clock, so that time never goes back within a boot:
 * where the wall clock jumps ahead, time follows; where it is set back, time runs on, and the difference is told once.
 */
export class EntryClock {
  readonly #clock: TrailClock
  /** Wall clock minus monotonic clock, as whole milliseconds and the nanoseconds beyond, so that nanoseconds stay exact. */
  #anchorMs: number
  readonly #anchorNs: number
  /** What the wall clock said beyond our time when we last looked; a further step is one against this. */
  #known = 0
  #second = Number.NaN
  #prefix = ''

  constructor(clock: TrailClock) {
    this.#clock = clock
    // The wall clock is read last: time may be ahead of it by what lies between the two, and is never behind.
    const monotonic = clock.monotonic()
    const anchor = clock.wall() - monotonic
    this.#anchorMs = Math.floor(anchor)
    this.#anchorNs = Math.ceil((anchor - this.#anchorMs) * NS_PER_MS)
  }

  /** RFC 3339 in UTC with nanoseconds. */
  now(): string {
    const monotonic = this.#clock.monotonic()
    const wholeMs = Math.floor(monotonic)
    const ns = this.#anchorNs + Math.floor((monotonic - wholeMs) * NS_PER_MS)
    const ms = this.#anchorMs + wholeMs + Math.floor(ns / NS_PER_MS)
    const second = Math.floor(ms / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20)
    }
    const nanoseconds = (ms - second * 1000) * NS_PER_MS + (ns % NS_PER_MS)
    return `${this.#prefix}${String(1_000_000_000 + nanoseconds).slice(1)}Z`
  }

  /** Looks at the wall clock. @returns by how many ms it was set ahead (or, below 0, back) since the last look; undefined where it was not */
  step(): number | undefined {
    const ahead = Math.round(this.#clock.wall() - (this.#anchorMs + this.#anchorNs / NS_PER_MS + this.#clock.monotonic()))
    const step = ahead - this.#known
    if (Math.abs(step) <= STEP_MS) return undefined
    if (ahead > 0) this.#anchorMs += ahead
    this.#known = Math.min(ahead, 0)
    return step
  }
}
