/** The time that asking witnesses goes by; tests have their own. */
export interface WitnessClock {
  /** Milliseconds that never go back. */
  now(): number
  /** Runs once after so many milliseconds, unless cancelled; does not keep the process alive. */
  after(milliseconds: number, run: () => void): { cancel(): void }
}

export const systemClock: WitnessClock = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
