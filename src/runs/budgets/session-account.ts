import { Refusal } from '../../operations/index.ts'
import type { AskReservation, BudgetAccount, BudgetedRun, Reservation } from './account.ts'
import type { Counter, Measure, Slot } from './counter.ts'
import type { BudgetSettings } from './settings.ts'

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
  take(): readonly Meter[]
  leave(meters: readonly Meter[]): void
  /** Something was counted. */
  counted(): void
}

/** Rooms of operations that no budget counts: they are all the same. */
const UNCOUNTED: Reservation = Object.freeze({ limited: false, charge: () => undefined, settle: () => undefined, release: () => undefined })

export class SessionAccount implements BudgetAccount {
  readonly #run: BudgetedRun
  readonly #metering: Metering
  #meters: readonly Meter[] = []
  /** Those of the meters that have a limit of operations, rows or bytes; of refusals; of requests for approval. */
  #flows: readonly Meter[] = []
  #refusals: readonly Meter[] = []
  #asks: readonly Meter[] = []
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

  reserve(): Reservation | Refusal {
    if (this.#run.suspended !== undefined) return this.#run.suspended
    this.#refresh()
    const meters = this.#flows
    if (meters.length === 0) return UNCOUNTED
    const now = this.#metering.now()
    for (const meter of meters) {
      const { limit } = meter.settings
      if (this.#lacksRoom(meter, 'operations', 1, now)) return this.#exceeded(meter, 'operations')
      // What is left may be nothing; how much an operation will come to is not known before.
      if (limit.rows !== undefined && this.#lacksRoom(meter, 'rows', 1, now)) return this.#exceeded(meter, 'rows')
      if (limit.bytes !== undefined && this.#lacksRoom(meter, 'bytes', 1, now)) return this.#exceeded(meter, 'bytes')
    }
    const slots = meters.map((meter) =>
      meter.settings.limit.operations === undefined ? undefined : this.#count(meter, 'operations', 1, now),
    )
    this.#metering.counted()
    return this.#reservation(meters, slots)
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
      this.#run.suspend(over.settings.name)
    }
    return counted
  }

  #reservation(meters: readonly Meter[], slots: readonly (Slot | undefined)[]): Reservation {
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
      settle: () => {
        if (over()) this.#leave()
      },
      release: () => {
        if (!over()) return
        for (const [at, slot] of slots.entries()) if (slot) meters[at]?.counter.takeBack(slot, 'operations', 1)
        this.#metering.counted()
        this.#leave()
      },
    }
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
    const limit = settings.limit[measure]
    if (limit === undefined) return
    this.#run.crossed({ budget: settings.name, per: settings.per, measure, warn: what === 'warned', limit })
  }

  /** Its counters stay in memory for as long as something may be counted in them. */
  #leave(): void {
    if (!this.#closed || this.#open > 0) return
    this.#metering.leave(this.#meters)
    this.#meters = []
  }

  /** A reload may have changed the budgets: what was counted stays, under the same names. */
  #refresh(): void {
    const { generation } = this.#metering
    if (this.#generation === generation || this.#closed) return
    const before = this.#meters
    this.#meters = this.#metering.take()
    this.#metering.leave(before)
    this.#generation = generation
    const limits = (meter: Meter, measures: readonly Measure[]) => measures.some((measure) => meter.settings.limit[measure] !== undefined)
    this.#flows = this.#meters.filter((meter) => limits(meter, ['operations', 'rows', 'bytes']))
    this.#refusals = this.#meters.filter((meter) => limits(meter, ['refusals']))
    this.#asks = this.#meters.filter((meter) => limits(meter, ['approvalsAsked']))
  }
}
