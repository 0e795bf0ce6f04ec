import { operator } from './expressions.ts'
import { act } from './findings.ts'
import { relationNamed } from './names.ts'
import { unresolved } from './relations.ts'
import {
  anyColumns,
  cteNamed,
  type Derived,
  type Entry,
  hasColumn,
  nothing,
  relationEntry,
  renamed,
  type Scope,
  scopeUnder,
  useColumn,
  useRow,
} from './scope.ts'
import { type Statement, using } from './statement.ts'
import { as, list, string, strings, type Tree, text, tree, typeOf } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/** One item of FROM, which becomes visible in the scope. */
export function fromItem(statement: Statement, item: unknown, scope: Scope): void {
  scope.entries.push(...entriesOf(statement, item, scope))
}

/** What reading in FROM is. */
const READ = 'select'

function entriesOf(statement: Statement, item: unknown, scope: Scope): Entry[] {
  const type = typeOf(item)
  const fields = as(item, type) ?? {}
  switch (type) {
    case 'RangeVar':
      return [rangeVar(statement, fields, scope)]
    case 'RangeSubselect':
      return [subselect(statement, fields, scope)]
    case 'RangeFunction':
      return [functions(statement, fields, scope)]
    case 'RangeTableFunc':
    case 'JsonTable':
      return [tableFunction(statement, fields, scope)]
    case 'RangeTableSample': {
      const entries = entriesOf(statement, fields.relation, scope)
      // BERNOULLI and SYSTEM are built in; a method is a function with that name.
      const method = strings(list(fields, 'method'))
      if (!['bernoulli', 'system'].includes(method[method.length - 1] ?? '')) act(statement.found, 'user code')
      walkFields(statement, fields, scope, 'relation', 'method')
      return entries
    }
    case 'JoinExpr':
      return join(statement, fields, scope)
    default:
      walk(statement, item, scope)
      return []
  }
}

const columnNames = (alias: Tree): readonly string[] => strings(list(alias, 'colnames'))

function named(statement: Statement, entry: Entry, alias: Tree): Entry {
  const names = columnNames(alias)
  return names.length === 0 ? entry : renamed(statement, entry, entry.name, names)
}

function rangeVar(statement: Statement, fields: Tree, scope: Scope): Entry {
  const schema = text(fields, 'schemaname')
  const name = text(fields, 'relname')
  const alias = tree(fields, 'alias')
  const as = text(alias, 'aliasname')
  const cte = schema === '' ? cteNamed(scope, name) : undefined
  if (cte) return named(statement, { name: as || name, schema: '', derived: cte }, alias)
  const target = relationNamed(statement.names, schema, name)
  if (target) return named(statement, relationEntry(statement, target, as, fields.inh === true, READ), alias)
  act(statement.found, READ)
  unresolved(statement, schema, true, 'reads', ...(statement.locks ? (['writes'] as const) : []))
  return { name: as || name, schema: as ? '' : schema, derived: anyColumns(nothing()) }
}

function subselect(statement: Statement, fields: Tree, scope: Scope): Entry {
  const inner = fields.lateral === true ? scope : scopeUnder(scope.parent, scope.ctes)
  const { source } = statement
  statement.source = undefined
  const derived = query(statement, fields.subquery, inner) ?? anyColumns(nothing())
  statement.source = source
  const alias = tree(fields, 'alias')
  return named(statement, { name: text(alias, 'aliasname'), schema: '', derived }, alias)
}

/** Walks something in FROM and says what its columns are made from. */
function made(statement: Statement, walkIt: () => void): Derived {
  const { source } = statement
  const all = nothing()
  statement.source = all
  walkIt()
  statement.source = source
  return anyColumns(all)
}

/** Functions in FROM see what stands before them. Their columns are those of the definition list, or of the alias, or any. */
function functions(statement: Statement, fields: Tree, scope: Scope): Entry {
  const derived = made(statement, () => walkFields(statement, fields, scope, 'alias'))
  const alias = tree(fields, 'alias')
  return { name: text(alias, 'aliasname') || functionName(fields), schema: '', derived }
}

/** Without an alias it is called like the function. */
function functionName(fields: Tree): string {
  const [first] = list(fields, 'functions')
  const call = as(list(as(first, 'List') ?? {}, 'items')[0], 'FuncCall')
  const parts = call ? strings(list(call, 'funcname')) : []
  return parts[parts.length - 1] ?? ''
}

/** XMLTABLE, JSON_TABLE. */
function tableFunction(statement: Statement, fields: Tree, scope: Scope): Entry {
  const derived = made(statement, () => walkFields(statement, fields, scope, 'alias'))
  return { name: text(tree(fields, 'alias'), 'aliasname'), schema: '', derived }
}

function join(statement: Statement, fields: Tree, scope: Scope): Entry[] {
  // A LATERAL item on the right sees the left side.
  const left = entriesOf(statement, fields.larg, scope)
  const right = entriesOf(statement, fields.rarg, scopeUnder(scope.parent, scope.ctes, [...scope.entries, ...left]))
  const both = [...left, ...right]
  const using_ = strings(list(fields, 'usingClause'))
  using(statement, 'predicate', () => {
    if (using_.length > 0 || fields.isNatural === true) operator(statement, ['='])
    for (const name of using_) for (const entry of both) if (hasColumn(entry, name) !== false) useColumn(statement, entry, name)
    if (fields.isNatural === true) natural(statement, left, right)
    walk(statement, fields.quals, scopeUnder(scope.parent, scope.ctes, both))
  })
  const usingAlias = text(tree(fields, 'join_using_alias'), 'aliasname')
  if (usingAlias) both.push({ name: usingAlias, schema: '', group: [...left, ...right], qualifiedOnly: true })
  const alias = tree(fields, 'alias')
  const name = text(alias, 'aliasname')
  if (!name) return both
  return [named(statement, { name, schema: '', group: [...left, ...right] }, alias), ...both.map((entry) => ({ ...entry, hidden: true }))]
}

/** NATURAL compares every column that both sides have; where one side's are not known, all. */
function natural(statement: Statement, left: readonly Entry[], right: readonly Entry[]): void {
  const names = namesIn(left)
  const others = namesIn(right)
  if (!names || !others) {
    for (const entry of [...left, ...right]) useRow(statement, entry)
    return
  }
  for (const name of names) {
    if (!others.has(name)) continue
    for (const entry of [...left, ...right]) if (hasColumn(entry, name) !== false) useColumn(statement, entry, name)
  }
}

function namesIn(entries: readonly Entry[]): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const entry of entries) {
    if (entry.qualifiedOnly || entry.hidden) continue
    const columns =
      entry.derived?.open || entry.group || entry.target?.others ? undefined : (entry.derived?.names ?? entry.target?.relation?.columns)
    if (!columns || columns.length === 0) return undefined
    for (const name of columns) {
      if (name === undefined) return undefined
      names.add(name)
    }
  }
  return names
}

/** The relations that RETURNING, SET and WHERE of a statement may name besides its target. @param label OLD, NEW or EXCLUDED */
export function shadowEntry(label: string, entry: Entry, derived?: Derived): Entry {
  if (derived) return { name: label, schema: '', derived, qualifiedOnly: true }
  return { ...entry, name: label, schema: '', qualifiedOnly: true }
}

/** The names that RETURNING WITH (OLD AS o, NEW AS n) gives. */
export function returningNames(clause: Tree): readonly string[] {
  const names = list(clause, 'options').map((option) => text(as(option, 'ReturningOption') ?? {}, 'value'))
  return ['old', 'new', ...names.filter((name) => name !== '')]
}

export const isStar = (value: unknown): boolean => as(value, 'A_Star') !== undefined
export const lastName = (parts: readonly unknown[]): string | undefined => string(parts[parts.length - 1])
