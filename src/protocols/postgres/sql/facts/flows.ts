import type { Source } from './findings.ts'
import { type Derived, type Entry, nothing } from './scope.ts'
import type { Statement } from './statement.ts'
import { as, text } from './tree.ts'

/** Walks a value that is written. */
export function writtenBy(statement: Statement, walk: () => void): Source {
  const { source } = statement
  const value = nothing()
  statement.source = value
  walk()
  statement.source = source
  statement.found.stored.add(value)
  return value
}

/** What is written into a column of the target may be shown by RETURNING; so may what is computed from it. */
export function flowsInto({ target, flows }: Entry, column: string, value: Source): void {
  if (!flows) return
  const before = flows.named.get(column)
  flows.named.set(column, before ? { columns: [], from: [before, value] } : value)
  const { relation } = target ?? {}
  if (!relation || relation.view || relation.generated || relation.kind === 'foreign table') flows.any.from.push(value)
}

/** Rows are inserted. @param columns of INSERT; where there are none, those of the target in order */
export function insertedFlows(entry: Entry, columns: readonly unknown[], { sources, open }: Derived): void {
  const { target, flows } = entry
  if (!flows) return
  const certain = target?.relation !== undefined && !target.others && !target.altered
  const names =
    columns.length > 0 ? columns.map((item) => text(as(item, 'ResTarget') ?? {}, 'name')) : certain ? target.relation.columns : []
  if (open) flows.any.from.push(open)
  for (const [i, source] of sources.entries()) {
    const name = names[i]
    if (open || name === undefined) flows.any.from.push(source)
    else flowsInto(entry, name, source)
  }
}
