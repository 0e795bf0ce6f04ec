import type { ColumnLineage, Relation } from '../../catalog/catalog.ts'
import { family, isSystem, resolvedOf } from './kin.ts'
import { nameOf, type Resolved } from './names.ts'
import type { Lineage, Statement } from './statement.ts'
import { systemRead } from './system-relations.ts'

/**
 * A column, with all that may flow into it: the same column of partitions and ancestors, what a view makes it of, what it is computed from,
 * and all for `*`.
 */
export function lineageOf(statement: Statement, target: Resolved, column: string): Lineage {
  const own = `${target.key}.${nameOf(column)}`
  const known = statement.lineages.get(own)
  if (known) return known
  // Views cannot use themselves; a catalog that says so must not keep anyone busy.
  statement.lineages.set(own, { keys: [own], plain: false, certain: false })
  const found = workOut(statement, target, column, own)
  statement.lineages.set(own, found)
  return found
}

function workOut(statement: Statement, target: Resolved, column: string, own: string): Lineage {
  const { relation } = target
  const parts: Lineage[] = [{ keys: [own], plain: true, certain: showsItself(target, column) }]
  if (column === '*') for (const each of relation?.columns ?? []) parts.push(lineageOf(statement, target, each))
  else if (relation) {
    for (const each of family(statement, relation)) {
      if (!each.columns.includes(column)) continue
      parts.push({ keys: [`${nameOf(each.schema, each.name)}.${nameOf(column)}`], plain: true, certain: true })
      parts.push(...computed(statement, each, column))
    }
    parts.push(...computed(statement, relation, column))
    if (relation.view) parts.push(throughView(statement, relation, column))
    const owner = relation.of === undefined ? undefined : statement.names.catalog?.relationByOid(relation.of)
    // TOAST holds values of any of its columns.
    if (owner && owner !== relation) parts.push({ ...lineageOf(statement, resolvedOf(owner), '*'), plain: false })
  }
  return together(parts, column !== '*')
}

/** Whether what is read there is what was written there. Foreign tables lead anywhere; statistics hold values of other tables. */
function showsItself(target: Resolved, column: string): boolean {
  const { relation } = target
  if (isSystem(target)) {
    const { action, columns } = systemRead(target.key)
    return action === 'catalog read' || (columns !== undefined && column !== '*' && !columns.includes(column))
  }
  return relation === undefined || (relation.kind !== 'foreign table' && !relation.userCode.onRead)
}

function computed(statement: Statement, relation: Relation, column: string): readonly Lineage[] {
  const generated = relation.generated?.find((each) => each.column === column)
  return generated ? [{ ...followed(statement, generated), plain: false }] : []
}

function throughView(statement: Statement, relation: Relation, column: string): Lineage {
  const { view } = relation
  const lineage = view?.columns?.[relation.columns.indexOf(column)]
  if (lineage) return followed(statement, lineage)
  if (isSystem({ schema: relation.schema, relation })) return { keys: [], plain: false, certain: true }
  return ofAllUsed(statement, relation)
}

/** What a definition says that a column is made of. */
function followed(statement: Statement, { from, plain, certain }: ColumnLineage): Lineage {
  const parts: Lineage[] = []
  for (const { relation: oid, columns } of from) {
    const used = statement.names.catalog?.relationByOid(oid)
    if (used) for (const each of columns) parts.push(lineageOf(statement, resolvedOf(used), each))
    else parts.push({ keys: [], plain: false, certain: false })
  }
  const all = together(parts, plain)
  return certain ? all : { ...all, plain: false, certain }
}

/** Which column of a view is made from which is not known: each may be made from every one that the definition uses. */
function ofAllUsed(statement: Statement, relation: Relation): Lineage {
  const mark = `view ${relation.oid}`
  const known = statement.lineages.get(mark)
  if (known) return known
  statement.lineages.set(mark, { keys: [], plain: false, certain: false })
  const keys = new Set<string>()
  for (const { relation: oid, columns } of relation.view?.uses ?? []) {
    const used = statement.names.catalog?.relationByOid(oid)
    if (used) for (const column of columns) for (const key of lineageOf(statement, resolvedOf(used), column).keys) keys.add(key)
  }
  const found: Lineage = { keys: [...keys], plain: false, certain: false }
  statement.lineages.set(mark, found)
  return found
}

function together(parts: readonly Lineage[], plain: boolean): Lineage {
  const [only] = parts
  if (only && parts.length === 1) return { ...only, plain: plain && only.plain }
  const keys = new Set<string>()
  for (const part of parts) for (const key of part.keys) keys.add(key)
  return { keys: [...keys], plain: plain && parts.every((part) => part.plain), certain: parts.every((part) => part.certain) }
}
