import { fieldMayCall } from './calls.ts'
import { isSystem } from './relations.ts'
import { type Entry, hasColumn, namedIn, type Scope, useColumn, useRow } from './scope.ts'
import type { Statement } from './statement.ts'
import { as, list, string, type Tree } from './tree.ts'
import { walk } from './walk.ts'

/** `x`, `t.x`, `s.t.x`, `db.s.t.x`, and the same with `*`: PostgreSQL's transformColumnRef. */
export function columnRef(statement: Statement, fields: Tree, scope: Scope): undefined {
  const parts = list(fields, 'fields')
  const last = parts[parts.length - 1]
  const star = as(last, 'A_Star') !== undefined
  const names = (star ? parts.slice(0, -1) : parts).map((part) => string(part) ?? '')
  if (star) starRef(statement, names, scope)
  else if (names.length === 1) bareRef(statement, names[0] ?? '', scope)
  else {
    const name = names[names.length - 1] ?? ''
    const entries = entriesNamed(scope, names.slice(0, -1))
    if (entries.length === 0) statement.found.unknown.add('columns')
    for (const entry of entries) fieldOf(statement, entry, name)
  }
}

/** What `*` and `t.*` stand for. */
export function starEntries(scope: Scope, names: readonly string[]): readonly Entry[] {
  return names.length === 0 ? scope.entries.filter((entry) => !entry.qualifiedOnly) : entriesNamed(scope, names)
}

function starRef(statement: Statement, names: readonly string[], scope: Scope): void {
  const entries = starEntries(scope, names)
  if (entries.length === 0 && names.length > 0) statement.found.unknown.add('columns')
  for (const entry of entries) useRow(statement, entry)
}

/** A name alone is a column of anything in scope, inner queries first; else a whole row; and `value.name` may be a call. */
function bareRef(statement: Statement, name: string, scope: Scope): void {
  let found = false
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    let certain = false
    for (const entry of level.entries) {
      if (entry.qualifiedOnly) continue
      const has = hasColumn(entry, name)
      if (has === false) continue
      useColumn(statement, entry, name)
      found = true
      certain ||= has === true
    }
    if (certain) return
  }
  for (const entry of entriesNamed(scope, [name])) {
    useRow(statement, entry)
    found = true
  }
  if (!found) statement.found.unknown.add('columns')
}

function fieldOf(statement: Statement, entry: Entry, name: string): void {
  const has = hasColumn(entry, name)
  if (has !== false) useColumn(statement, entry, name)
  else useRow(statement, entry)
  if (has !== true) fieldMayCall(statement, name)
}

/** What a name of a relation may mean, the innermost first; more than one only where a join's alias hides some. */
export function entriesNamed(scope: Scope, names: readonly string[]): readonly Entry[] {
  const name = names[names.length - 1]
  const schema = names.length > 1 ? names[names.length - 2] : ''
  const found: Entry[] = []
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    let certain = false
    for (const entry of name === undefined ? [] : namedIn(level, name)) {
      if (entry.name !== name || (schema !== '' && entry.schema !== schema && entry.target?.schema !== schema)) continue
      found.push(entry)
      certain ||= !entry.hidden
    }
    if (certain) return found
  }
  return found
}

/** Whether a reference can only be to columns of system relations: their types are built in. */
export function isSystemColumn(reference: Tree, scope: Scope): boolean {
  const names = list(reference, 'fields').map((part) => string(part))
  const name = names.pop()
  if (name === undefined || names.includes(undefined)) return false
  const entries =
    names.length > 0
      ? entriesNamed(
          scope,
          names.map((part) => part ?? ''),
        )
      : columnsNamed(scope, name)
  return entries.length > 0 && entries.every((entry) => entry.target && isSystem(entry.target) && hasColumn(entry, name) === true)
}

/** Everything that may have a column of this name, up to where one has for certain. */
function columnsNamed(scope: Scope, name: string): readonly Entry[] {
  const found: Entry[] = []
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    const having = level.entries.filter((entry) => !entry.qualifiedOnly && hasColumn(entry, name) !== false)
    found.push(...having)
    if (having.some((entry) => hasColumn(entry, name) === true)) return found
  }
  return found
}

/** `(value).field`, `value[1]`, `(value).*`. */
export function indirection(statement: Statement, fields: Tree, scope: Scope): undefined {
  walk(statement, fields.arg, scope)
  for (const step of list(fields, 'indirection')) {
    const name = string(step)
    if (name !== undefined) fieldMayCall(statement, name)
    else walk(statement, step, scope)
  }
}
