/** A destination that no resource names is told again after this, ms. */
const AGAIN_MS = 60_000
/** Destinations that are remembered, and how many of one run are told within that time: a flood at the proxy is no flood in the trail. */
const [REMEMBERED, MOST_OF_RUN] = [10_000, 100]

interface Authority {
  readonly host: string
  readonly port: number
}

/** Where runs wanted to go that no resource names: each is told once in a while. */
export class RefusedDestinations {
  readonly #tell: (run: string, authority: Authority) => void
  readonly #now: () => number
  /** When what was told last. */
  readonly #told = new Map<string, number>()
  readonly #perRun = new Map<string, { since: number; count: number }>()

  /** @param now milliseconds, monotonic */
  constructor(tell: (run: string, authority: Authority) => void, now: () => number = () => performance.now()) {
    this.#tell = tell
    this.#now = now
  }

  seen(run: string, authority: Authority): void {
    const now = this.#now()
    const key = `${run} ${authority.host}:${authority.port}`
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return
    const counted = this.#perRun.get(run)
    const mine = counted === undefined || now - counted.since >= AGAIN_MS ? { since: now, count: 0 } : counted
    if (mine.count >= MOST_OF_RUN) return
    mine.count += 1
    keep(this.#perRun, run, mine)
    keep(this.#told, key, now)
    this.#tell(run, authority)
  }
}

/** Forgets the oldest where there is no room for one more. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!)
  map.set(key, value)
}
