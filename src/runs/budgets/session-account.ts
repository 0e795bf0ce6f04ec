import { type OperationCost, Refusal, type Usage } from '../../operations/index.ts'
import type { AskReservation, BudgetAccount, BudgetedRun, Reservation } from './account.ts'
import type { BudgetMeter } from './budgets.ts'
import type { Counter, Measure, Slot } from './counter.ts'
import { Estimate } from './estimate.ts'
import type { BudgetSettings } from './settings.ts'
import { amountOf, countsSpending, SPENDING, type Spending, tooMuch, unpriced } from './spending.ts'

/** One budget, and where this session counts in it. */
export interface Meter {
  readonly settings: BudgetSettings
  readonly counter: Counter
}

/** What was counted, where. */
interface Counted {
  readonly counter: Counter
  readonly slot: Slot
}

/** Whose counters a session uses, as configured now. */
export interface Metering {
  /** Changes whenever the budgets do. */
  readonly generation: number
  /** Milliseconds since the epoch. */
  now(): number
  /** @param model absent: those that are not per model; else those that are */
  take(model?: string): readonly Meter[]
  leave(meters: readonly Meter[]): void
  /** Something was counted. */
  counted(): void
  /** Absent where nobody counts what budgets say. */
  readonly meter: BudgetMeter | undefined
}

/** Rooms of operations that no budget counts: they are all the same. */
const UNCOUNTED: Reservation = Object.freeze({
  limited: false,
  charge: () => undefined,
  spent: () => undefined,
  settle: () => undefined,
  release: () => undefined,
})

/** A session keeps the counters of so many models; of those before, it takes them anew. */
const MODELS = 16

export class SessionAccount implements BudgetAccount {
  readonly #run: BudgetedRun
  readonly #metering: Metering
  #meters: readonly Meter[] = []
  /** Those of the meters that have a limit of operations, rows or bytes; of refusals; of requests for approval. */
  #flows: readonly Meter[] = []
  #refusals: readonly Meter[] = []
  #asks: readonly Meter[] = []
  /** Those that have a limit of tokens or money. */
  #spending: readonly Meter[] = []
  /** Those per model; used last, last. */
  readonly #models = new Map<string, readonly Meter[]>()
  #generation = -1
  /** Reservations that may still be charged. */
  #open = 0
  #closed = false

  constructor(run: BudgetedRun, metering: Metering) {
    this.#run = run
    this.#metering = metering
    this.#refresh()
  }

  get suspended(): Refusal | undefined {
    return this.#run.suspended
  }

  reserve(cost?: OperationCost): Reservation | Refusal {
    if (this.#run.suspended !== undefined) return this.#run.suspended
    this.#refresh()
    const ofModel = cost === undefined ? [] : this.#ofModel(cost.model)
    const meters = ofModel.length === 0 ? this.#flows : [...this.#flows, ...ofModel.filter(flows)]
    const spending = cost === undefined ? [] : [...this.#spending, ...ofModel.filter(({ settings }) => countsSpending(settings))]
    if (meters.length === 0 && spending.length === 0) return UNCOUNTED
    const now = this.#metering.now()
    for (const meter of meters) {
      const { limit } = meter.settings
      if (this.#lacksRoom(meter, 'operations', 1, now)) return this.#exceeded(meter, 'operations')
      // What is left may be nothing; how much an operation will come to is not known before.
      if (limit.rows !== undefined && this.#lacksRoom(meter, 'rows', 1, now)) return this.#exceeded(meter, 'rows')
      if (limit.bytes !== undefined && this.#lacksRoom(meter, 'bytes', 1, now)) return this.#exceeded(meter, 'bytes')
    }
    const refusal = cost && this.#tooMuch(spending, cost, now)
    if (refusal) return refusal
    const slots = meters.map((meter) =>
      meter.settings.limit.operations === undefined ? undefined : this.#count(meter, 'operations', 1, now),
    )
    const estimates = cost === undefined ? [] : spending.flatMap((meter) => this.#estimate(meter, cost, now))
    this.#metering.counted()
    return this.#reservation(meters, slots, estimates)
  }

  refused(): void {
    if (this.#run.suspended !== undefined) return
    this.#refresh()
    this.#suspending('refusals', this.#refusals)
  }

  reserveAsk(): AskReservation | Refusal {
    if (this.#run.suspended !== undefined) return this.#run.suspended
    this.#refresh()
    const counted = this.#suspending('approvalsAsked', this.#asks)
    return (
      this.#run.suspended ?? {
        release: () => {
          for (const { counter, slot } of counted) counter.takeBack(slot, 'approvalsAsked', 1)
          this.#metering.counted()
        },
      }
    )
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#leave()
  }

  /** Counts one more; where that is one too many, the run is suspended. */
  #suspending(measure: 'refusals' | 'approvalsAsked', meters: readonly Meter[]): readonly Counted[] {
    if (meters.length === 0) return []
    const now = this.#metering.now()
    let over: Meter | undefined
    const counted = meters.map((meter) => {
      const slot = this.#count(meter, measure, 1, now)
      if (this.#lacksRoom(meter, measure, 0, now)) over ??= meter
      return { counter: meter.counter, slot }
    })
    this.#metering.counted()
    if (over !== undefined) {
      this.#tell(over, measure, 'exceeded')
      this.#metering.meter?.refused(over.settings.name, measure)
      this.#run.suspend(over.settings.name)
    }
    return counted
  }

  #reservation(
    meters: readonly Meter[],
    slots: readonly (Slot | undefined)[],
    estimates: readonly (readonly [Meter, Spending, Estimate])[],
  ): Reservation {
    let open = true
    this.#open++
    const over = (): boolean => {
      if (!open) return false
      open = false
      this.#open--
      return true
    }
    return {
      limited: meters.some(({ settings: { limit } }) => limit.rows !== undefined || limit.bytes !== undefined),
      charge: (rows, bytes) => {
        const now = this.#metering.now()
        let full: [Meter, Measure] | undefined
        for (const meter of meters) {
          if (meter.settings.limit.rows !== undefined && rows > 0) {
            this.#count(meter, 'rows', rows, now)
            if (this.#lacksRoom(meter, 'rows', 0, now)) full ??= [meter, 'rows']
          }
          if (meter.settings.limit.bytes !== undefined && bytes > 0) {
            this.#count(meter, 'bytes', bytes, now)
            if (this.#lacksRoom(meter, 'bytes', 0, now)) full ??= [meter, 'bytes']
          }
        }
        this.#metering.counted()
        return full && this.#exceeded(...full)
      },
      spent: (usage) => {
        if (estimates.length > 0) this.#spent(estimates, usage)
      },
      settle: () => {
        if (!over()) return
        for (const [meter, measure, estimate] of estimates) {
          estimate.settle()
          this.#warn(meter, measure, this.#metering.now())
        }
        this.#leave()
      },
      release: () => {
        if (!over()) return
        for (const [at, slot] of slots.entries()) if (slot) meters[at]?.counter.takeBack(slot, 'operations', 1)
        for (const [, , estimate] of estimates) estimate.release()
        this.#metering.counted()
        this.#leave()
      },
    }
  }

  /** Why there is no room for what it may come to. */
  #tooMuch(spending: readonly Meter[], cost: OperationCost, now: number): Refusal | undefined {
    for (const meter of spending) {
      const { settings, counter } = meter
      for (const measure of SPENDING) {
        const limit = settings.limit[measure]
        if (limit === undefined) continue
        const most = amountOf(measure, settings, cost)
        if (most === undefined) {
          this.#metering.meter?.refused(settings.name, measure)
          return unpriced(settings)
        }
        const sum = counter.sum(measure, now)
        // What is used up has no room for a call that costs nothing either.
        const over = sum + Math.max(most, 1) - limit
        if (over <= 0) continue
        this.#tell(meter, measure, 'exceeded')
        this.#metering.meter?.refused(settings.name, measure)
        const roomAt = most > limit ? undefined : counter.roomAt(measure, over)
        const wait = roomAt === undefined ? undefined : Math.max(1, Math.ceil((roomAt - now) / 1_000))
        return tooMuch(settings, measure, Math.max(0, limit - sum), most, wait)
      }
    }
    return undefined
  }

  #estimate(meter: Meter, cost: OperationCost, now: number): (readonly [Meter, Spending, Estimate])[] {
    const { settings, counter } = meter
    return SPENDING.flatMap((measure) => {
      const amount = amountOf(measure, settings, cost)
      if (settings.limit[measure] === undefined || amount === undefined) return []
      return [[meter, measure, new Estimate(counter, measure, counter.add(measure, amount, now), amount)] as const]
    })
  }

  #spent(estimates: readonly (readonly [Meter, Spending, Estimate])[], usage: Usage): void {
    const now = this.#metering.now()
    for (const [meter, measure, estimate] of estimates) {
      // Where nobody says what it cost, it stays at the most.
      const real = amountOf(measure, meter.settings, usage)
      if (real === undefined) continue
      estimate.becomes(real, now)
      this.#warn(meter, measure, now)
    }
    this.#metering.counted()
  }

  /** Of what is known: what calls may come to at most is much more than most do. */
  #warn(meter: Meter, measure: Spending, now: number): void {
    const { settings, counter } = meter
    const worthTelling = (settings.limit[measure] ?? 0) * (settings.warnAt ?? 1)
    if (counter.known(measure, now) < worthTelling) counter.told.delete(measure)
    else if (settings.warnAt !== undefined) this.#tell(meter, measure, 'warned')
  }

  /** Whether so much more would be more than its limit. */
  #lacksRoom({ settings, counter }: Meter, measure: Measure, more: number, now: number): boolean {
    const limit = settings.limit[measure]
    return limit !== undefined && counter.sum(measure, now) + more > limit
  }

  #count(meter: Meter, measure: Measure, amount: number, now: number): Slot {
    const { settings, counter } = meter
    const { warnAt = 1 } = settings
    const worthTelling = (settings.limit[measure] ?? 0) * warnAt
    if (counter.told.size > 0 && counter.sum(measure, now) < worthTelling) counter.told.delete(measure)
    const slot = counter.add(measure, amount, now)
    if (settings.warnAt !== undefined && counter.sum(measure, now) >= worthTelling) this.#tell(meter, measure, 'warned')
    return slot
  }

  #exceeded(meter: Meter, measure: Measure): Refusal {
    this.#tell(meter, measure, 'exceeded')
    this.#metering.meter?.refused(meter.settings.name, measure)
    const roomAt = meter.counter.roomAt(measure)
    return new Refusal('GS_BUDGET_EXCEEDED', {
      reason: `The budget "${meter.settings.name}" is used up.`,
      ...(roomAt !== undefined && { retryAfter: Math.max(1, Math.ceil((roomAt - this.#metering.now()) / 1_000)) }),
    })
  }

  /** Each once, until there is room again. */
  #tell({ settings, counter }: Meter, measure: Measure, what: 'warned' | 'exceeded'): void {
    const told = counter.told.get(measure)
    if (told === what || told === 'exceeded') return
    counter.told.set(measure, what)
    const { name, per, currency } = settings
    if (what === 'warned') this.#metering.meter?.warned(name, measure)
    const limit = settings.limit[measure]
    if (limit === undefined) return
    const ofMoney = measure === 'money' && currency !== undefined && { currency }
    this.#run.crossed({ budget: name, per, measure, warn: what === 'warned', limit, ...ofMoney })
  }

  /** Its counters stay in memory for as long as something may be counted in them. */
  #leave(): void {
    if (!this.#closed || this.#open > 0) return
    this.#metering.leave(this.#meters)
    this.#meters = []
    this.#leaveModels(0)
  }

  /** A reload may have changed the budgets: what was counted stays, under the same names. */
  #refresh(): void {
    const { generation } = this.#metering
    if (this.#generation === generation || this.#closed) return
    const before = this.#meters
    this.#meters = this.#metering.take()
    this.#metering.leave(before)
    this.#leaveModels(0)
    this.#generation = generation
    this.#flows = this.#meters.filter(flows)
    this.#spending = this.#meters.filter(({ settings }) => countsSpending(settings))
    this.#refusals = this.#meters.filter((meter) => limits(meter, ['refusals']))
    this.#asks = this.#meters.filter((meter) => limits(meter, ['approvalsAsked']))
  }

  #ofModel(model: string): readonly Meter[] {
    const known = this.#models.get(model)
    const meters = known ?? this.#metering.take(model)
    this.#models.delete(model)
    this.#models.set(model, meters)
    if (known === undefined) this.#leaveModels(MODELS)
    return meters
  }

  /** @param keep so many */
  #leaveModels(keep: number): void {
    for (const [model, meters] of this.#models) {
      if (this.#models.size <= keep) return
      this.#models.delete(model)
      this.#metering.leave(meters)
    }
  }
}

const limits = ({ settings }: Meter, measures: readonly Measure[]) => measures.some((measure) => settings.limit[measure] !== undefined)
const flows = (meter: Meter) => limits(meter, ['operations', 'rows', 'bytes'])
