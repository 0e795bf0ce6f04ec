import { command, created, define, isTemporary, make } from './creating.ts'
import { expose } from './exposing.ts'
import { mention } from './expressions.ts'
import { act, anyRelation } from './findings.ts'
import { isSystem, resolvedOf } from './kin.ts'
import { creationSchema, meanings, type Resolved, relationNamed } from './names.ts'
import { followPolicies, noteColumn, readRelation, writeRelation } from './relations.ts'
import { openColumns, type Scope } from './scope.ts'
import { apart, defining, type Handler, type Statement, using } from './statement.ts'
import { as, isTree, list, strings, type Tree, text, tree } from './tree.ts'
import { named, scopeOf, writes } from './utility.ts'
import { query, walk, walkFields } from './walk.ts'

/** Session state that hangs on a temporary relation is not followed. */
function onTemporary(statement: Statement, relation: unknown): void {
  if (!isTree(relation)) return
  const target = relationNamed(statement.names, text(relation, 'schemaname'), text(relation, 'relname'))
  if (!target || meanings(target).some(({ schema }) => schema === 'pg_temp')) statement.found.transitions.push({ kind: 'opaque' })
}

/** What is made in pg_temp, or may be, stands for something else from now on. */
function namedTemporary(statement: Statement, parts: readonly string[]): void {
  const schema = parts.length > 1 ? parts[0] : creationSchema(statement.names)
  if (schema === undefined || schema.startsWith('pg_temp')) statement.found.transitions.push({ kind: 'opaque' })
}

/** CREATE TABLE, CREATE FOREIGN TABLE. Defaults and constraints are only written down; bounds of partitions are computed. */
export function createTable(statement: Statement, fields: Tree, action: string, outer: Scope): void {
  const scope = openColumns(outer)
  defining(statement, () => {
    walk(statement, fields.tableElts, scope)
    walk(statement, fields.constraints, scope)
    walk(statement, fields.partspec, scope)
  })
  for (const parent of list(fields, 'inhRelations')) {
    const target = writes(statement, as(parent, 'RangeVar'), 'drop')
    // Rows of the default partition are held against the bounds of the new one.
    if (target && isTree(fields.partbound)) noteColumn(statement, target, '*', 'predicate')
  }
  walkFields(statement, fields, scope, 'relation', 'tableElts', 'constraints', 'partspec', 'inhRelations')
  const simple = !statement.found.definesCode && list(fields, 'inhRelations').length === 0
  make(statement, tree(fields, 'relation'), action, simple, text(fields, 'oncommit'))
}

const createForeignTable: Handler = (statement, fields, scope) => {
  // Nobody knows what is behind it when its name is met.
  statement.found.definesCode = true
  createTable(statement, tree(fields, 'base'), 'create foreign table', scope)
  walkFields(statement, fields, scope, 'base')
  return undefined
}

/** What makes a view one that cannot be written through (“Updatable Views” of CREATE VIEW). */
const NOT_WRITABLE = ['withClause', 'distinctClause', 'groupClause', 'havingClause', 'limitCount', 'limitOffset', 'larg', 'valuesLists']

/**
 * Who writes to a view of one relation writes to that, also by a statement that was decided while the name meant another view: so whoever
 * defines it counts as writing there.
 */
function writable(statement: Statement, select: Tree): void {
  const [from, ...others] = list(select, 'fromClause')
  const relation = as(from, 'RangeVar')
  if (!relation || others.length > 0 || NOT_WRITABLE.some((field) => field in select)) return
  const counts = (item: unknown) => as(as(item, 'ResTarget')?.val, 'FuncCall')
  if (list(select, 'targetList').some((item) => counts(item)?.agg_star === true || isTree(counts(item)?.over))) return
  const { found } = statement
  const behind = apart(statement, () =>
    defining(statement, () => {
      const target = named(statement, relation, 'writes')
      if (target && !isSystem(target)) writeRelation(statement, target, ['insert', 'update', 'delete'])
    }),
  )
  for (const name of behind.writes) found.writes.add(name)
  for (const fact of behind.unknown) found.unknown.add(fact)
  found.definesCode ||= behind.definesCode
}

const createView: Handler = (statement, fields, scope) => {
  const view = tree(fields, 'view')
  defining(statement, () => query(statement, fields.query, scope))
  writable(statement, as(fields.query, 'SelectStmt') ?? {})
  make(statement, view, 'create view', false)
  // A view of a temporary relation is temporary itself.
  const { reads, transitions } = statement.found
  if (![...transitions].some(({ kind }) => kind === 'opaque') && [...reads].some((name) => name.startsWith('pg_temp.'))) {
    transitions.push({ kind: 'opaque' })
  }
  walkFields(statement, fields, scope, 'view', 'query')
  return undefined
}

const createSequence: Handler = (statement, fields, scope) => {
  make(statement, tree(fields, 'sequence'), 'create sequence', true)
  walkFields(statement, fields, scope, 'sequence')
  return undefined
}

const createIndex: Handler = (statement, fields, scope) => {
  const target = writes(statement, fields.relation, 'alter')
  // An index changes what no name means, unless code of users is in it.
  command(statement, 'create index')
  using(statement, 'predicate', () => walkFields(statement, fields, scopeOf(statement, fields.relation, openColumns(scope)), 'relation'))
  if (target?.schema !== 'pg_temp' || target.others)
    statement.found.transitions.push({ kind: 'define', ...(target && { made: [], altered: [] }) })
  return undefined
}

const SUBTYPES: readonly (readonly [RegExp, string])[] = [
  [/^AT_ChangeOwner$/, 'alter owner'],
  [/^AT_(Enable|Disable|Force|NoForce)RowSecurity$/, 'row security'],
  [/^AT_(Enable|Disable)\w*(Trig|Rule)/, 'switch triggers'],
]

/** Foreign keys on the table are checked anew, and the error of one shows a row of the other table. */
const REREADS = /^AT_(AlterColumnType|DetachPartition)$/

/** Rows of the one are rows of the other no more. */
const APART = /^AT_(DropInherit|DetachPartition(Finalize)?)$/

function readReferencing(statement: Statement, target: Resolved): void {
  for (const { relation } of meanings(target)) {
    for (const oid of relation?.referencedBy ?? []) {
      const other = statement.names.catalog?.relationByOid(oid)
      if (other) readRelation(statement, resolvedOf(other), undefined)
      else statement.found.unknown.add('reads')
    }
  }
}

const SWITCHED_ON = /^AT_Enable\w*(Trig|Rule)/

/** Subcommands that change columns of a table at most. */
const PLAIN =
  /^AT_(AddColumn|DropColumn|ColumnDefault|SetNotNull|DropNotNull|SetStatistics|SetStorage|SetCompression|AlterColumnType|AddConstraint|SetRelOptions|ResetRelOptions|ReplicaIdentity)$/

function isPlain(item: unknown): boolean {
  const step = as(item, 'AlterTableCmd') ?? {}
  const constraint = as(step.def, 'Constraint')
  // A foreign key may write to another table from now on, and so may one of a new column.
  const foreign = constraint ? isTree(constraint.pktable) : list(as(step.def, 'ColumnDef') ?? {}, 'constraints').some(isForeign)
  return PLAIN.test(text(step, 'subtype')) && !foreign && text(step, 'behavior') !== 'DROP_CASCADE'
}

const isForeign = (constraint: unknown): boolean => isTree(as(constraint, 'Constraint')?.pktable)

const alterTable: Handler = (statement, fields, outer) => {
  const noun = RELATION_NOUNS.get(text(fields, 'objtype')) ?? 'table'
  const target = writes(statement, fields.relation, 'alter')
  const scope = scopeOf(statement, fields.relation, openColumns(outer))
  const temporary = target?.schema === 'pg_temp' && !target.others
  // Columns of the type show something else from now on.
  if (noun === 'type') anyRelation(statement.found)
  command(statement, `alter ${noun}`)
  const plain = target && !target.others && noun === 'table' && list(fields, 'cmds').every(isPlain)
  if (!temporary) statement.found.transitions.push({ kind: 'define', ...(plain && { made: [], altered: [target.key] }) })
  for (const item of list(fields, 'cmds')) {
    const step = as(item, 'AlterTableCmd') ?? { def: item }
    const subtype = text(step, 'subtype')
    for (const [pattern, action] of SUBTYPES) if (pattern.test(subtype)) act(statement.found, action)
    // Those that are switched off are not in the catalog.
    if (SWITCHED_ON.test(subtype)) statement.found.definesCode = true
    if (target && REREADS.test(subtype)) readReferencing(statement, target)
    // Whether each value can be converted is seen by its failing.
    if (target && subtype === 'AT_AlterColumnType') noteColumn(statement, target, text(step, 'name'), 'predicate')
    if (/RowSecurity$/.test(subtype) && target) {
      defining(statement, () => {
        for (const { relation } of meanings(target)) if (relation) followPolicies(statement, relation, true)
      })
    }
    // Inheritance and partitions: rows of one become rows of the other.
    const other = as(step.def, 'RangeVar') ?? as(step.def, 'PartitionCmd')?.name
    if (isTree(other)) {
      const others = writes(statement, other, 'alter')
      const child = subtype === 'AT_AddInherit' ? target : subtype === 'AT_AttachPartition' ? others : undefined
      if (child) expose(statement, child)
      // What is said of the parent's columns does not hold for those of the child any more.
      // Rows of the one, and of the parent's default partition, are held against bounds.
      if (subtype === 'AT_AttachPartition') for (const each of [target, others]) if (each) noteColumn(statement, each, '*', 'predicate')
      if (APART.test(subtype)) for (const each of [target, others]) if (each) noteColumn(statement, each, '*', 'output')
      if (temporary) statement.found.transitions.push({ kind: 'opaque' })
    }
    if (text(step, 'behavior') === 'DROP_CASCADE') statement.found.unknown.add('writes')
    if (as(step.def, 'RangeVar')) continue
    const partition = as(step.def, 'PartitionCmd')
    using(statement, 'predicate', () => (partition ? walkFields(statement, partition, scope, 'name') : walkFields(statement, step, scope)))
  }
  walkFields(statement, fields, scope, 'relation', 'cmds')
  return undefined
}

/** Relations as ALTER and DROP call them. */
export const RELATION_NOUNS: ReadonlyMap<string, string> = new Map([
  ['OBJECT_TABLE', 'table'],
  ['OBJECT_INDEX', 'index'],
  ['OBJECT_VIEW', 'view'],
  ['OBJECT_MATVIEW', 'materialized view'],
  ['OBJECT_SEQUENCE', 'sequence'],
  ['OBJECT_FOREIGN_TABLE', 'foreign table'],
  ['OBJECT_TYPE', 'type'],
])

const createFunction: Handler = (statement, fields, scope) => {
  define(statement, fields.is_procedure === true ? 'create procedure' : 'create function')
  namedTemporary(statement, strings(list(fields, 'funcname')))
  // A body that is a text, or a symbol of a library, is not read.
  if (!isTree(fields.sql_body)) statement.found.definesCode = true
  const inside = openColumns(scope)
  defining(statement, () => walkFields(statement, fields, inside, 'funcname'))
  return undefined
}

/** Trigger functions of PostgreSQL itself: they change the row that they are fired for, or leave it out. */
const BUILTIN_TRIGGERS = new Set(['suppress_redundant_updates_trigger', 'tsvector_update_trigger', 'tsvector_update_trigger_column'])

function isBuiltinTrigger({ names }: Statement, parts: readonly string[]): boolean {
  const name = parts[parts.length - 1] ?? ''
  const system = parts.length === 1 || parts[0] === 'pg_catalog'
  return system && BUILTIN_TRIGGERS.has(name) && names.catalog?.userFunctions(name).length === 0
}

/** What hangs on a relation and is only written down: triggers, rules, policies. */
const attached =
  (action: string, field: 'relation' | 'table'): Handler =>
  (statement, fields, outer) => {
    const relation = fields[field]
    writes(statement, relation, 'drop')
    define(statement, action)
    onTemporary(statement, relation)
    if ('funcname' in fields && !isBuiltinTrigger(statement, strings(list(fields, 'funcname')))) statement.found.definesCode = true
    if (isTree(fields.constrrel)) mention(statement, fields.constrrel)
    const scope = scopeOf(statement, relation, openColumns(outer))
    const [target] = scope.entries
    if (target) for (const name of ['old', 'new']) scope.entries.push({ ...target, name, qualifiedOnly: true })
    defining(statement, () =>
      using(statement, 'predicate', () => walkFields(statement, fields, scope, field, 'constrrel', 'funcname', 'transitionRels')),
    )
    return undefined
  }

const createSchema: Handler = (statement, fields, scope) => {
  define(statement, 'create schema')
  const name = text(fields, 'schemaname') || text(tree(fields, 'authrole'), 'rolename')
  const { names } = statement
  const path = names.path && name !== '' ? [name, ...names.path] : undefined
  const view = { ...names.view, ...(names.view.searchPath && name !== '' && { searchPath: [name, ...names.view.searchPath] }) }
  statement.names = { ...names, view, path, ...(name !== '' && { making: name }) }
  walk(statement, fields.schemaElts, scope)
  statement.names = names
  return undefined
}

const createDomain: Handler = (statement, fields, scope) => {
  define(statement, 'create domain')
  namedTemporary(statement, strings(list(fields, 'domainname')))
  defining(statement, () => walkFields(statement, fields, openColumns(scope), 'domainname'))
  return undefined
}

const createStatistics: Handler = (statement, fields, scope) => {
  define(statement, 'create statistics')
  const relations = list(fields, 'relations').map((each) => as(each, 'RangeVar'))
  for (const relation of relations) writes(statement, relation, 'drop')
  const inside = scopeOf(statement, relations[0], openColumns(scope))
  using(statement, 'predicate', () => walkFields(statement, fields, inside, 'relations', 'defnames', 'stat_types'))
  return undefined
}

const createComposite: Handler = (statement, fields, scope) => {
  const relation = tree(fields, 'typevar')
  define(statement, 'create type')
  created(statement, relation)
  if (isTemporary(statement, relation)) statement.found.transitions.push({ kind: 'opaque' })
  defining(statement, () => walkFields(statement, fields, openColumns(scope), 'typevar'))
  return undefined
}

const alterDomain: Handler = (statement, fields, scope) => {
  define(statement, 'alter domain')
  if (text(fields, 'behavior') === 'DROP_CASCADE') statement.found.unknown.add('writes')
  // Values of all columns of the domain are looked at, and what a constraint cannot convert is shown.
  if (text(fields, 'subtype') === 'C' || text(fields, 'subtype') === 'V') statement.found.unknown.add('reads').add('columns')
  walkFields(statement, fields, openColumns(scope), 'typeName')
  return undefined
}

export const DEFINITIONS: readonly (readonly [string, Handler])[] = [
  [
    'CreateStmt',
    (statement, fields, scope) => {
      createTable(statement, fields, 'create table', scope)
      return undefined
    },
  ],
  ['CreateForeignTableStmt', createForeignTable],
  ['ViewStmt', createView],
  ['CreateSeqStmt', createSequence],
  ['IndexStmt', createIndex],
  ['AlterTableStmt', alterTable],
  ['CreateFunctionStmt', createFunction],
  ['CreateTrigStmt', attached('create trigger', 'relation')],
  ['RuleStmt', attached('create rule', 'relation')],
  ['CreatePolicyStmt', attached('create policy', 'table')],
  ['AlterPolicyStmt', attached('alter policy', 'table')],
  ['CreateSchemaStmt', createSchema],
  ['CreateDomainStmt', createDomain],
  ['CreateStatsStmt', createStatistics],
  ['CompositeTypeStmt', createComposite],
  ['AlterDomainStmt', alterDomain],
]
