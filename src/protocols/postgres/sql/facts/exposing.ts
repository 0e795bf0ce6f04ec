import { meanings, type Resolved } from './names.ts'
import { noteColumn, readRelation, writeRelation } from './relations.ts'
import { apart, defining, type Statement, using } from './statement.ts'

/**
 * A relation is to be met by another name from now on: by a new one, or by that of a parent. Whoever uses that name reads and writes what it
 * leads to, also somebody whose statement was decided before.
 */
export function expose(statement: Statement, target: Resolved): void {
  // Of an index only its table has rows.
  if (meanings(target).every(({ relation }) => relation?.kind === 'index')) return
  const { found } = statement
  const behind = apart(statement, () =>
    defining(statement, () => {
      readRelation(statement, target, undefined)
      writeRelation(statement, target, ['insert', 'update', 'delete', 'truncate'])
      using(statement, 'output', () => noteColumn(statement, target, '*', 'output'))
    }),
  )
  for (const name of behind.reads) found.reads.add(name)
  for (const name of behind.writes) found.writes.add(name)
  for (const name of behind.columns.output) found.columns.output.add(name)
  for (const fact of behind.unknown) found.unknown.add(fact)
  found.definesCode ||= behind.definesCode
}
