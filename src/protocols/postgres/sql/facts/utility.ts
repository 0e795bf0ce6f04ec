import { copyFormat } from './copy-format.ts'
import { creating } from './creating.ts'
import { act, anyRelation, merge } from './findings.ts'
import { inner } from './inner.ts'
import { resolvedOf } from './kin.ts'
import { functionNamed, meanings, type Resolved, relationNamed } from './names.ts'
import { noteColumn, readRelation, refresh, unresolved, type Verb, writeRelation } from './relations.ts'
import { anyColumns, anything, columnsOf, type Derived, type Entry, noColumns, nothing, type Scope, scopeUnder } from './scope.ts'
import { storeAll } from './select.ts'
import { apart, type Handler, type Statement, using } from './statement.ts'
import { as, constant, isTree, list, strings, type Tree, text, tree } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/** The relation that a RangeVar names; where that is not certain, the fact is not known. */
export function named(statement: Statement, relation: unknown, fact: 'reads' | 'writes', runs = true): Resolved | undefined {
  const fields = isTree(relation) ? (as(relation, 'RangeVar') ?? relation) : {}
  const target = relationNamed(statement.names, text(fields, 'schemaname'), text(fields, 'relname'))
  if (!target) unresolved(statement, text(fields, 'schemaname'), runs, fact)
  return target
}

const inherits = (relation: unknown): boolean => isTree(relation) && (as(relation, 'RangeVar') ?? relation).inh === true

/** A relation is written by something that is no query. */
export function writes(statement: Statement, relation: unknown, verb: Verb): Resolved | undefined {
  const target = named(statement, relation, 'writes', verb !== 'drop')
  if (!target && verb === 'alter') statement.found.unknown.add('reads')
  if (target) writeRelation(statement, target, [verb], undefined, inherits(relation))
  return target
}

/** A scope in which the columns of one relation are visible. */
export function scopeOf(statement: Statement, relation: unknown, scope: Scope): Scope {
  const fields = isTree(relation) ? relation : {}
  const target = relationNamed(statement.names, text(fields, 'schemaname'), text(fields, 'relname'))
  if (!target) return scope
  const entry: Entry = { name: target.name, schema: target.schema, target, onUse: () => readRelation(statement, target, undefined) }
  return scopeUnder(scope, scope.ctes, [entry])
}

const copy: Handler = (statement, fields, scope) => {
  const { found } = statement
  const from = fields.is_from === true
  const program = fields.is_program === true
  const elsewhere = program || text(fields, 'filename') !== ''
  let rows: Derived = noColumns()
  if (elsewhere) {
    act(found, program ? 'copy program' : 'copy file')
    anyRelation(found)
  }
  act(found, from ? 'copy from' : 'copy to')
  const columns = strings(list(fields, 'attlist'))
  if (isTree(fields.relation)) {
    const target = named(statement, fields.relation, from ? 'writes' : 'reads')
    if (target) {
      if (from) writeRelation(statement, target, ['insert'], undefined, inherits(fields.relation))
      else readRelation(statement, target, 'copy to', inherits(fields.relation))
      for (const column of columns.length > 0 ? columns : ['*']) noteColumn(statement, target, column, from ? 'written' : 'output')
      if (!from) rows = copied(statement, target, columns)
    } else if (!from) rows = anyColumns(anything())
    using(statement, 'predicate', () => walk(statement, fields.whereClause, scopeOf(statement, fields.relation, scope)))
  }
  rows = query(statement, fields.query, scope) ?? rows
  walkFields(statement, fields, scope, 'relation', 'query', 'whereClause', 'attlist')
  if (!elsewhere) {
    const format = from ? undefined : copyFormat(list(fields, 'options'))
    if (format) found.copyTo = format
    return rows
  }
  // The file that it is written to may be read again.
  if (!from) storeAll(statement, rows)
  return noColumns()
}

/** The columns that COPY of a relation gives: those that are computed only where they are named. */
function copied(statement: Statement, target: Resolved, columns: readonly string[]): Derived {
  const all = columnsOf(statement, { name: '', schema: '', target })
  if (all.open) return all
  const computed = target.relation?.generated?.map(({ column }) => column) ?? []
  const names = columns.length > 0 ? columns : all.names.filter((name) => name === undefined || !computed.includes(name))
  return { names: [...names], sources: names.map((name) => all.sources[all.names.indexOf(name)] ?? anything()), open: undefined }
}

/** What planning without running leaves out. Functions that are called may run while a plan is made. */
const NOT_PLANNED = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'lock',
  'create table as',
  'create materialized view',
  'select into',
  'declare',
])

const explain: Handler = (statement, fields, scope) => {
  const { found, doubts } = statement
  act(found, 'explain')
  const runs = list(fields, 'options').some((option) => {
    const element = as(option, 'DefElem') ?? {}
    if (text(element, 'defname').toLowerCase() !== 'analyze') return false
    return !/^(0|false|off)$/i.test(constant(element.arg) ?? 'true')
  })
  if (runs) {
    const { transitions } = inner(statement, fields.query, scope)
    found.transitions.push(...transitions)
  } else {
    const planned = apart(statement, () => query(statement, fields.query, scope))
    for (const action of NOT_PLANNED) planned.effects.delete(action)
    for (const name of planned.writes) planned.reads.add(name)
    if (planned.unknown.has('writes')) planned.unknown.add('reads')
    planned.writes.clear()
    planned.unknown.delete('writes')
    planned.columns.written.clear()
    planned.stored.clear()
    merge(found, planned)
  }
  walkFields(statement, fields, scope, 'query')
  // A plan shows constants and expressions, and no values of columns; what code of users gives back may be a constant in it.
  return { names: ['QUERY PLAN'], sources: [{ ...nothing(), doubtful: statement.doubts > doubts }], open: undefined }
}

const createAs: Handler = (statement, fields, scope) => {
  const action =
    text(fields, 'objtype') === 'OBJECT_MATVIEW'
      ? 'create materialized view'
      : fields.is_select_into === true
        ? 'select into'
        : 'create table as'
  const rows = query(statement, fields.query, scope)
  if (rows) storeAll(statement, rows)
  creating(statement, tree(fields, 'into'), action, scope)
  walkFields(statement, fields, scope, 'query', 'into')
  return undefined
}

const truncate: Handler = (statement, fields) => {
  const { found } = statement
  act(found, 'truncate')
  found.bounded = false
  const cascades = text(fields, 'behavior') === 'DROP_CASCADE'
  for (const relation of list(fields, 'relations')) {
    const target = writes(statement, as(relation, 'RangeVar'), 'truncate')
    if (cascades && target) for (const each of meanings(target)) truncateReferencing(statement, each)
  }
  return undefined
}

/** CASCADE empties every table that has a foreign key on one that is emptied. */
function truncateReferencing(statement: Statement, target: Resolved): void {
  const { found, names } = statement
  const seen = new Set<number>()
  const waiting = [target.relation]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next.oid)) continue
    seen.add(next.oid)
    for (const oid of [...next.referencedBy, ...next.children]) {
      const other = names.catalog?.relationByOid(oid)
      if (!other) {
        found.unknown.add('writes')
        continue
      }
      writeRelation(statement, resolvedOf(other), ['truncate'])
      waiting.push(other)
    }
  }
}

/** LockStmt.mode of ACCESS SHARE (lockdefs.h). */
const ACCESS_SHARE = 1

const lock: Handler = (statement, fields) => {
  const { found } = statement
  const harmless = fields.mode === ACCESS_SHARE
  act(found, harmless ? 'lock access share' : 'lock table')
  for (const relation of list(fields, 'relations')) {
    const locked = apart(statement, () => {
      const target = named(statement, relation, 'reads', false)
      if (target) readRelation(statement, target, undefined, inherits(relation))
    })
    const into = harmless ? 'reads' : 'writes'
    for (const name of locked.reads) found[into].add(name)
    if (locked.unknown.has('reads')) found.unknown.add(into)
  }
  return undefined
}

const refreshView: Handler = (statement, fields) => {
  act(statement.found, 'refresh materialized view')
  if (statement.names.eventTriggers) act(statement.found, 'event trigger')
  const target = named(statement, fields.relation, 'writes')
  if (target) refresh(statement, target)
  else statement.found.unknown.add('reads')
  return undefined
}

/** VACUUM, ANALYZE, CLUSTER, REINDEX: they run the code of indexes and constraints. Without a relation they work on all there are. */
const maintenance =
  (actionsOf: (fields: Tree) => readonly string[], relationsOf: (fields: Tree) => readonly unknown[]): Handler =>
  (statement, fields, scope) => {
    for (const action of actionsOf(fields)) act(statement.found, action)
    const relations = relationsOf(fields)
    for (const relation of relations) {
      const target = writes(statement, relation, 'alter')
      // Rows come in the order of an index from now on.
      if (target && actionsOf(fields).includes('cluster')) noteColumn(statement, target, '*', 'predicate')
    }
    if (relations.length === 0) {
      anyRelation(statement.found)
      act(statement.found, 'user code')
    }
    walkFields(statement, fields, scope, 'relation', 'rels')
    return undefined
  }

const vacuumed = (fields: Tree): readonly string[] => {
  if (fields.is_vacuumcmd !== true) return ['analyze']
  const analyzes = list(fields, 'options').some((option) => text(as(option, 'DefElem') ?? {}, 'defname') === 'analyze')
  return analyzes ? ['vacuum', 'analyze'] : ['vacuum']
}

const call: Handler = (statement, fields, scope) => {
  const { found } = statement
  act(found, 'call')
  const funcCall = tree(fields, 'funccall')
  const parts = strings(list(funcCall, 'funcname'))
  const schema = parts.length > 1 ? (parts[parts.length - 2] ?? '') : ''
  for (const name of functionNamed(statement.names, schema, parts[parts.length - 1] ?? '').names) found.functions.add(name)
  walkFields(statement, funcCall, scope, 'funcname')
  walkFields(statement, fields, scope, 'funccall')
  return undefined
}

const doBlock: Handler = (statement) => {
  act(statement.found, 'do')
  statement.found.unknown.add('bounded')
  return undefined
}

export const UTILITIES: readonly (readonly [string, Handler])[] = [
  ['CopyStmt', copy],
  ['ExplainStmt', explain],
  ['CreateTableAsStmt', createAs],
  ['TruncateStmt', truncate],
  ['LockStmt', lock],
  ['RefreshMatViewStmt', refreshView],
  ['VacuumStmt', maintenance(vacuumed, (fields) => list(fields, 'rels').map((each) => tree(as(each, 'VacuumRelation') ?? {}, 'relation')))],
  [
    'ClusterStmt',
    maintenance(
      () => ['cluster'],
      (fields) => (isTree(fields.relation) ? [fields.relation] : []),
    ),
  ],
  [
    'ReindexStmt',
    maintenance(
      () => ['reindex'],
      (fields) => (isTree(fields.relation) ? [fields.relation] : []),
    ),
  ],
  ['CallStmt', call],
  ['DoStmt', doBlock],
]
