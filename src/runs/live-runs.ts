import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ClientInfo, type Principal, Refusal, type Resource, type Run, type RunId, type UsageSum } from '../operations/index.ts'
import type { BudgetCrossing, BudgetSettings, BudgetShare, Budgets } from './budgets/index.ts'
import { RunError } from './errors.ts'
import type { BegunRun, RunLifeCycle, RunLimits, RunObserver } from './life-cycle.ts'
import { type LogPlace, type ResourceShare, RunAccount } from './run-account.ts'
import { RunEnds } from './run-ends.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { LiveSession, RunPlaces, RunState, Runs, RunView, SessionView } from './runs.ts'
import { Sessions } from './sessions.ts'
import { Standing, type Suspension } from './standing.ts'

const MINUTE = 60_000
/** Expiry is noticed this often, so that a session ends within a second of it (ms). */
const SWEEP = 500
/** How long `places` waits for the end of a run to be recorded, ms. */
const RECORDED_WITHIN = 5_000
/** Runs that `forget` looks at before others have their turn. */
const FORGOTTEN_AT_ONCE = 500
/** Of how many runs that are over it is known what they came to. */
const REMEMBERED = 1_000
/** How many runs `runs()` lists at most. */
const LISTED = 1_000

export interface LiveRunsOptions {
  readonly store: RunStore
  readonly observer: RunObserver
  readonly budgets: Budgets
  readonly limits?: RunLimits
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

interface LiveRun {
  readonly run: Run
  readonly account: RunAccount
  readonly standing: Standing
  expiresAt: number
}

/** The runs of this gateway: kept in the store, the live ones also in memory, so that asking for one costs a map look-up. */
export class LiveRuns implements Runs, RunLifeCycle {
  readonly #store: RunStore
  readonly #observer: RunObserver
  readonly #budgets: Budgets
  readonly #life: number
  readonly #longest: number
  readonly #now: () => number
  readonly #live = new Map<RunId, LiveRun>()
  readonly #starting = new Map<RunId, { readonly run: Run; readonly done: Promise<void> }>()
  readonly #ends: RunEnds
  /** What those came to that are over, the newest last. */
  readonly #accounts = new Map<RunId, RunAccount>()
  readonly #sessions = new Sessions()
  readonly #sweep: NodeJS.Timeout
  #draining = false

  constructor(options: LiveRunsOptions) {
    this.#store = options.store
    this.#observer = options.observer
    this.#budgets = options.budgets
    this.#ends = new RunEnds(options.store, options.observer)
    this.#life = options.limits?.life ?? 15 * MINUTE
    this.#longest = options.limits?.longest ?? 24 * 60 * MINUTE
    this.#now = options.now ?? Date.now
    for (const stored of this.#store.open()) {
      if (stored.state === 'starting') this.#takeUp(stored)
      else this.#live.set(stored.run.id, this.#takenUp(stored))
    }
    for (const stored of this.#store.unended()) {
      const { account } = this.#takenUp(stored)
      this.#remember(stored.run.id, account)
      this.#ends.record(stored.run, stored.state as Exclude<RunState, 'live'>, account, { interrupted: true })
    }
    this.#sweep = setInterval(() => this.#expire(), Math.min(SWEEP, this.#life)).unref()
  }

  async begin(start: Omit<Run, 'startedAt'>): Promise<BegunRun> {
    if (this.#draining) throw new RunError('GS_RUNS_DRAINING')
    const joined = await this.#enter(start)
    if (joined) {
      const { run, account } = this.#lived(start.id)
      this.#observer.joined(run, account)
    }
    return { ...this.extend(start.id), joined }
  }

  extend(id: RunId, lease?: number): RunView {
    const live = this.#lived(id)
    const expiresAt = this.#expiryOf(live.run, lease)
    // A heart-beat every few seconds need not cost a durable write each: a minute's drift only shortens a life after a crash.
    const drift = Math.min(MINUTE, lease === undefined ? this.#life / 15 : Math.min(lease, this.#life) / 5)
    if (expiresAt < live.expiresAt || expiresAt - live.expiresAt >= drift) {
      this.#store.update(id, { expiresAt })
      live.expiresAt = expiresAt
    }
    return this.#view({ ...live, state: 'live' })
  }

  end(id: RunId): boolean {
    return this.#finish(id, 'ended')
  }

  revoke(id: RunId, by: string): boolean {
    return this.#finish(id, 'revoked', by)
  }

  async resume(id: RunId, by: string): Promise<boolean> {
    const live = this.#live.get(id)
    const suspension = live?.standing.suspension
    if (!live || !suspension || !this.#isLive(id)) return false
    await this.#observer.resumed(live.run, live.account, by)
    // It may be over by now, or somebody else resumed it and it was suspended again.
    if (this.#live.get(id) !== live || live.standing.suspension !== suspension) return false
    this.#budgets.forgive(live.run)
    this.#ends.tell(id, { suspended: null })
    live.standing.resume()
    return true
  }

  /** From now on these budgets hold, also for what is live. @param settings as configured */
  useBudgets(settings: readonly BudgetSettings[]): void {
    this.#budgets.use(settings)
  }

  /** Of every limit how much is used up where most of it is. */
  budgetShares(): readonly BudgetShare[] {
    return this.#budgets.shares(this.live())
  }

  openSession(run: Run, resource: Resource, client: ClientInfo): LiveSession {
    if (this.#draining) throw new Refusal('GS_SESSION_ENDED', { reason: 'The gateway is stopping and accepts no new sessions.' })
    const live = this.#live.get(run.id)
    if (!live || !this.#isLive(run.id)) throw new Refusal('GS_RUN_ENDED')
    const budget = this.#budgets.open(run, resource, live.standing)
    return this.#sessions.open(run, resource, client, this.#now(), live.account, budget)
  }

  run(id: string): RunView | undefined {
    const live = this.#live.get(id as RunId)
    if (live) return this.#view({ ...live, state: 'live' })
    const stored = this.#store.find(id as RunId)
    return stored && stored.state !== 'starting' ? this.#view(this.#ends.asKnown(stored)) : undefined
  }

  async places(id: string): Promise<RunPlaces | undefined> {
    // Its time is over and the sweep has not come by.
    if (this.#live.has(id as RunId) && !this.#isLive(id as RunId)) this.#finish(id as RunId, 'expired')
    await Promise.race([this.#ends.recorded(id as RunId), wait(RECORDED_WITHIN)])
    const state = this.run(id)?.state
    const stored = this.#store.find(id as RunId)
    if (!state || !stored) return undefined
    const { began, ended } = this.#ends.asKnown(stored)
    return { state, began, ended }
  }

  /**
   * What a run that is over came to, at each resource and with models, as the trail has it; waits for its end to be recorded, as `places`, and says no shares while
   * it is not. Undefined where it is not known any more: this is kept in memory, for those that ended last.
   */
  async cameTo(
    id: string,
  ): Promise<{ readonly state: RunState; readonly shares: readonly ResourceShare[] | undefined; readonly usage?: UsageSum } | undefined> {
    const places = await this.places(id)
    const account = this.#accounts.get(id as RunId)
    if (!places || (places.ended && !account)) return undefined
    return { state: places.state, shares: places.ended && account?.shares, ...(account && { usage: account.usage }) }
  }

  runs(): readonly RunView[] {
    // The live ones expire later than what is stored says.
    return this.#store.recent(LISTED).map((stored) => this.#view({ ...this.#ends.asKnown(stored), ...this.#live.get(stored.run.id) }))
  }

  /** Those that are live now, also beyond what `runs` lists. */
  live(): readonly Run[] {
    return [...this.#live.values()].map(({ run }) => run)
  }

  /**
   * An entry of a run is to come that no session of it stands for; its end comes behind it.
   * @returns to be called once with the index of the entry, undefined where that is not known; undefined where the run is not live
   */
  expect(id: RunId): ((index: number | undefined) => void) | undefined {
    return this.#isLive(id) ? this.#live.get(id)?.account.expect() : undefined
  }

  /**
   * Forgets whose runs were that are over; their receipts stay.
   * @param mustGo asked of each
   * @returns how many were forgotten
   */
  async forget(mustGo: (run: Run) => boolean): Promise<number> {
    let forgotten = 0
    for (let after = ''; ; ) {
      const page = this.#store.past(after, FORGOTTEN_AT_ONCE)
      const gone = page.filter(({ run }) => mustGo(run)).map(({ run }) => run.id)
      if (gone.length > 0) this.#store.forget(gone)
      forgotten += gone.length
      if (page.length < FORGOTTEN_AT_ONCE) return forgotten
      after = page.at(-1)?.run.id ?? ''
      await nextTurn()
    }
  }

  sessions(): readonly SessionView[] {
    return this.#sessions.views()
  }

  kill(sessionId: string, by: string): boolean {
    const killed = this.#sessions.end(sessionId, new Refusal('GS_SESSION_ENDED'))
    const account = killed && this.#live.get(killed.run.id)?.account
    if (killed && account) this.#observer.killed(killed.view, killed.run, account, by)
    return killed !== undefined
  }

  drain(): Promise<void> {
    this.#draining = true
    return this.#sessions.drain()
  }

  endAll(reason: Refusal): void {
    this.#sessions.endAll(reason)
  }

  /** Resolves when the trail says of every run that is over that it is; at the latest after so many ms. The next start makes up for the others. */
  async recorded(patience: number): Promise<void> {
    await Promise.race([this.#ends.allRecorded(), wait(patience)])
  }

  /** Stops the expiry sweep, and stores what budgets have counted. Live runs stay in the store: they go on after a restart. */
  close(): void {
    clearInterval(this.#sweep)
    this.#budgets.close()
  }

  /** Starts the run where nobody has. True where it was live, or another call started it meanwhile. */
  async #enter(start: Omit<Run, 'startedAt'>): Promise<boolean> {
    const stored = this.#store.find(start.id)
    if (stored?.state === 'starting' && !this.#starting.has(start.id)) this.#takeUp(stored)
    const starting = this.#starting.get(start.id)
    // Not where there is none: what follows must come before anybody else asks.
    if (starting) await starting.done
    const known = this.#live.get(start.id)?.run ?? this.#store.find(start.id)?.run
    if (!known) {
      this.#findRoom(start)
      const run: Run = { ...start, startedAt: this.#now() }
      const done = this.#start(run).finally(() => this.#starting.delete(run.id))
      this.#starting.set(run.id, { run, done })
      await done
      return false
    }
    if (!this.#isLive(start.id)) throw new RunError('GS_RUNS_OVER')
    // Joining must not lend one job the groups of another.
    if (!samePrincipal(known.principal, start.principal)) throw new RunError('GS_RUNS_OTHER_PRINCIPAL')
    return true
  }

  /** @throws RunError where a budget lets no more of them be live at once */
  #findRoom(start: Omit<Run, 'startedAt'>): void {
    const going = [...this.live().filter(({ id }) => this.#isLive(id)), ...[...this.#starting.values()].map(({ run }) => run)]
    const { refusedBy, crossings } = this.#budgets.enter(start, going)
    for (const crossing of crossings) this.#observer.crowded(start, crossing)
    if (refusedBy === undefined) return
    throw new RunError('GS_RUNS_TOO_MANY', { reason: `The budget "${refusedBy}" lets no more runs go on at the same time.` })
  }

  async #start(run: Run): Promise<void> {
    const expiresAt = this.#expiryOf(run)
    this.#store.insert({ run, state: 'starting', expiresAt, began: this.#observer.notBefore() })
    let began: LogPlace
    try {
      began = await this.#observer.started(run)
    } catch (error) {
      // The row stays: a disk that failed may hold the entry all the same. Whoever comes next looks for it.
      throw new RunError('GS_RUNS_NOT_RECORDED', { cause: error })
    }
    this.#store.update(run.id, { state: 'live', began })
    this.#live.set(run.id, this.#begun(run, expiresAt, new RunAccount(began, true)))
  }

  /** A start was interrupted between the row and its entry, or behind that. Nobody was given a credential, but the trail may say that it started. */
  #takeUp(stored: StoredRun): void {
    const { run, expiresAt } = stored
    const done = this.#observer
      .find(run, this.#takenUp(stored).account.began)
      .then((began) => {
        if (!began) return this.#store.remove(run.id)
        this.#store.update(run.id, { state: 'live', began })
        this.#live.set(run.id, this.#begun(run, expiresAt, new RunAccount(began, false)))
      })
      .catch(() => undefined)
      .finally(() => this.#starting.delete(run.id))
    this.#starting.set(run.id, { run, done })
  }

  /** What was counted before a restart is not known any more. */
  #takenUp({ run, expiresAt, began, suspended }: StoredRun): LiveRun {
    const account = new RunAccount(began ?? { ...this.#observer.notBefore(), index: 0 }, false)
    return this.#begun(run, expiresAt, account, suspended ?? undefined)
  }

  #begun(run: Run, expiresAt: number, account: RunAccount, suspension?: Suspension): LiveRun {
    const suspended = (now: Suspension) => {
      this.#observer.suspended(run, account, now)
      try {
        this.#ends.tell(run.id, { suspended: now })
      } catch {
        // The store cannot be written: it is suspended in memory, and the sweep tells the store.
      }
    }
    const crossed = (crossing: BudgetCrossing) => this.#observer.crossed(run, account, crossing)
    return { run, expiresAt, account, standing: new Standing({ suspended, crossed }, this.#now, suspension) }
  }

  /** Where it is extended now. */
  #expiryOf({ startedAt, signIn }: Run, lease = this.#life): number {
    return Math.min(this.#now() + Math.min(lease, this.#life), startedAt + this.#longest, signIn?.until ?? Number.POSITIVE_INFINITY)
  }

  #isLive(id: RunId): boolean {
    const live = this.#live.get(id)
    return live !== undefined && live.expiresAt > this.#now()
  }

  #lived(id: RunId): LiveRun {
    const live = this.#live.get(id)
    if (!live || !this.#isLive(id)) throw new RunError('GS_RUNS_OVER')
    return live
  }

  /**
   * Durable first, then the sessions; what listens to their signals has run when this returns.
   * @throws what the store throws: then the run is over for this process all the same, and the sweep tells the store later
   */
  #finish(id: RunId, state: Exclude<RunState, 'live'>, by?: string): boolean {
    const live = this.#live.get(id)
    if (!live) return false
    this.#live.delete(id)
    this.#remember(id, live.account)
    try {
      this.#ends.tell(id, { state })
    } finally {
      this.#sessions.endOf(id, new Refusal('GS_RUN_ENDED'))
      this.#ends.record(live.run, state, live.account, { interrupted: false, by })
    }
    return true
  }

  #remember(id: RunId, account: RunAccount): void {
    this.#accounts.set(id, account)
    if (this.#accounts.size > REMEMBERED) this.#accounts.delete(this.#accounts.keys().next().value as RunId)
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
      () => this.#ends.tellStore(),
    ]) {
      try {
        act()
      } catch {
        // The store cannot be written: the run is over in memory, and the next sweep tries again.
      }
    }
  }

  #view(stored: Pick<StoredRun, 'run' | 'expiresAt'> & { readonly state: RunState | 'starting' }): RunView {
    const { run, expiresAt } = stored
    const over = stored.state === 'live' && expiresAt <= this.#now()
    const state = over || stored.state === 'starting' ? 'expired' : stored.state
    const suspended = state === 'live' ? this.#live.get(run.id)?.standing.suspension : undefined
    const usage = this.#live.get(run.id)?.account.usage
    const used = usage !== undefined && usage.calls > 0 && { usage }
    return { run, state, expiresAt, sessions: this.#sessions.countOf(run.id), ...used, ...(suspended && { suspended }) }
  }
}

/** Does not keep the process alive. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
}

function samePrincipal(a: Principal, b: Principal): boolean {
  return (
    a.kind === b.kind &&
    a.issuer === b.issuer &&
    a.subject === b.subject &&
    JSON.stringify([...a.groups].sort()) === JSON.stringify([...b.groups].sort())
  )
}
