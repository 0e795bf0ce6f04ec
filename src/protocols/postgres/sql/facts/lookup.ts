import { isSystem } from './kin.ts'
import { type Entry, hasColumn, isPlainColumn, namedIn, type Scope } from './scope.ts'
import type { Statement } from './statement.ts'
import { as, list, string, type Tree } from './tree.ts'

/** What `*` and `t.*` stand for. */
export function starEntries(scope: Scope, names: readonly string[]): readonly Entry[] {
  return names.length === 0 ? scope.entries.filter((entry) => !entry.qualifiedOnly) : entriesNamed(scope, names)
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

/** Whether a value is one column of a base table, handed through unchanged. */
export function isPlain(statement: Statement, value: unknown, scope: Scope): boolean {
  const reference = as(value, 'ColumnRef')
  const names = reference ? list(reference, 'fields').map((part) => string(part)) : []
  const name = names.pop()
  if (name === undefined || names.includes(undefined)) return false
  const entries = names.length > 0 ? entriesNamed(scope, names as string[]) : columnsNamed(scope, name)
  const [entry, ...others] = entries
  return entry !== undefined && others.length === 0 && hasColumn(entry, name) === true && isPlainColumn(statement, entry, name)
}

/** `t` as a value: the whole row of something, where no column is called so. */
export function rowNamed(scope: Scope, value: unknown): readonly Entry[] {
  const parts = list(as(value, 'ColumnRef') ?? {}, 'fields')
  const name = parts.length === 1 ? string(parts[0]) : undefined
  if (name === undefined) return []
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    if (level.entries.some((entry) => !entry.qualifiedOnly && hasColumn(entry, name) !== false)) return []
  }
  return entriesNamed(scope, [name])
}
