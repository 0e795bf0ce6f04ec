/** First and longest pause, ms: a gateway that restarts is found again in time for what waits at it. */
const [FIRST_MS, LONGEST_MS] = [200, 2_000]

/** Pauses between tries: twice as long each time, of which a random half is left out so that many connectors do not come at once. */
export function backOff(random: () => number = Math.random) {
  let pause = FIRST_MS
  return {
    next(): number {
      const now = pause
      pause = Math.min(pause * 2, LONGEST_MS)
      return now * (0.5 + random() / 2)
    },
    reset(): void {
      pause = FIRST_MS
    },
  }
}
