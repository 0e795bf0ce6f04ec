import { act } from './findings.ts'
import { creationSchema, nameOf } from './names.ts'
import type { Scope } from './scope.ts'
import type { Statement } from './statement.ts'
import { isTree, type Tree, text } from './tree.ts'
import { walkFields } from './walk.ts'

/** Whether a RangeVar makes something that lives and dies with the session. */
export function isTemporary(statement: Statement, relation: Tree): boolean {
  const schema = text(relation, 'schemaname')
  if (text(relation, 'relpersistence') === 't' || schema.startsWith('pg_temp')) return true
  return schema === '' && creationSchema(statement.names) === 'pg_temp'
}

/** The catalog changes: what users made may run because of it, and what names mean is not known any more. */
export function define(statement: Statement, action: string): void {
  const { found, names } = statement
  act(found, action)
  if (names.catalog?.eventTriggers ?? true) act(found, 'event trigger')
  found.transitions.push({ kind: 'define' })
}

/** A relation comes to be. @param relation a RangeVar */
export function created(statement: Statement, relation: Tree): void {
  const { found, names } = statement
  const name = text(relation, 'relname')
  if (isTemporary(statement, relation)) {
    found.writes.add(nameOf('pg_temp', name))
    return
  }
  const schema = text(relation, 'schemaname') || creationSchema(names)
  if (schema === undefined) found.unknown.add('writes')
  else found.writes.add(nameOf(schema, name))
}

/**
 * A relation comes to be by this action, and with it what the session knows of it.
 * @param simple a temporary one runs no code when it is used, and stands for nothing else
 */
export function make(statement: Statement, relation: Tree, action: string, simple: boolean, onCommit = ''): void {
  const { found, names } = statement
  created(statement, relation)
  if (!isTemporary(statement, relation)) {
    define(statement, action)
    return
  }
  act(found, action)
  if (names.catalog?.eventTriggers ?? true) act(found, 'event trigger')
  if (simple)
    found.transitions.push({
      kind: 'create-temporary',
      names: [text(relation, 'relname')],
      ...(onCommit === 'ONCOMMIT_DROP' && { untilCommit: true }),
    })
  else found.transitions.push({ kind: 'opaque' })
}

/** INTO of CREATE TABLE AS and SELECT. */
export function creating(statement: Statement, into: Tree, action: string, scope: Scope): void {
  const relation = isTree(into.rel) ? into.rel : {}
  make(statement, relation, action, true, text(into, 'onCommit'))
  walkFields(statement, into, scope, 'rel')
}
