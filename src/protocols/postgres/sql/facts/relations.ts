import { builtinType } from '../../catalog/builtin/index.ts'
import type { Relation } from '../../catalog/catalog.ts'
import { act, anyRelation, type Use } from './findings.ts'
import { ancestorsOf, isSystem, resolvedOf } from './kin.ts'
import { lineageOf } from './lineage.ts'
import { functionNamed, isMissing, meanings, nameOf, type Resolved } from './names.ts'
import { SETTINGS_VIEW, updateSettings } from './pinned.ts'
import { call, doubt, runUserCode, type Statement } from './statement.ts'
import { systemRead } from './system-relations.ts'

/**
 * A relation is read, with all that reading it comes to: what views use and call, partitions and inheritance in both directions.
 *
 * @param action what reading a relation of users is here; undefined where reading comes with something else, as an UPDATE reads its target
 * @param inherit false for ONLY
 */
export function readRelation(statement: Statement, target: Resolved, action: string | undefined, inherit = true): void {
  for (const each of meanings(target)) readOne(statement, each, action, inherit)
}

function readOne(statement: Statement, target: Resolved, action: string | undefined, inherit: boolean): void {
  const { found } = statement
  found.reads.add(target.key)
  if (statement.locks) {
    act(found, 'lock')
    found.writes.add(target.key)
  }
  if (isSystem(target)) {
    readSystem(statement, target)
    if (target.relation?.userCode.onRead) runUserCode(statement, 'user code')
    return
  }
  if (action) act(found, action)
  if (target.relation) followRead(statement, target.relation, inherit)
}

function readSystem(statement: Statement, target: Resolved, columns?: readonly string[]): void {
  if (!builtinType(target.schema, target.name)) {
    // A system relation of a PostgreSQL that nobody has judged yet; those of TOAST are no types, and do not stand in these schemas.
    act(statement.found, 'unknown relation')
    return
  }
  const { action, columns: sensitive } = systemRead(target.key)
  const touched = !sensitive || columns?.some((column) => column === '*' || sensitive.includes(column))
  act(statement.found, touched ? action : 'catalog read')
  if (touched && action === 'server file') anyRelation(statement.found)
}

function followRead(statement: Statement, relation: Relation, inherit: boolean): void {
  const mark = `r${inherit ? '+' : '-'}${relation.oid}`
  if (statement.followed.has(mark)) return
  statement.followed.add(mark)
  const { found, names } = statement
  const key = nameOf(relation.schema, relation.name)
  found.reads.add(key)
  if (statement.locks) found.writes.add(key)
  if (relation.userCode.onRead) runUserCode(statement, 'user code')
  if (relation.kind === 'foreign table') followForeign(statement)
  followPolicies(statement, relation)
  followUses(statement, relation, relation.kind === 'view')
  if (relation.of !== undefined) readByOid(statement, relation.of, true)
  if (inherit) for (const child of relation.children) readByOid(statement, child, true)
  followAncestors(statement, relation, found.reads)
  if (relation.kind === 'view' && !relation.view && names.catalog) runUserCode(statement, 'view')
}

/** What is behind a foreign table is elsewhere, or here again: what is read or written there, and what runs there, nobody knows. */
function followForeign({ found }: Statement): void {
  anyRelation(found)
}

/** @param runs whether the definition runs now: reading a materialized view reads what was computed before */
function followUses(statement: Statement, relation: Relation, runs: boolean): void {
  const { view } = relation
  if (!view) return
  if (runs) {
    if (view.calls) callAll(statement, view.calls)
    else runUserCode(statement, 'view')
  }
  for (const { relation: oid, columns } of view.uses) readByOid(statement, oid, true, columns)
}

/** Row security reads what its expressions name, for whoever it applies to. @param defined they are met from now on, and do not run */
export function followPolicies(statement: Statement, { policies }: Relation, defined = false): void {
  if (!policies || !(policies.enabled || defined)) return
  if (policies.calls) callAll(statement, policies.calls)
  else runUserCode(statement, 'user code')
  for (const { relation: oid, columns } of policies.uses) {
    readByOid(statement, oid, true, columns)
    const relation = statement.names.catalog?.relationByOid(oid)
    if (relation) for (const column of columns) noteColumn(statement, resolvedOf(relation), column, 'predicate')
  }
}

function readByOid(statement: Statement, oid: number, inherit: boolean, columns?: readonly string[]): void {
  const relation = statement.names.catalog?.relationByOid(oid)
  if (!relation) {
    statement.found.unknown.add('reads').add('columns')
    return
  }
  const target = resolvedOf(relation)
  statement.found.reads.add(target.key)
  if (isSystem(target)) readSystem(statement, target, columns ?? ['*'])
  else followRead(statement, relation, inherit)
}

function followAncestors(statement: Statement, relation: Relation, into: Set<string>): void {
  for (const ancestor of ancestorsOf(statement, relation)) into.add(nameOf(ancestor.schema, ancestor.name))
}

/** Functions that a definition calls, as `schema.name`. */
export function callAll(statement: Statement, calls: readonly string[]): void {
  for (const each of calls) {
    const dot = each.indexOf('.')
    const callee = functionNamed(statement.names, each.slice(0, dot), each.slice(dot + 1))
    call(statement, callee.missing ? { ...callee, names: [each] } : callee)
  }
}

/**
 * A name of a relation means nothing, or it is not known what. If it may mean something, that may be a view or a table with code of users.
 * @param runs whether such code would run
 */
export function unresolved(statement: Statement, schema: string, runs: boolean, ...facts: readonly ('reads' | 'writes')[]): void {
  const { found, names } = statement
  found.unknown.add('columns')
  for (const fact of facts) found.unknown.add(fact)
  if (!runs || isMissing(names, schema)) return
  if (statement.defines) found.definesCode = true
  else act(found, 'unknown relation')
}

/** What happens to rows of a relation, or to the relation itself: `alter` may run what code it has, `drop` runs none. */
export type Verb = 'insert' | 'update' | 'delete' | 'truncate' | 'alter' | 'drop'

/**
 * A relation is written, with all that writing it comes to: triggers, rules, what a view writes through to, partitions and inheritance,
 * cascading foreign keys. What is updated, deleted or altered is read too: errors show the rows that they are about.
 *
 * @param set columns that an UPDATE sets; undefined: any
 * @param inherit false for ONLY
 */
export function writeRelation(
  statement: Statement,
  target: Resolved,
  verbs: readonly Verb[],
  set?: ReadonlySet<string>,
  inherit = true,
): void {
  for (const each of meanings(target)) writeOne(statement, each, verbs, set, inherit)
}

function writeOne(
  statement: Statement,
  target: Resolved,
  verbs: readonly Verb[],
  set: ReadonlySet<string> | undefined,
  inherit: boolean,
): void {
  const { found } = statement
  found.writes.add(target.key)
  if (verbs.some((verb) => SHOWN.has(verb))) found.reads.add(target.key)
  if (isSystem(target)) act(found, 'system catalog write')
  else if (target.relation) for (const verb of verbs) followWrite(statement, target.relation, verb, set, inherit)
}

/** Of what these are done to, a constraint that fails shows rows that were there before. */
const SHOWN: ReadonlySet<Verb> = new Set(['update', 'delete', 'alter'])

function followWrite(statement: Statement, relation: Relation, verb: Verb, set: ReadonlySet<string> | undefined, inherit: boolean): void {
  const mark = `${verb}${inherit ? '+' : '-'}${relation.oid}${set ? [...set].sort().join() : ''}`
  if (statement.followed.has(mark)) return
  statement.followed.add(mark)
  const { found } = statement
  // What is inserted shows what is there already only to an exclusion constraint.
  const shown = SHOWN.has(verb) || (verb === 'insert' && relation.exclusion === true)
  const key = nameOf(relation.schema, relation.name)
  found.writes.add(key)
  if (shown) found.reads.add(key)
  if (verb !== 'alter' && verb !== 'drop') {
    if (relation.rules || relation.triggers.includes(verb)) runUserCode(statement, 'trigger')
    if (relation.kind === 'view') writeThrough(statement, relation, verb)
    if (verb !== 'truncate') followPolicies(statement, relation)
  }
  if (codeRuns(relation, verb)) runUserCode(statement, 'user code')
  if (relation.kind === 'foreign table' && verb !== 'alter' && verb !== 'drop') followForeign(statement)
  if (relation.of !== undefined) writeByOid(statement, relation.of, verb, undefined)
  if (inherit && (verb !== 'insert' || relation.kind === 'partitioned table')) {
    const moves = verb === 'update' && relation.kind === 'partitioned table' && mayMove(relation, set)
    for (const child of relation.children) {
      writeByOid(statement, child, verb, set)
      if (moves) for (const each of ['delete', 'insert'] as const) writeByOid(statement, child, each, undefined)
    }
  }
  const ancestors = ancestorsOf(statement, relation)
  for (const ancestor of ancestors) {
    const name = nameOf(ancestor.schema, ancestor.name)
    found.writes.add(name)
    if (shown) found.reads.add(name)
  }
  if (verb === 'delete' || verb === 'update') for (const each of [relation, ...ancestors]) cascade(statement, each, verb, set)
}

/** Whether an UPDATE may take rows out of one partition and put them into another. */
function mayMove({ partitionKey = ANY }: Relation, set: ReadonlySet<string> | undefined): boolean {
  return !set || partitionKey.some((column) => column === '*' || set.has(column))
}

const ANY = ['*'] as const

function codeRuns({ userCode }: Relation, verb: Verb): boolean {
  if (verb === 'truncate' || verb === 'drop') return false
  return userCode.onRead || (verb !== 'delete' && userCode.onWrite)
}

function writeThrough(statement: Statement, relation: Relation, verb: Verb): void {
  followUses(statement, relation, true)
  if (!relation.view) runUserCode(statement, 'view')
  for (const { relation: oid } of relation.view?.uses ?? []) {
    const used = statement.names.catalog?.relationByOid(oid)
    if (!used || !isSystem({ schema: used.schema, relation: used })) writeByOid(statement, oid, verb, undefined)
    else if (verb === 'update' && nameOf(used.schema, used.name) === SETTINGS_VIEW) updateSettings(statement, undefined, undefined)
  }
}

function writeByOid(statement: Statement, oid: number, verb: Verb, set: ReadonlySet<string> | undefined): void {
  const relation = statement.names.catalog?.relationByOid(oid)
  if (relation) followWrite(statement, relation, verb, set, true)
  else anyRelation(statement.found)
}

function cascade(statement: Statement, relation: Relation, verb: 'delete' | 'update', set: ReadonlySet<string> | undefined): void {
  for (const each of relation.cascades) {
    if (each.on !== verb) continue
    if (verb === 'update' && set && !each.key.some((column) => column === '*' || set.has(column))) continue
    const other = statement.names.catalog?.relationByOid(each.relation)
    if (!other) {
      anyRelation(statement.found)
      continue
    }
    for (const column of each.columns) noteColumn(statement, resolvedOf(other), column, 'written')
    followWrite(statement, other, each.columns.length > 0 ? 'update' : 'delete', new Set(each.columns), true)
  }
}

/** A column is used; `*` for a whole row. */
export function noteColumn(statement: Statement, target: Resolved, column: string, use: Use): void {
  for (const each of meanings(target)) noteOne(statement, each, column, use)
}

function noteOne(statement: Statement, target: Resolved, column: string, use: Use): void {
  const { keys, certain } = lineageOf(statement, target, column)
  const { columns } = statement.found
  for (const key of keys) columns[use].add(key)
  if (statement.tests && use === 'output' && use === statement.use) for (const key of keys) columns.tests.add(key)
  if (statement.also && use === statement.use) for (const key of keys) columns[statement.also].add(key)
  if (statement.source && use === statement.use) for (const key of keys) statement.source.columns.push(key)
  if (!certain && use === statement.use) doubt(statement)
  if (!isSystem(target)) return
  const { action, columns: sensitive } = systemRead(target.key)
  if (sensitive && (column === '*' || sensitive.includes(column))) act(statement.found, action)
}

/** A materialized view is computed anew. */
export function refresh(statement: Statement, target: Resolved): void {
  writeRelation(statement, target, ['alter'])
  for (const { relation } of meanings(target)) if (relation) followUses(statement, relation, true)
}
