import { type Decision, isUsage, type OperationLimits, type Outcome, type Refusal, type Resource, type Usage } from '../operations/index.ts'
import type { Reservation } from '../runs/index.ts'
import type { MaskedRow } from '../trail/index.ts'
import type { Admission } from './guard.ts'
import { MaskedCounts } from './masked-counts.ts'
import { limitExceeded } from './refusals.ts'

const NONE: readonly MaskedRow[] = []

/** Where an admitted operation is settled. */
export interface Settling {
  /** @param microseconds from its admission */
  settled(operation: OpenOperation, outcome: Outcome, microseconds: number): void
}

/** An admitted operation until it is settled. */
export class OpenOperation implements Admission {
  /** Its number within the session. */
  readonly number: number
  readonly limited: boolean
  readonly #startedAt: number
  readonly #settling: Settling
  readonly #limits: OperationLimits | undefined
  /** Whose limits these are; undefined where several rules allow it: the limit may be that of any. */
  readonly #rule: string | undefined
  readonly #reservation: Reservation | undefined
  readonly #kind: Resource['kind']
  /** The model that it calls, as its client names it; empty where it calls none. */
  readonly model: string
  #masked: MaskedCounts | undefined
  #usage: Usage | undefined
  #rows = 0
  #bytes = 0
  #state: 'open' | 'settled' | 'abandoned' = 'open'

  /** @param kind of the resource @param model empty where none is called @param startedAt when it was admitted, by the monotonic clock, ms */
  constructor(
    number: number,
    settling: Settling,
    { limits, rules }: Decision,
    reservation: Reservation | undefined,
    kind: Resource['kind'],
    model: string,
    startedAt: number,
  ) {
    this.number = number
    this.limited = limits?.rows !== undefined || limits?.bytes !== undefined || reservation?.limited === true
    this.#settling = settling
    this.#limits = limits
    this.#rule = rules.length === 1 ? rules[0] : undefined
    this.#reservation = reservation
    this.#kind = kind
    this.model = model
    this.#startedAt = startedAt
  }

  get time(): number | undefined {
    return this.#limits?.time
  }

  charge(rows: number, bytes: number): Refusal | undefined {
    this.#rows += rows
    this.#bytes += bytes
    const { rows: mostRows = Number.POSITIVE_INFINITY, bytes: mostBytes = Number.POSITIVE_INFINITY } = this.#limits ?? {}
    if (this.#rows > mostRows) return limitExceeded('rows', this.#rule, this.#kind)
    if (this.#bytes > mostBytes) return limitExceeded('bytes', this.#rule, this.#kind)
    return this.#reservation?.charge(rows, bytes)
  }

  masked(mask: string, what: string, count: number): void {
    this.#masked ??= new MaskedCounts()
    this.#masked.add(mask, what, count)
  }

  spent(usage: Usage): void {
    if (this.#state !== 'open' || !isUsage(usage)) return
    this.#usage = usage
    this.#reservation?.spent(usage)
  }

  /** For its outcome. */
  get maskedRows(): readonly MaskedRow[] {
    return this.#masked?.rows(this.number) ?? NONE
  }

  overtime(): Refusal {
    return limitExceeded('time', this.#rule, this.#kind)
  }

  settle(ending: Pick<Outcome, 'status' | 'code'>): void {
    if (!this.#over()) return
    this.#reservation?.settle()
    this.#told(ending)
  }

  withdraw(ending: Pick<Outcome, 'status' | 'code'>): void {
    if (!this.#over()) return
    this.#reservation?.release()
    this.#told(ending)
  }

  /** @returns false where whoever was left behind by the end of the session says nothing new */
  #over(): boolean {
    if (this.#state === 'settled') throw new Error('an operation is settled once')
    if (this.#state === 'abandoned') return false
    this.#state = 'settled'
    return true
  }

  #told(ending: Pick<Outcome, 'status' | 'code'>): void {
    const usage = this.#usage
    const microseconds = Math.round((performance.now() - this.#startedAt) * 1000)
    this.#settling.settled(this, { ...ending, rows: this.#rows, bytes: this.#bytes, ...(usage && { usage }) }, microseconds)
  }

  /** Its session ends first: nobody knows what became of it. */
  abandon(): void {
    this.settle({ status: 'unknown' })
    this.#state = 'abandoned'
  }
}
