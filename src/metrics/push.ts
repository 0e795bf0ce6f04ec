import { post } from '../outbound/index.ts'
import { MetricsError } from './errors.ts'
import type { OtlpMetrics } from './otlp-metrics.ts'

export interface PushOptions {
  readonly url: string
  /** Milliseconds between two. */
  readonly every: number
  /** Asked for each, so that what is secret in them can change. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>
  readonly metrics: () => Promise<OtlpMetrics>
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
}

export interface Push {
  /** How it stands: since the start, and why the last one was not taken. */
  readonly state: PushState
  /** Sends what there is once more, at most for so long (ms), and ends. */
  close(patience: number): Promise<void>
}

export interface PushState {
  readonly taken: number
  readonly failed: number
  /** ms since the epoch: the last that was taken, and when pushing began. */
  readonly lastTaken: number | undefined
  readonly since: number
  /** ms between two. */
  readonly every: number
  readonly error: MetricsError | undefined
}

/** OTLP/HTTP 1.x, "Failures": only these are tried again; here that is the next time, as what is cumulative misses nothing. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** A collector that wants to be left alone is, for this long at most; ms. */
const LONGEST_PAUSE = 300_000

/**
 * Sends metrics every so often. They are cumulative, so what one push could not tell the next one does: nothing is kept and nothing is sent twice. One at
 * a time; a collector that is down or slow costs nothing but its own answer.
 */
export function startPush({ url, every, headers, metrics, log }: PushOptions): Push {
  const ending = new AbortController()
  const since = Date.now()
  let taken = 0
  let failed = 0
  let lastTaken: number | undefined
  let error: MetricsError | undefined
  let inARow = 0
  let timer: NodeJS.Timeout | undefined

  /** @returns how long to wait for the next, ms */
  const once = async (signal: AbortSignal): Promise<number> => {
    try {
      const body = JSON.stringify(await metrics())
      const answer = await post(url, { headers: { 'content-type': 'application/json', ...(await headers()) }, body, signal })
      if (answer.status < 200 || answer.status > 299)
        return failure(`It answered ${answer.status}.`, AGAIN.has(answer.status), answer.retryAfter)
      const rejected = rejectedOf(answer.body)
      if (rejected > 0) return failure(`It rejected ${rejected} data points.`, true, undefined)
      if (error !== undefined) log.info({ url: hostOf(url) }, 'the collector takes metrics again')
      taken++
      inARow = 0
      error = undefined
      lastTaken = Date.now()
      return every
    } catch (cause) {
      if (ending.signal.aborted) return every
      return failure(cause instanceof Error ? `${cause.message}.` : '', true, undefined)
    }
  }
  const failure = (why: string, again: boolean, retryAfter: number | undefined): number => {
    failed++
    inARow++
    const first = error === undefined
    error = new MetricsError('GS_METRICS_PUSH_FAILED', `The collector did not take the metrics. ${why}`.trim())
    if (first) log.warn({ code: error.code, next: error.next, url: hostOf(url) }, error.message)
    if (retryAfter !== undefined) return Math.min(Math.max(retryAfter, every), LONGEST_PAUSE)
    // One that refuses is asked less and less often.
    return again ? every : Math.max(every, Math.min(LONGEST_PAUSE, every * 2 ** Math.min(inARow, 10)))
  }
  let running: Promise<unknown> = Promise.resolve()
  const later = (ms: number) => {
    timer = setTimeout(() => {
      running = once(ending.signal).then((next) => !ending.signal.aborted && later(next))
    }, ms)
    timer.unref()
  }
  later(Math.min(every, 1_000))

  return {
    get state() {
      return { taken, failed, lastTaken, since, every, error }
    },
    async close(patience) {
      clearTimeout(timer)
      ending.abort()
      await running.catch(() => undefined)
      // What happened since the last one; a collector that failed is not waited for.
      if (error === undefined && patience > 0) await once(AbortSignal.timeout(patience))
    },
  }
}

/** `partialSuccess.rejectedDataPoints`, an int64 that JSON may hold as a string. */
function rejectedOf(body: Buffer): number {
  try {
    const said = JSON.parse(body.toString('utf8')) as { partialSuccess?: { rejectedDataPoints?: unknown } } | null
    const rejected = Number(said?.partialSuccess?.rejectedDataPoints ?? 0)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
}

/** Paths and queries may hold tokens. */
const hostOf = (url: string) => new URL(url).host
