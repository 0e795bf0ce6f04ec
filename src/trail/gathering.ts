import { performance } from 'node:perf_hooks'

/** Whoever waited in a batch this long ago is expected again; for as long again at most, ms. */
const RECENT_MS = 20

/** So many share a write whose part for each is small: what they wait for more costs them more than it saves. */
const ENOUGH = 8

/** No batch waits for that many beyond this, ms: about what a few small writes take. */
const MOST_MS = 0.5

/** A batch that has enough, and fewer than the one before, is given as many turns, as long as each brings one more. */
const MORE_TURNS = 3

/** The event loop, as far as gathering looks at it. */
export interface Loop {
  /** Of the monotonic clock, ms. */
  now(): number
  /** What its turns have brought so far, for whomever: sockets to read, connections, messages of threads. */
  events(): number
}

export const thisLoop: Loop = {
  now: () => performance.now(),
  events: () => performance.nodeTiming.uvMetricsInfo.events,
}

/**
 * When a batch has gathered enough. A write costs the same for one entry as for twenty and nothing else runs meanwhile, so it pays to read first what is
 * there to be read: a batch waits, turn by turn, for as many waiters as any of the last ones had, or eight. Not behind a turn that brought nothing, nor
 * beyond half a millisecond; and who is alone, with idle sessions or without, never waits.
 */
export class Gathering {
  readonly #loop: Loop
  /** The most waiters of a batch in this stretch of time, and in the one before; of the last batch. */
  #most = 0
  #mostBefore = 0
  #last = 0
  #since = Number.NEGATIVE_INFINITY
  /** Of this batch: how many waited a turn ago, how many turns it was given beyond enough, and when it began. */
  #seen = 0
  #turns = 0
  #began = 0
  #begins = true
  /** How much had come by the turn before. */
  #events = 0

  constructor(loop: Loop = thisLoop) {
    this.#loop = loop
  }

  /** The first entry of a batch was staged. */
  begin(): void {
    this.#begins = true
    this.#seen = 0
    this.#turns = 0
  }

  /**
   * Asked at the end of each turn, from the one on in which the batch began.
   *
   * @param waiters whom the batch keeps waiting so far
   * @returns whether it should wait for another turn
   */
  waits(waiters: number): boolean {
    const now = this.#loop.now()
    this.#forget(now)
    const expected = Math.max(this.#most, this.#mostBefore)
    if (expected <= 1) return false
    return waiters < Math.min(expected, ENOUGH) ? this.#isBusy(now) : this.#brings(waiters)
  }

  #isBusy(now: number): boolean {
    const events = this.#loop.events()
    if (this.#begins) this.#began = now
    const busy = this.#begins || events !== this.#events
    this.#begins = false
    this.#events = events
    return busy && now - this.#began < MOST_MS
  }

  #brings(waiters: number): boolean {
    if (waiters >= this.#last || waiters === this.#seen || this.#turns === MORE_TURNS) return false
    this.#seen = waiters
    this.#turns++
    return true
  }

  /** A batch is written. @param waiters whom it kept waiting */
  writes(waiters: number): void {
    this.#forget(this.#loop.now())
    if (waiters > this.#most) this.#most = waiters
    this.#last = waiters
  }

  #forget(now: number): void {
    const passed = now - this.#since
    if (passed < RECENT_MS) return
    this.#mostBefore = passed < 2 * RECENT_MS ? this.#most : 0
    this.#most = 0
    this.#since = now
  }
}
