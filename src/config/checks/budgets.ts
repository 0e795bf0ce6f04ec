import { milliseconds } from '../duration.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, inconsistent, repeated } from './check.ts'

const SECOND = 1_000
const YEAR = 366 * 86_400_000

/** What holds where the configuration says nothing of it; counted under these names. */
const RESERVED: readonly string[] = ['default-refusals', 'default-approvals']

export const checkBudgets: Check = function* ({ budgets = [] }) {
  yield* repeated(
    budgets.map(({ name }, index) => [['budgets', index, 'name'], name]),
    'budget',
  )
  for (const [index, budget] of budgets.entries()) yield* checkBudget(budget, ['budgets', index])
}

function* checkBudget({ name, per, over, limit }: NonNullable<Document['budgets']>[number], path: Path): Iterable<Finding> {
  if (RESERVED.includes(name))
    yield inconsistent([...path, 'name'], 'This is the name of a budget that is there by default.', 'Give it another name.')
  const { concurrentRuns, ...counted } = limit
  const counts = Object.keys(counted).length > 0
  if (concurrentRuns !== undefined && (per === 'run' || per === 'resource')) {
    const next = 'Write per: workload or per: principal.'
    yield inconsistent([...path, 'limit', 'concurrentRuns'], `Runs at the same time cannot be counted per ${per}.`, next)
  }
  if (limit.refusals !== undefined && per === 'resource') {
    const why = 'Refusals suspend a run; counted per resource, one run would have others suspended.'
    yield inconsistent([...path, 'limit', 'refusals'], why, 'Write per: run, per: workload or per: principal.')
  }
  if (limit.approvalsAsked !== undefined && per === 'resource') {
    const why = 'Requests for approval suspend a run; counted per resource, one run would have others suspended.'
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
