import { milliseconds } from '../duration.ts'
import { money } from '../money.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'

const SECOND = 1_000
const YEAR = 366 * 86_400_000

/** What holds where the configuration says nothing of it; counted under these names. */
const RESERVED: readonly string[] = ['default-refusals', 'default-approvals']

export const checkBudgets: Check = function* ({ budgets = [], resources }) {
  yield* repeated(
    budgets.map(({ name }, index) => [['budgets', index, 'name'], name]),
    'budget',
  )
  for (const [index, budget] of budgets.entries()) yield* checkBudget(budget, ['budgets', index])
  yield* checkMoney(budgets, resources)
}

function* checkBudget({ name, per, over, limit }: NonNullable<Document['budgets']>[number], path: Path): Iterable<Finding> {
  if (RESERVED.includes(name))
    yield inconsistent([...path, 'name'], 'This is the name of a budget that is there by default.', 'Give it another name.')
  const { concurrentRuns, ...counted } = limit
  const counts = Object.keys(counted).length > 0
  if (concurrentRuns !== undefined && per !== 'workload' && per !== 'principal') {
    const next = 'Write per: workload or per: principal.'
    yield inconsistent([...path, 'limit', 'concurrentRuns'], `Runs at the same time cannot be counted per ${per}.`, next)
  }
  const ofOthers = per === 'resource' || per === 'model'
  if (limit.refusals !== undefined && ofOthers) {
    const why = `Refusals suspend a run; counted per ${per}, one run would have others suspended.`
    yield inconsistent([...path, 'limit', 'refusals'], why, 'Write per: run, per: workload or per: principal.')
  }
  if (limit.approvalsAsked !== undefined && ofOthers) {
    const why = `Requests for approval suspend a run; counted per ${per}, one run would have others suspended.`
    yield inconsistent([...path, 'limit', 'approvalsAsked'], why, 'Write per: run, per: workload or per: principal.')
  }
  if (over === undefined) {
    if (per !== 'run' && counts)
      yield inconsistent([...path, 'per'], 'Without a window this would be used up once and for all.', 'Add for example over: 24h.')
    return
  }
  const window = milliseconds(over)
  if (!counts) yield inconsistent([...path, 'over'], 'Runs at the same time have no window.', 'Remove over.')
  if (window < SECOND || window > YEAR)
    yield inconsistent([...path, 'over'], 'A window lasts from one second to 366 days.', 'Write for example over: 24h.')
}

/** Money is counted in one currency: there is nobody here who changes it. */
function* checkMoney(budgets: NonNullable<Document['budgets']>, resources: Document['resources']): Iterable<Finding> {
  const [first, ...others] = budgets.flatMap(({ name, limit }, index) =>
    limit.money === undefined ? [] : [{ name, index, ...money(limit.money) }],
  )
  if (!first) return
  const { name, currency } = first
  for (const other of others)
    if (other.currency !== currency) {
      const why = `The budget ${name} is in ${currency}, and this one is in ${other.currency}.`
      yield inconsistent(['budgets', other.index, 'limit', 'money'], why, 'Write all budgets and prices in one currency.')
    }
  for (const [at, resource] of resources.entries()) {
    if (resource.kind !== 'model') continue
    const prices = Object.entries(resource.prices ?? {})
    if (prices.length === 0) {
      const why = `The budget ${name} is of money, and no model here has a price: none can be called.`
      yield doubtful(['resources', at], why, 'Give it prices, or write the budget in tokens.')
    }
    for (const [model, price] of prices)
      if (price.currency !== currency) {
        const why = `The budget ${name} is in ${currency}, and this price is in ${price.currency}.`
        yield inconsistent(['resources', at, 'prices', model, 'currency'], why, 'Write all budgets and prices in one currency.')
      }
  }
}
