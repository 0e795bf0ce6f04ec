import type { Resource, Run } from '../../operations/index.ts'
import type { BudgetAccount, BudgetCrossing, BudgetedRun } from './account.ts'
import { Counters } from './counters.ts'
import { type Metering, SessionAccount } from './session-account.ts'
import { type BudgetLimits, type BudgetSettings, withDefaults } from './settings.ts'
import type { BudgetStore } from './store.ts'
import { type BudgetedIdentity, type BudgetedPlace, type Pseudonym, subjectOf } from './subjects.ts'

export interface BudgetsOptions {
  /** As configured; what holds by default is added. */
  readonly settings: readonly BudgetSettings[]
  readonly store: BudgetStore
  readonly pseudonym: Pseudonym
  /** Absent where nobody counts. */
  readonly meter?: BudgetMeter | undefined
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

/** Is told what budgets say, so that somebody can count it. Never throws. */
export interface BudgetMeter {
  /** Once, where the share is reached at which the trail warns. */
  warned(budget: string, measure: keyof BudgetLimits): void
  /** Each time that it has no room, or suspends a run. */
  refused(budget: string, measure: keyof BudgetLimits): void
}

/** How far a limit is used up, by whoever used most of it. */
export interface BudgetShare {
  readonly budget: string
  readonly measure: keyof BudgetLimits
  /** 1 is all of it. */
  readonly share: number
}

/** Whether one more run may begin. */
export interface Entrance {
  /** The budget that has no room for it; undefined where it may. */
  readonly refusedBy: string | undefined
  /** For the trail. */
  readonly crossings: readonly BudgetCrossing[]
}

/** What runs may come to, over all sessions of this gateway. Counters survive a restart; docs/budgets.md says how exactly. */
export class Budgets {
  readonly #counters: Counters
  readonly #pseudonym: Pseudonym
  readonly #now: () => number
  readonly #meter: BudgetMeter | undefined
  #settings: readonly BudgetSettings[]
  #generation = 0

  constructor({ settings, store, pseudonym, meter, now = Date.now }: BudgetsOptions) {
    this.#meter = meter
    this.#settings = withDefaults(settings)
    this.#pseudonym = pseudonym
    this.#now = now
    this.#counters = new Counters(store, now)
  }

  /** From now on these hold, also for sessions that are open. A budget that keeps its name keeps what was counted. @param settings as configured */
  use(settings: readonly BudgetSettings[]): void {
    this.#settings = withDefaults(settings)
    this.#generation++
  }

  /** What a session is charged to. @throws what the store throws */
  open(run: Run, resource: Pick<Resource, 'name'>, told: BudgetedRun): BudgetAccount {
    const generation = () => this.#generation
    const metering: Metering = {
      get generation() {
        return generation()
      },
      now: this.#now,
      take: (model) =>
        this.#counted()
          .filter(({ per }) => (per === 'model') === (model !== undefined))
          .map((settings) => ({
            settings,
            counter: this.#take(settings, run, { resource: resource.name, ...(model !== undefined && { model }) }),
          })),
      leave: (meters) => {
        for (const { counter } of meters) this.#counters.leave(counter)
      },
      counted: () => this.#counters.soon(),
      meter: this.#meter,
    }
    return new SessionAccount(told, metering)
  }

  /** @param going runs that are live or starting */
  enter(run: BudgetedIdentity, going: Iterable<BudgetedIdentity>): Entrance {
    const all = [...going]
    const crossings: BudgetCrossing[] = []
    for (const { name, per, limit, warnAt } of this.#settings) {
      const { concurrentRuns } = limit
      if (concurrentRuns === undefined) continue
      const subject = this.#subject(per, run)
      const count = all.filter((other) => this.#subject(per, other) === subject).length
      const crossing = { budget: name, per, measure: 'concurrentRuns', limit: concurrentRuns } as const
      if (count + 1 > concurrentRuns) {
        this.#meter?.refused(name, 'concurrentRuns')
        return { refusedBy: name, crossings: [{ ...crossing, warn: false }] }
      }
      const warned = warnAt !== undefined && count < concurrentRuns * warnAt && count + 1 >= concurrentRuns * warnAt
      if (!warned) continue
      this.#meter?.warned(name, 'concurrentRuns')
      crossings.push({ ...crossing, warn: true })
    }
    return { refusedBy: undefined, crossings }
  }

  /** A person lets a suspended run go on: its refusals and requests for approval, and those that count with it, begin anew. @throws what the store throws */
  forgive(run: Run): void {
    for (const settings of this.#counted()) {
      const suspending = (['refusals', 'approvalsAsked'] as const).filter((measure) => settings.limit[measure] !== undefined)
      if (suspending.length === 0) continue
      const counter = this.#take(settings, run, NOWHERE)
      for (const measure of suspending) counter.clear(measure)
      this.#counters.soon()
      this.#counters.leave(counter)
    }
  }

  /**
   * Of every limit how much is used up where most of it is, among those that sessions count in now.
   * @param going runs that are live
   */
  shares(going: Iterable<BudgetedIdentity>): readonly BudgetShare[] {
    const now = this.#now()
    const counters = [...this.#counters.used()]
    const runs = [...going]
    return this.#settings.flatMap(({ name: budget, per, limit }) => {
      const own = counters.filter((counter) => counter.budget === budget)
      return (Object.keys(limit) as (keyof BudgetLimits)[]).map((measure) => {
        const amounts = measure === 'concurrentRuns' ? this.#runsBySubject(per, runs) : own.map((counter) => counter.known(measure, now))
        // A limit of 0 is used up by the first.
        return { budget, measure, share: amounts.reduce((most, amount) => Math.max(most, amount), 0) / Math.max(1, limit[measure] ?? 1) }
      })
    })
  }

  /** Stores what was counted. */
  close(): void {
    this.#counters.close()
  }

  /** Those that count what happens, and not only look at what is live. */
  #counted(): readonly BudgetSettings[] {
    return this.#settings.filter(({ limit }) => Object.keys(limit).some((measure) => measure !== 'concurrentRuns'))
  }

  #take(settings: BudgetSettings, run: Run, place: BudgetedPlace) {
    return this.#counters.take(settings.name, subjectOf(settings.per, run, place, this.#pseudonym), settings.over)
  }

  #runsBySubject(per: BudgetSettings['per'], runs: readonly BudgetedIdentity[]): readonly number[] {
    const counts = new Map<string, number>()
    for (const run of runs) {
      const subject = this.#subject(per, run)
      counts.set(subject, (counts.get(subject) ?? 0) + 1)
    }
    return [...counts.values()]
  }

  #subject(per: BudgetSettings['per'], run: BudgetedIdentity): string {
    return subjectOf(per, run, NOWHERE, this.#pseudonym)
  }
}

/** Refusals, requests for approval and runs at once are not counted per resource or model: config/ refuses that. */
const NOWHERE: BudgetedPlace = { resource: '' }
