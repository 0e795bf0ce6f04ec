import type { ReadOrder } from './parse-thread.ts'
import type { Reading } from './read-text.ts'

/** ms for which a text that took too long is remembered of whoever sent it. */
const MEMORY = 30_000
/** Texts within that time from which on whoever sent them has to pause. */
const STRIKES = 3
/** ms in which nothing of theirs is read. */
const PAUSE = 5_000

/** What is remembered of whoever sends texts: all sessions of a run have one, so that opening another session forgets nothing. */
export class Standing {
  /** When texts took too long, ms. */
  #strikes: number[] = []

  /** A text took too long. */
  strike(now: number): void {
    this.#strikes = [...this.#strikes.filter((at) => now - at < MEMORY), now].slice(-STRIKES)
  }

  /** It took too long lately: its sessions get no more than one thread together with all others of their kind. */
  suspect(now: number): boolean {
    const last = this.#strikes.at(-1)
    return last !== undefined && now - last < MEMORY
  }

  /** It took too long again and again: for a while nothing of it is read at all. */
  paused(now: number): boolean {
    const first = this.#strikes.at(-STRIKES)
    return first !== undefined && now - first < MEMORY && now - this.#strikes.at(-1)! < PAUSE
  }
}

export interface Job {
  readonly order: ReadOrder
  readonly done: (reading: Reading) => void
  /** When it was handed over, ms. */
  readonly since: number
  /** It is refused where nobody has time for it. */
  patience: NodeJS.Timeout | undefined
}

/** What one session has waiting: one text of it is read at a time. */
export class Share {
  readonly standing: Standing
  readonly waiting: Job[] = []
  /** One of its texts is with a thread, or it is in line for one. */
  inLine = false

  constructor(standing = new Standing()) {
    this.standing = standing
  }
}
