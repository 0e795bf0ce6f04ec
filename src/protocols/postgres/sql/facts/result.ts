import type { OutputColumn } from '../statement-facts.ts'
import { drain, type Result, type Source, sorted } from './findings.ts'
import { anything, type Derived, noColumns } from './scope.ts'
import type { Statement } from './statement.ts'
import { as, isTree, typeOf } from './tree.ts'

/**
 * What may flow into the rows that a statement answers with.
 *
 * @param value `{ SelectStmt: … }` and the like
 * @param derived what walking it has returned
 * @returns nothing of it where nobody asked, or it goes by a name
 */
export function resultOf({ names }: Statement, value: unknown, derived: Derived | undefined): Result {
  if (!names.view.lineage) return {}
  const type = typeOf(value)
  const fields = as(value, type) ?? {}
  // What they answer with is known to whoever knows the statement behind the name.
  if (type === 'ExecuteStmt' || (type === 'FetchStmt' && fields.ismove !== true)) return {}
  if (type === 'CallStmt') return { anyOutput: outputOf([anything()]) }
  if (type === 'SelectStmt' && isTree(fields.intoClause)) return { outputs: [] }
  const { sources, open } = derived ?? noColumns()
  if (open) return { anyOutput: outputOf([...sources, open]) }
  return { outputs: sources.map((source) => outputOf([source], source.plain)) }
}

function outputOf(sources: readonly Source[], plain = false): OutputColumn {
  const columns = new Set<string>()
  const doubtful = drain(new Set(sources), columns)
  return { from: sorted(columns), plain: plain && !doubtful, certain: !doubtful }
}
