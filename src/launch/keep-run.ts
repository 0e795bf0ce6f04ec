import { setTimeout as sleep } from 'node:timers/promises'

/** A heart-beat, as the gateway answers it. */
export type Beat =
  | { readonly state: 'live' /** Seconds. */; readonly expiresIn: number; readonly suspended: boolean }
  /** Nothing brings it back. */
  | { readonly state: 'over'; readonly why: string }

export interface KeptRun {
  /** @throws where the gateway cannot be reached, or cannot say now: then it is tried again */
  renew(): Promise<Beat>
}

/** What a launcher is told of its run. */
export interface RunWatcher {
  /** It could not be renewed. @param until when it is over unless that comes right, ms since the epoch */
  unreachable(error: Error, until: number): void
  reachable(): void
  /** It is live, and may do nothing until a person resumes it; or may again. */
  suspended(is: boolean): void
  /** It is over. Nothing is called after this. */
  over(why: string): void
}

export interface KeepingTimes {
  /** ms; a run is renewed when a third of its life is over, and not more often or seldom than this. */
  readonly soonest: number
  readonly latest: number
  /** ms between attempts while the gateway does not answer, at first and at most. */
  readonly retry: number
  readonly longestRetry: number
}

const TIMES: KeepingTimes = { soonest: 1_000, latest: 30_000, retry: 1_000, longestRetry: 15_000 }

/**
 * Renews a run until it is over or told to stop. A gateway that restarts, or a network that is away for a while, ends nothing before the
 * run's own time is over.
 * @param expiresIn seconds that it has now
 * @param signal aborts when it need not be kept any more
 */
export async function keepRun(
  run: KeptRun,
  expiresIn: number,
  watcher: RunWatcher,
  signal: AbortSignal,
  times: KeepingTimes = TIMES,
): Promise<void> {
  let until = Date.now() + expiresIn * 1000
  // At once: from then on it lives for as long as its launcher has asked for.
  let wait = 0
  let failures = 0
  let isSuspended = false
  for (;;) {
    try {
      await sleep(Math.min(wait, Math.max(0, until - Date.now()) + 1), undefined, { signal })
    } catch {
      return
    }
    try {
      const beat = await run.renew()
      if (signal.aborted) return
      if (beat.state === 'over') return watcher.over(beat.why)
      if (failures > 0) watcher.reachable()
      failures = 0
      if (beat.suspended !== isSuspended) {
        isSuspended = beat.suspended
        watcher.suspended(isSuspended)
      }
      until = Date.now() + beat.expiresIn * 1000
      wait = pause(beat.expiresIn, times)
    } catch (error) {
      if (signal.aborted) return
      if (Date.now() >= until) return watcher.over('its time is over, and the gateway could not be reached to renew it')
      if (failures === 0) watcher.unreachable(error as Error, until)
      wait = Math.min(times.retry * 2 ** failures, times.longestRetry)
      failures++
    }
  }
}

function pause(expiresIn: number, { soonest, latest }: KeepingTimes): number {
  return Math.min(Math.max((expiresIn * 1000) / 3, soonest), latest)
}
