import { GIVES_ROWS } from '../../catalog/builtin/flow.ts'
import { fieldMayCall } from './calls.ts'
import { entriesNamed, starEntries } from './lookup.ts'
import { type Entry, hasColumn, type Scope, useColumn, useRow } from './scope.ts'
import { counting, doubt, type Statement, testing } from './statement.ts'
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
    if (entries.length === 0) unknownColumn(statement)
    for (const entry of entries) fieldOf(statement, entry, name)
  }
}

function starRef(statement: Statement, names: readonly string[], scope: Scope): void {
  const entries = starEntries(scope, names)
  if (entries.length === 0 && names.length > 0) unknownColumn(statement)
  for (const entry of entries) useRow(statement, entry)
}

export function unknownColumn(statement: Statement): void {
  statement.found.unknown.add('columns')
  doubt(statement)
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
  if (!found) unknownColumn(statement)
}

function fieldOf(statement: Statement, entry: Entry, name: string): void {
  const has = hasColumn(entry, name)
  if (has !== false) useColumn(statement, entry, name)
  else useRow(statement, entry)
  if (has !== true) fieldMayCall(statement, name)
}

/** `(value).field`, `value[1]`, `(value).*`. */
export function indirection(statement: Statement, fields: Tree, scope: Scope): undefined {
  const steps = list(fields, 'indirection')
  // `(value).unnest` is a call of it.
  const gives = steps.some((step) => GIVES_ROWS.has(string(step) ?? ''))
  const walkValue = () => walk(statement, fields.arg, scope)
  if (gives) counting(statement, walkValue)
  else walkValue()
  for (const step of steps) {
    const name = string(step)
    if (name !== undefined) fieldMayCall(statement, name)
    // An element that is not there is NULL, and parts of arrays have to fit together.
    else testing(statement, () => walk(statement, step, scope))
  }
}
