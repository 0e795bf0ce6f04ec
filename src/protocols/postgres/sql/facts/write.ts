import { restricts } from './bounded.ts'
import { act, type Source } from './findings.ts'
import { flowsInto, insertedFlows, writtenBy } from './flows.ts'
import { fromItem, returningNames, shadowEntry } from './from.ts'
import { entriesNamed } from './lookup.ts'
import { meanings, relationNamed } from './names.ts'
import { pinnedSetting, SETTINGS_VIEW, updateSettings } from './pinned.ts'
import { noteColumn, readRelation, unresolved, type Verb, writeRelation } from './relations.ts'
import { anyColumns, anything, type Derived, type Entry, hasColumn, noColumns, nothing, type Scope, show } from './scope.ts'
import { storeAll, targets, withClause } from './select.ts'
import { type Handler, type Statement, using } from './statement.ts'
import { as, constant, isTree, list, strings, type Tree, text, tree } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/**
 * The target of a statement that writes. WHERE, SET and the like read it without another effect: whoever may delete rows may say which.
 * RETURNING of rows that were there before is a `select`.
 */
function targetOf(statement: Statement, relation: Tree, verbs: readonly Verb[], set?: ReadonlySet<string>): Entry {
  const { found } = statement
  const schema = text(relation, 'schemaname')
  const name = text(relation, 'relname')
  const alias = text(tree(relation, 'alias'), 'aliasname')
  const target = relationNamed(statement.names, schema, name)
  if (!target) {
    unresolved(statement, schema, true, 'writes', 'reads')
    const onUse = () => {
      if (statement.returns) act(found, 'select')
    }
    return { name: alias || name, schema: alias ? '' : schema, derived: anyColumns(anything()), onUse }
  }
  const inherit = relation.inh === true
  writeRelation(statement, target, verbs, set, inherit)
  const onUse = () => {
    const { locks } = statement
    statement.locks = false
    readRelation(statement, target, statement.returns ? 'select' : undefined, inherit)
    statement.locks = locks
  }
  return { name: alias || name, schema: alias ? '' : target.schema, target, flows: { named: new Map(), any: nothing() }, onUse }
}

function wrote(statement: Statement, entry: Entry, column: string): void {
  if (entry.target) noteColumn(statement, entry.target, column, 'written')
}

/** SET of UPDATE, and of ON CONFLICT and MERGE. */
function assignments(statement: Statement, items: readonly unknown[], entry: Entry, scope: Scope): void {
  for (const item of items) {
    const fields = as(item, 'ResTarget')
    if (!fields) {
      walk(statement, item, scope)
      continue
    }
    wrote(statement, entry, text(fields, 'name'))
    const value = writtenBy(statement, () => walkFields(statement, fields, scope))
    if (fields.val !== undefined) flowsInto(entry, text(fields, 'name'), value)
  }
}

const columnsSet = (items: readonly unknown[]): ReadonlySet<string> =>
  new Set(items.map((item) => text(as(item, 'ResTarget') ?? {}, 'name')))

const isSettings = ({ target }: Entry): boolean => target !== undefined && meanings(target).some(({ key }) => key === SETTINGS_VIEW)

/** What a column is set to, where that is a constant. */
function valueSet(items: readonly unknown[], column: string): string | undefined {
  const fields = items.map((item) => as(item, 'ResTarget') ?? {}).find((item) => text(item, 'name') === column)
  return fields && constant(fields.val)
}

/** Columns of INSERT; without a list, all of them. */
function insertColumns(statement: Statement, items: readonly unknown[], entry: Entry, scope: Scope): void {
  if (items.length === 0) wrote(statement, entry, '*')
  assignments(statement, items, entry, scope)
}

function returning(statement: Statement, fields: Tree, entry: Entry, scope: Scope, before: boolean): Derived | undefined {
  if (fields.returningClause === undefined) return undefined
  const clause = tree(fields, 'returningClause')
  const labels = returningNames(clause)
  const inner: Scope = { ...scope, entries: [...scope.entries, ...labels.map((label) => shadowEntry(label, entry))] }
  const { returns } = statement
  statement.returns = before
  const derived = targets(statement, list(clause, 'exprs'), inner)
  walkFields(statement, clause, inner, 'exprs')
  statement.returns = returns
  return changedOnTheWay(statement) ? doubted(derived) : derived
}

/** A trigger, a rule or a default that is code of users may put anything into what RETURNING shows. */
function changedOnTheWay({ found }: Statement): boolean {
  for (const effect of found.effects.values()) if (effect.class === 'opaque') return true
  return false
}

function doubted({ names, sources, open }: Derived): Derived {
  const all = sources.map((source): Source => ({ columns: [], from: [source], doubtful: true }))
  return { names, sources: all, open: open && { columns: [], from: [open], doubtful: true } }
}

function isTargetOf(entry: Entry, scope: Scope): (reference: Tree) => boolean {
  return (reference) => {
    const parts = strings(list(reference, 'fields'))
    const name = parts[parts.length - 1]
    if (name === undefined) return false
    if (parts.length > 1) return entriesNamed(scope, parts.slice(0, -1)).includes(entry) && hasColumn(entry, name) !== false
    if (hasColumn(entry, name) === false) return false
    return !scope.entries.some((other) => other !== entry && hasColumn(other, name) === true)
  }
}

function condition(statement: Statement, where: unknown, entry: Entry, scope: Scope): void {
  using(statement, 'predicate', () => walk(statement, where, scope))
  if (!restricts(where, isTargetOf(entry, scope))) statement.found.bounded = false
}

/** The fields that a handler has not walked by name are walked all the same. */
function rest(statement: Statement, fields: Tree, scope: Scope, ...walked: readonly string[]): void {
  walkFields(statement, fields, scope, 'withClause', 'relation', 'returningClause', ...walked)
}

const insert: Handler = (statement, fields, outer) => {
  const scope = withClause(statement, fields, outer)
  const conflict = tree(fields, 'onConflictClause')
  const updates = list(conflict, 'targetList')
  const changes = text(conflict, 'action') === 'ONCONFLICT_UPDATE' || updates.length > 0
  act(statement.found, 'insert')
  if (changes) act(statement.found, 'update')
  const entry = targetOf(statement, tree(fields, 'relation'), ['insert'])
  if (changes && entry.target)
    writeRelation(statement, entry.target, ['update'], columnsSet(updates), tree(fields, 'relation').inh === true)
  // What is inserted does not see the target.
  const rows = query(statement, fields.selectStmt, scope) ?? noColumns()
  storeAll(statement, rows)
  insertedFlows(entry, list(fields, 'cols'), rows)
  show(scope, entry)
  insertColumns(statement, list(fields, 'cols'), entry, scope)
  if (isTree(fields.onConflictClause)) {
    scope.entries.push(shadowEntry('excluded', entry, excluded(entry)))
    using(statement, 'predicate', () => {
      walk(statement, conflict.infer, scope)
      walk(statement, conflict.whereClause, scope)
    })
    assignments(statement, updates, entry, scope)
    walkFields(statement, conflict, scope, 'infer', 'whereClause', 'targetList')
  }
  const derived = returning(statement, fields, entry, scope, changes)
  rest(statement, fields, scope, 'cols', 'selectStmt', 'onConflictClause')
  return derived ?? noColumns()
}

/** The row that was to be inserted. */
function excluded({ flows }: Entry): Derived {
  if (!flows) return anyColumns(anything())
  return { names: [...flows.named.keys()], sources: [...flows.named.values()], open: flows.any }
}

const update: Handler = (statement, fields, outer) => {
  const scope = withClause(statement, fields, outer)
  const items = list(fields, 'targetList')
  act(statement.found, 'update')
  const entry = targetOf(statement, tree(fields, 'relation'), ['update'], columnsSet(items))
  show(scope, entry)
  for (const item of list(fields, 'fromClause')) fromItem(statement, item, scope)
  assignments(statement, items, entry, scope)
  condition(statement, fields.whereClause, entry, scope)
  if (isSettings(entry)) updateSettings(statement, pinnedSetting(scope, fields.whereClause), valueSet(items, 'setting'))
  const derived = returning(statement, fields, entry, scope, true)
  rest(statement, fields, scope, 'targetList', 'fromClause', 'whereClause')
  return derived ?? noColumns()
}

const remove: Handler = (statement, fields, outer) => {
  const scope = withClause(statement, fields, outer)
  act(statement.found, 'delete')
  const entry = targetOf(statement, tree(fields, 'relation'), ['delete'])
  show(scope, entry)
  for (const item of list(fields, 'usingClause')) fromItem(statement, item, scope)
  condition(statement, fields.whereClause, entry, scope)
  const derived = returning(statement, fields, entry, scope, true)
  rest(statement, fields, scope, 'usingClause', 'whereClause')
  return derived ?? noColumns()
}

const COMMANDS: ReadonlyMap<string, Verb> = new Map([
  ['CMD_INSERT', 'insert'],
  ['CMD_UPDATE', 'update'],
  ['CMD_DELETE', 'delete'],
])

const merge: Handler = (statement, fields, outer) => {
  const scope = withClause(statement, fields, outer)
  const { found } = statement
  const clauses = list(fields, 'mergeWhenClauses').map((clause) => as(clause, 'MergeWhenClause') ?? {})
  const verbs = clauses.map((clause) => COMMANDS.get(text(clause, 'commandType')))
  act(found, 'merge')
  for (const verb of verbs) if (verb) act(found, verb)
  const set = new Set(clauses.flatMap((clause) => [...columnsSet(list(clause, 'targetList'))]))
  const entry = targetOf(
    statement,
    tree(fields, 'relation'),
    verbs.filter((verb) => verb !== undefined),
    set,
  )
  if (isSettings(entry)) updateSettings(statement, undefined, undefined)
  fromItem(statement, fields.sourceRelation, scope)
  show(scope, entry)
  using(statement, 'predicate', () => walk(statement, fields.joinCondition, scope))
  const isTarget = isTargetOf(entry, scope)
  for (let i = 0; i < clauses.length; i++) {
    const clause = clauses[i] ?? {}
    const verb = verbs[i]
    using(statement, 'predicate', () => walk(statement, clause.condition, scope))
    if (verb === 'insert') insertColumns(statement, list(clause, 'targetList'), entry, scope)
    else assignments(statement, list(clause, 'targetList'), entry, scope)
    const values = list(clause, 'values').map((value) => writtenBy(statement, () => walk(statement, value, scope)))
    insertedFlows(entry, list(clause, 'targetList'), { names: values.map(() => undefined), sources: values, open: undefined })
    if (verb === 'update' || verb === 'delete') {
      const joined = text(clause, 'matchKind') === 'MERGE_WHEN_MATCHED' && restricts(fields.joinCondition, isTarget)
      if (!joined && !restricts(clause.condition, isTarget)) found.bounded = false
    }
  }
  const derived = returning(statement, fields, entry, scope, true)
  rest(statement, fields, scope, 'sourceRelation', 'joinCondition', 'mergeWhenClauses')
  return derived ?? noColumns()
}

export const WRITES: readonly (readonly [string, Handler])[] = [
  ['InsertStmt', insert],
  ['UpdateStmt', update],
  ['DeleteStmt', remove],
  ['MergeStmt', merge],
]
