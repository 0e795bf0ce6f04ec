import { type BudgetAccount, type BudgetSettings, type BudgetStore, Budgets } from '../../src/runs/index.ts'

/** What a session is charged to where nothing is limited. */
export const UNLIMITED: BudgetAccount = {
  suspended: undefined,
  reserve: () => ({ limited: false, charge: () => undefined, spent: () => undefined, settle: () => undefined, release: () => undefined }),
  refused: () => undefined,
  reserveAsk: () => ({ release: () => undefined }),
  close: () => undefined,
}

/** Forgets everything. */
export const forgetful: BudgetStore = { read: () => [], write: () => undefined, prune: () => undefined }

/** Budgets without a store. */
export function budgetsOf(settings: readonly BudgetSettings[] = []): Budgets {
  return new Budgets({ settings, store: forgetful, pseudonym: (issuer, name) => `p(${issuer},${name})` })
}
