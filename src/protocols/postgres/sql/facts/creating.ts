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

/** What exactly has changed in the catalog, where it is no more than that. */
export interface Plain {
  readonly made: readonly string[]
  readonly altered: readonly string[]
}

/** A command on objects is given, and event triggers fire. */
export function command(statement: Statement, action: string): void {
  const { found, names } = statement
  act(found, action)
  if (names.eventTriggers) act(found, 'event trigger')
}

/** The catalog changes. @param plain what exactly; otherwise what names mean is not known any more */
export function define(statement: Statement, action: string, plain?: Plain): void {
  command(statement, action)
  statement.found.transitions.push({ kind: 'define', ...plain })
}

/** A relation comes to be. @param relation a RangeVar @returns its name, if that is certain */
export function created(statement: Statement, relation: Tree): string | undefined {
  const { found, names } = statement
  const name = text(relation, 'relname')
  const schema = isTemporary(statement, relation) ? 'pg_temp' : text(relation, 'schemaname') || creationSchema(names)
  if (schema === undefined) found.unknown.add('writes')
  const key = schema === undefined ? undefined : nameOf(schema, name)
  if (key !== undefined) found.writes.add(key)
  return key
}

/**
 * A relation comes to be by this action, and with it what the session knows of it.
 * @param simple it runs no code when it is used, and stands for nothing else
 */
export function make(statement: Statement, relation: Tree, action: string, simple: boolean, onCommit = ''): void {
  const { found, names } = statement
  const key = created(statement, relation)
  if (!isTemporary(statement, relation)) {
    define(statement, action, simple && key !== undefined && names.making === undefined ? { made: [key], altered: [] } : undefined)
    return
  }
  command(statement, action)
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
