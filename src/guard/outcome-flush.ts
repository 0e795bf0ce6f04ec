/** Outcomes wait at most this long, in ms, so that many share one entry. */
const WAIT_MS = 100

/** One timer for all sessions: whoever has outcomes waiting is asked to write them. */
export class OutcomeFlush {
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  /** @param write called once, within 100 ms */
  soon(write: () => void): void {
    this.#waiting.add(write)
    this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS)
  }

  /** Writes everything that waits, now. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#flush()
  }

  #flush(): void {
    this.#timer = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const write of waiting) write()
  }
}
