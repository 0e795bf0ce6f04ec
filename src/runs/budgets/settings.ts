/** What a budget counts against: one run, all runs of a workflow, of whoever started them, everything done at one target, or with one model there. */
export type BudgetScope = 'run' | 'workload' | 'principal' | 'resource' | 'model'

/** How much one scope may come to. Absent is no limit. Whole numbers up to 2^53. */
export interface BudgetLimits {
  /** Operations that were admitted. */
  readonly operations?: number
  /** Rows of results, or rows copied in. */
  readonly rows?: number
  /** Bytes of results, or bytes copied in. */
  readonly bytes?: number
  /** Tokens of models, into them and out of them. */
  readonly tokens?: number
  /** What models cost, in millionths of the `currency` of the budget. */
  readonly money?: number
  /** Operations that were refused. One more suspends the run. */
  readonly refusals?: number
  /** Requests for approval; what was asked before counts once. One more suspends the run. */
  readonly approvalsAsked?: number
  /** Runs that are live at once. */
  readonly concurrentRuns?: number
}

/** One budget as configured. */
export interface BudgetSettings {
  /** Unique; stands in refusals and in the trail. */
  readonly name: string
  readonly per: BudgetScope
  /** Length of the sliding window, ms. Absent: as long as the run lasts; only for `per: run`, and where nothing but runs at once are counted. */
  readonly over?: number
  readonly limit: BudgetLimits
  /** Of its limit of money; there where that is. */
  readonly currency?: string
  /** Share of a limit, above 0 and up to 1, from which on the trail warns. Absent: it does not. */
  readonly warnAt?: number
}

/** In force for every run, unless the configuration has a budget of refusals per run. */
export const DEFAULT_REFUSALS: BudgetSettings = Object.freeze({
  name: 'default-refusals',
  per: 'run',
  limit: Object.freeze({ refusals: 50 }),
})

/** The same of requests for approval. */
export const DEFAULT_APPROVALS: BudgetSettings = Object.freeze({
  name: 'default-approvals',
  per: 'run',
  limit: Object.freeze({ approvalsAsked: 10 }),
})

/** Budgets as configured, with what holds where the configuration says nothing of it. */
export function withDefaults(configured: readonly BudgetSettings[]): readonly BudgetSettings[] {
  const says = (measure: keyof BudgetLimits) => configured.some(({ per, limit }) => per === 'run' && limit[measure] !== undefined)
  return [...configured, ...(says('refusals') ? [] : [DEFAULT_REFUSALS]), ...(says('approvalsAsked') ? [] : [DEFAULT_APPROVALS])]
}
