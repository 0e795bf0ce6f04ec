import { type ClientInfo, type Principal, Refusal, type Resource, type Run, type RunId } from '../operations/index.ts'
import { RunError } from './errors.ts'
import type { BegunRun, RunLifeCycle, RunLimits, RunObserver } from './life-cycle.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { LiveSession, RunState, Runs, RunView, SessionView } from './runs.ts'
import { Sessions } from './sessions.ts'

const MINUTE = 60_000
/** Expiry is noticed this often, so that a session ends within a second of it (ms). */
const SWEEP = 500
/** How many runs `runs()` lists at most. */
const LISTED = 1_000

export interface LiveRunsOptions {
  readonly store: RunStore
  readonly observer: RunObserver
  readonly limits?: RunLimits
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

/** The runs of this gateway: kept in the store, the live ones also in memory, so that asking for one costs a map look-up. */
export class LiveRuns implements Runs, RunLifeCycle {
  readonly #store: RunStore
  readonly #observer: RunObserver
  readonly #life: number
  readonly #longest: number
  readonly #now: () => number
  readonly #live = new Map<RunId, { readonly run: Run; expiresAt: number }>()
  readonly #starting = new Map<RunId, Promise<void>>()
  /** Runs that are over, but the store could not be told yet. */
  readonly #untold = new Map<RunId, Exclude<RunState, 'live'>>()
  readonly #sessions = new Sessions()
  readonly #sweep: NodeJS.Timeout
  #draining = false

  constructor(options: LiveRunsOptions) {
    this.#store = options.store
    this.#observer = options.observer
    this.#life = options.limits?.life ?? 15 * MINUTE
    this.#longest = options.limits?.longest ?? 24 * 60 * MINUTE
    this.#now = options.now ?? Date.now
    for (const { run, state, expiresAt } of this.#store.open()) {
      // A crash came between the row and its entry: nobody was given a credential.
      if (state === 'starting') this.#store.remove(run.id)
      else this.#live.set(run.id, { run, expiresAt })
    }
    this.#sweep = setInterval(() => this.#expire(), Math.min(SWEEP, this.#life)).unref()
  }

  async begin(start: Omit<Run, 'startedAt'>): Promise<BegunRun> {
    if (this.#draining) throw new RunError('GS_RUNS_DRAINING')
    const joined = await this.#enter(start)
    if (joined) this.#observer.joined(this.#lived(start.id).run)
    return { ...this.extend(start.id), joined }
  }

  extend(id: RunId): RunView {
    const live = this.#lived(id)
    const expiresAt = Math.min(this.#now() + this.#life, live.run.startedAt + this.#longest)
    // A heart-beat every few seconds need not cost a durable write each: a minute's drift only shortens a life after a crash.
    if (expiresAt - live.expiresAt >= Math.min(MINUTE, this.#life / 15)) {
      this.#store.update(id, { expiresAt })
      live.expiresAt = expiresAt
    }
    return this.#view({ ...live, state: 'live' })
  }

  end(id: RunId): boolean {
    return this.#finish(id, 'ended')
  }

  revoke(id: RunId): boolean {
    return this.#finish(id, 'revoked')
  }

  openSession(run: Run, resource: Resource, client: ClientInfo): LiveSession {
    if (this.#draining) throw new Refusal('GS_SESSION_ENDED', { reason: 'The gateway is stopping and accepts no new sessions.' })
    if (!this.#isLive(run.id)) throw new Refusal('GS_RUN_ENDED')
    return this.#sessions.open(run, resource, client, this.#now())
  }

  run(id: string): RunView | undefined {
    const live = this.#live.get(id as RunId)
    if (live) return this.#view({ ...live, state: 'live' })
    const stored = this.#store.find(id as RunId)
    return stored && stored.state !== 'starting' ? this.#view(this.#asKnown(stored)) : undefined
  }

  runs(): readonly RunView[] {
    // The live ones expire later than what is stored says.
    return this.#store.recent(LISTED).map((stored) => this.#view({ ...this.#asKnown(stored), ...this.#live.get(stored.run.id) }))
  }

  sessions(): readonly SessionView[] {
    return this.#sessions.views()
  }

  kill(sessionId: string): boolean {
    const killed = this.#sessions.end(sessionId, new Refusal('GS_SESSION_ENDED'))
    if (killed) this.#observer.killed(killed.view, killed.run)
    return killed !== undefined
  }

  drain(): Promise<void> {
    this.#draining = true
    return this.#sessions.drain()
  }

  endAll(reason: Refusal): void {
    this.#sessions.endAll(reason)
  }

  /** Stops the expiry sweep. Live runs stay in the store: they go on after a restart. */
  close(): void {
    clearInterval(this.#sweep)
  }

  /** Starts the run where nobody has. True where it was live, or another call started it meanwhile. */
  async #enter(start: Omit<Run, 'startedAt'>): Promise<boolean> {
    const starting = this.#starting.get(start.id)
    if (starting) await starting
    const known = this.#live.get(start.id)?.run ?? this.#store.find(start.id)?.run
    if (!known) {
      const run: Run = { ...start, startedAt: this.#now() }
      const started = this.#start(run).finally(() => this.#starting.delete(run.id))
      this.#starting.set(run.id, started)
      await started
      return false
    }
    if (!this.#isLive(start.id)) throw new RunError('GS_RUNS_OVER')
    // Joining must not lend one job the groups of another.
    if (!samePrincipal(known.principal, start.principal)) throw new RunError('GS_RUNS_OTHER_PRINCIPAL')
    return true
  }

  async #start(run: Run): Promise<void> {
    const expiresAt = run.startedAt + this.#life
    this.#store.insert({ run, state: 'starting', expiresAt })
    try {
      await this.#observer.started(run)
    } catch (error) {
      this.#store.remove(run.id)
      throw new RunError('GS_RUNS_NOT_RECORDED', { cause: error })
    }
    this.#store.update(run.id, { state: 'live' })
    this.#live.set(run.id, { run, expiresAt })
  }

  #isLive(id: RunId): boolean {
    const live = this.#live.get(id)
    return live !== undefined && live.expiresAt > this.#now()
  }

  #lived(id: RunId): { readonly run: Run; expiresAt: number } {
    const live = this.#live.get(id)
    if (!live || !this.#isLive(id)) throw new RunError('GS_RUNS_OVER')
    return live
  }

  /**
   * Durable first, then the sessions; what listens to their signals has run when this returns.
   * @throws what the store throws: then the run is over for this process all the same, and the sweep tells the store later
   */
  #finish(id: RunId, state: Exclude<RunState, 'live'>): boolean {
    const live = this.#live.get(id)
    if (!live) return false
    this.#live.delete(id)
    this.#untold.set(id, state)
    try {
      this.#tellStore()
    } finally {
      this.#sessions.endOf(id, new Refusal('GS_RUN_ENDED'))
      this.#observer.over(live.run, state)
    }
    return true
  }

  #tellStore(): void {
    for (const [id, state] of this.#untold) {
      this.#store.update(id, { state })
      this.#untold.delete(id)
    }
  }

  #expire(): void {
    const now = this.#now()
    const expired = [...this.#live].filter(([, { expiresAt }]) => expiresAt <= now)
    // Nobody would catch an error in a timer: it would end the process, and every other run with it.
    for (const act of [
      ...expired.map(
        ([id]) =>
          () =>
            this.#finish(id, 'expired'),
      ),
      () => this.#tellStore(),
    ]) {
      try {
        act()
      } catch {
        // The store cannot be written: the run is over in memory, and the next sweep tries again.
      }
    }
  }

  #asKnown(stored: StoredRun): StoredRun {
    return { ...stored, state: this.#untold.get(stored.run.id) ?? stored.state }
  }

  #view(stored: Pick<StoredRun, 'run' | 'expiresAt'> & { readonly state: RunState | 'starting' }): RunView {
    const over = stored.state === 'live' && stored.expiresAt <= this.#now()
    const state = over || stored.state === 'starting' ? 'expired' : stored.state
    return { run: stored.run, state, expiresAt: stored.expiresAt, sessions: this.#sessions.countOf(stored.run.id) }
  }
}

function samePrincipal(a: Principal, b: Principal): boolean {
  return (
    a.kind === b.kind &&
    a.issuer === b.issuer &&
    a.subject === b.subject &&
    JSON.stringify([...a.groups].sort()) === JSON.stringify([...b.groups].sort())
  )
}
