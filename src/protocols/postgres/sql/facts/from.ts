import { operator } from './expressions.ts'
import { act } from './findings.ts'
import { relationNamed } from './names.ts'
import { unresolved } from './relations.ts'
import {
  addColumns,
  anyColumns,
  anything,
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
import { choosing, counting, type Statement, using } from './statement.ts'
import { as, list, string, strings, type Tree, text, tree, typeOf } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/** One item of FROM, which becomes visible in the scope. */
export function fromItem(statement: Statement, item: unknown, scope: Scope): void {
  const { entries, shown } = itemOf(statement, item, scope)
  scope.entries.push(...entries)
  scope.shown.push(...shown)
}

/** What names may mean behind it, and what `*` stands for. */
interface Item {
  readonly entries: readonly Entry[]
  readonly shown: readonly Entry[]
}

const one = (entry: Entry): Item => ({ entries: [entry], shown: [entry] })

/** What reading in FROM is. */
const READ = 'select'

function itemOf(statement: Statement, item: unknown, scope: Scope): Item {
  const type = typeOf(item)
  const fields = as(item, type) ?? {}
  switch (type) {
    case 'RangeVar':
      return one(rangeVar(statement, fields, scope))
    case 'RangeSubselect':
      return one(subselect(statement, fields, scope))
    case 'RangeFunction':
      return one(functions(statement, fields, scope))
    case 'RangeTableFunc':
    case 'JsonTable':
      return one(tableFunction(statement, fields, scope))
    case 'RangeTableSample': {
      const sampled = itemOf(statement, fields.relation, scope)
      // BERNOULLI and SYSTEM are built in; a method is a function with that name.
      const method = strings(list(fields, 'method'))
      if (!['bernoulli', 'system'].includes(method[method.length - 1] ?? '')) act(statement.found, 'user code')
      choosing(statement, () => walkFields(statement, fields, scope, 'relation', 'method'))
      return sampled
    }
    case 'JoinExpr':
      return join(statement, fields, scope)
    default:
      walk(statement, item, scope)
      return { entries: [], shown: [{ name: '', schema: '', derived: anyColumns(anything()) }] }
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
  return { name: as || name, schema: as ? '' : schema, derived: anyColumns(anything()) }
}

function subselect(statement: Statement, fields: Tree, scope: Scope): Entry {
  const inner = fields.lateral === true ? scope : scopeUnder(scope.parent, scope.ctes)
  const { source } = statement
  statement.source = undefined
  const derived = query(statement, fields.subquery, inner) ?? anyColumns(anything())
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
  const derived = made(statement, () => counting(statement, () => walkFields(statement, fields, scope, 'alias')))
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
  const derived = made(statement, () => counting(statement, () => walkFields(statement, fields, scope, 'alias')))
  return { name: text(tree(fields, 'alias'), 'aliasname'), schema: '', derived }
}

function join(statement: Statement, fields: Tree, scope: Scope): Item {
  // A LATERAL item on the right sees the left side.
  const leftItem = itemOf(statement, fields.larg, scope)
  const rightItem = itemOf(statement, fields.rarg, scopeUnder(scope.parent, scope.ctes, [...scope.entries, ...leftItem.entries]))
  const left = leftItem.entries
  const right = rightItem.entries
  const both = [...left, ...right]
  const using_ = strings(list(fields, 'usingClause'))
  using(statement, 'predicate', () => {
    if (using_.length > 0 || fields.isNatural === true) operator(statement, ['='])
    for (const name of using_) for (const entry of both) if (hasColumn(entry, name) !== false) useColumn(statement, entry, name)
    if (fields.isNatural === true) natural(statement, left, right)
    walk(statement, fields.quals, scopeUnder(scope.parent, scope.ctes, both))
  })
  const usingAlias = text(tree(fields, 'join_using_alias'), 'aliasname')
  const alias = tree(fields, 'alias')
  const name = text(alias, 'aliasname')
  if (using_.length === 0 && fields.isNatural !== true && !name) return { entries: both, shown: [...leftItem.shown, ...rightItem.shown] }
  const sides = [leftItem, rightItem].map(({ shown }) => sideOf(statement, shown))
  const full = text(fields, 'jointype') === 'JOIN_FULL'
  const { star, merged } = joined(sides, fields.isNatural === true ? undefined : using_, full)
  if (usingAlias) both.push({ name: usingAlias, schema: '', group: [...left, ...right], star: merged, qualifiedOnly: true })
  if (!name) return { entries: both, shown: [{ name: '', schema: '', derived: star }] }
  const entry = named(statement, { name, schema: '', group: [...left, ...right], star }, alias)
  return { entries: [entry, ...both.map((each) => ({ ...each, hidden: true }))], shown: [entry] }
}

function sideOf(statement: Statement, shown: readonly Entry[]): Derived {
  const side: Derived = { names: [], sources: [], open: undefined }
  for (const entry of shown) addColumns(statement, side, entry)
  return side
}

/** The columns of a join: those that both sides share once, and first. @param names undefined: all that are called alike */
function joined(
  [left, right]: readonly Derived[],
  names: readonly string[] | undefined,
  full: boolean,
): { star: Derived; merged: Derived } {
  const sides = [left, right].filter((side): side is Derived => side !== undefined)
  const unclear = sides.some((side) => side.open || side.names.includes(undefined))
  if (!left || !right || unclear) {
    const star = anyColumns({ columns: [], from: sides.flatMap(({ sources, open }) => (open ? [...sources, open] : sources)) })
    return { star, merged: star }
  }
  const shared = names ?? left.names.filter((name): name is string => right.names.includes(name))
  const merged: Derived = {
    names: [...shared],
    sources: shared.map((name) => {
      const both = sides.map(({ names: all, sources }) => sources[all.indexOf(name)] ?? nothing())
      return { columns: [], from: both, plain: !full && both.every((source) => source.plain) }
    }),
    open: undefined,
  }
  const rest = ({ names: all, sources }: Derived) =>
    all.flatMap((name, i) => (shared.includes(name as string) ? [] : [{ name, source: sources[i] }]))
  const others = [...rest(left), ...rest(right)]
  const star: Derived = {
    names: [...shared, ...others.map(({ name }) => name)],
    sources: [...merged.sources, ...others.map(({ source }) => source ?? nothing())],
    open: undefined,
  }
  return { star, merged }
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
