import type { OperationCost, Refusal, Usage } from '../../operations/index.ts'
import type { BudgetLimits, BudgetScope } from './settings.ts'

/**
 * What one session is charged to: every budget that its run, workload, principal and resource fall under. Nothing here waits or reads
 * a disk; where no budget counts operations, rows or bytes, `reserve` costs one comparison.
 */
export interface BudgetAccount {
  /** Why nothing may be done now: the run is suspended. To be asked before anything else of an operation, and when a session opens. */
  readonly suspended: Refusal | undefined
  /**
   * Takes room for one operation that the rules allow. It counts from here on, so that operations side by side cannot overshoot.
   * @param cost what it may come to at most of tokens and money; absent where it is no call of a model
   * @returns the refusal to speak where the run is suspended, a budget has no room for it, or one of money holds and it has no price; nothing is
   *   taken then
   */
  reserve(cost?: OperationCost): Reservation | Refusal
  /**
   * An operation was refused: by the rules, by a limit, by a budget, or because it is not understood or not carried. May suspend the
   * run. Not for those that a suspension, the end of a session or the trail refused.
   */
  refused(): void
  /**
   * A person is to be asked about something that was not asked before. It counts from here on; one more than there may be suspends the run.
   * @returns the refusal to speak where the run is, or now is, suspended
   */
  reserveAsk(): AskReservation | Refusal
  /** The session is over. Reservations that are open may still be charged. Idempotent. */
  close(): void
}

/** Room for one operation. */
export interface Reservation {
  /** Whether `charge` may ever refuse: then it must be asked before anything is passed on. */
  readonly limited: boolean
  /**
   * Counts what flows; always, also where it is refused. Charge before passing on, and pass nothing on that was refused: then no
   * budget is exceeded by what a client gets.
   * @returns why the operation must be cut off
   */
  charge(rows: number, bytes: number): Refusal | undefined
  /** What it used, as its provider said: that counts instead of what was estimated. Where it is said again, what was said last counts; room
   * that was given back at the first time may be taken by then. */
  spent(usage: Usage): void
  /** It was forwarded and is over, however it ended. What it used stays at the estimate where that was never said. */
  settle(): void
  /** It was never forwarded: its room is given back. What comes behind the first of the two calls is ignored. */
  release(): void
}

/** Room for one request for approval. */
export interface AskReservation {
  /** Nobody was asked: its room is given back. To be called at most once. */
  release(): void
}

/** A budget reached a share of a limit, or the limit. For the trail; nothing of it is for the agent but the name. */
export interface BudgetCrossing {
  readonly budget: string
  readonly per: BudgetScope
  readonly measure: keyof BudgetLimits
  /** Whether only the share was reached at which the trail warns. */
  readonly warn: boolean
  readonly limit: number
  /** Of a limit of money, which is in millionths of it. */
  readonly currency?: string
}

/** The run that an account is of. */
export interface BudgetedRun {
  readonly suspended: Refusal | undefined
  suspend(budget: string): void
  crossed(crossing: BudgetCrossing): void
}
