import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Pace } from '../../search/index.ts'

/** One piece of work at a time, ms: what else is asked of this thread waits no longer than that. */
const SLICE_MS = 2
/** Of its thread's time the indexer takes a quarter at most while nobody waits for it. */
const REST = 3
/** A longer piece than this was mostly waiting, ms. */
const LONGEST_MS = 20

/** A pace that leaves the machine to those who forward operations. */
export function considerate(): Pace {
  let since = performance.now()
  return {
    rest(hurried) {
      const worked = performance.now() - since
      if (worked < SLICE_MS) return undefined
      const rested = hurried ? setImmediate() : sleep(Math.min(worked, LONGEST_MS) * REST)
      return rested.then(() => {
        since = performance.now()
      })
    },
    wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    later: (ms, then) => void setTimeout(then, ms).unref(),
  }
}
