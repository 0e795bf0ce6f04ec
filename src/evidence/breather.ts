import { setImmediate as nextTurn } from 'node:timers/promises'

/** Longer than this nobody else is kept waiting; ms. */
const AT_A_STRETCH_MS = 1

/** Much of the log is read by the thread that forwards operations: now and then it lets others go first. */
export class Breather {
  #since = performance.now()

  async breathe(): Promise<void> {
    if (performance.now() - this.#since < AT_A_STRETCH_MS) return
    await nextTurn()
    this.#since = performance.now()
  }
}
