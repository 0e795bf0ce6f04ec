import { Refusal } from '../operations/index.ts'
import type { BudgetCrossing, BudgetedRun } from './budgets/index.ts'

/** Why and since when a run may do nothing. */
export interface Suspension {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The budget that was exceeded. */
  readonly budget: string
}

/** Whether a run may go on, as its sessions ask before each operation. */
export class Standing implements BudgetedRun {
  readonly #now: () => number
  readonly #suspend: (suspension: Suspension) => void
  readonly #crossed: (crossing: BudgetCrossing) => void
  #suspension: Suspension | undefined
  #refusal: Refusal | undefined

  /** @param told what happens to it; `suspended` once per suspension. @param suspension as an earlier process left it */
  constructor(
    told: { readonly suspended: (suspension: Suspension) => void; readonly crossed: (crossing: BudgetCrossing) => void },
    now: () => number,
    suspension: Suspension | undefined,
  ) {
    this.#suspend = told.suspended
    this.#crossed = told.crossed
    this.#now = now
    this.#be(suspension)
  }

  get suspended(): Refusal | undefined {
    return this.#refusal
  }

  get suspension(): Suspension | undefined {
    return this.#suspension
  }

  suspend(budget: string): void {
    if (this.#suspension !== undefined) return
    const suspension = { at: this.#now(), budget }
    this.#be(suspension)
    this.#suspend(suspension)
  }

  resume(): void {
    this.#be(undefined)
  }

  crossed(crossing: BudgetCrossing): void {
    this.#crossed(crossing)
  }

  #be(suspension: Suspension | undefined): void {
    this.#suspension = suspension
    this.#refusal = suspension && new Refusal('GS_RUN_SUSPENDED')
  }
}
