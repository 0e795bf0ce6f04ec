import { unknownColumn } from './columns.ts'
import { creating } from './creating.ts'
import { act, type Source } from './findings.ts'
import { fromItem, isStar, lastName } from './from.ts'
import { isPlain, rowNamed, starEntries } from './lookup.ts'
import {
  addColumns,
  anyColumns,
  anything,
  type CteFrame,
  type Derived,
  type Entry,
  nothing,
  type Scope,
  scopeUnder,
  together,
  useRow,
  useSource,
} from './scope.ts'
import { type Handler, type Statement, using } from './statement.ts'
import { as, constant, list, string, strings, type Tree, text, tree, typeOf } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/** What WITH adds to a scope. Each name is visible to those behind it; with RECURSIVE to all. */
export function withClause(statement: Statement, fields: Tree, scope: Scope): Scope {
  const clause = tree(fields, 'withClause')
  const ctes = list(clause, 'ctes').map((cte) => as(cte, 'CommonTableExpr') ?? { ctequery: cte })
  if (ctes.length === 0) return scopeUnder(scope)
  const recursive = clause.recursive === true
  const all = ctes.map((cte, index) => ({ name: text(cte, 'ctename'), index, derived: unsettled(cte) }))
  const names = new Map(all.map((each) => [each.name, each]))
  const visible = (count: number): CteFrame => ({ names, visible: count, next: scope.ctes })
  for (let i = 0; i < ctes.length; i++) {
    const cte = ctes[i] ?? {}
    const { source, locks } = statement
    statement.source = undefined
    // FOR UPDATE does not reach into WITH.
    statement.locks = false
    const result = query(statement, cte.ctequery, scopeUnder(scope, visible(recursive ? ctes.length : i))) ?? anyColumns(anything())
    walkFields(statement, cte, scope, 'ctequery')
    statement.source = source
    statement.locks = locks
    const own = all[i]
    if (own) settleCte(own.derived, result, cte)
    // CYCLE ends where a row is equal to one before it.
    if (cte.cycle_clause !== undefined) using(statement, 'predicate', () => useDerived(statement, result))
  }
  return scopeUnder(scope, visible(ctes.length))
}

/** What a query can see of itself, before it is known: columns by the names that it is given, and others. */
function unsettled(cte: Tree): Derived {
  const names = strings(list(cte, 'aliascolnames'))
  return { names, sources: names.map(() => nothing()), open: nothing() }
}

function settleCte(into: Derived, result: Derived, cte: Tree): void {
  // What was taken from it before it was known came by these.
  for (const [i, source] of into.sources.entries()) {
    if (result.open) source.from.push(...result.sources, result.open)
    else source.from.push(result.sources[i] ?? nothing())
  }
  const others = result.open ? [...result.sources, result.open] : result.sources.slice(into.sources.length)
  into.open?.from.push(...others)
  const names = strings(list(cte, 'aliascolnames'))
  const more = cte.search_clause !== undefined || cte.cycle_clause !== undefined
  if (result.open || more) {
    into.open = { columns: [], from: [...result.sources, ...into.sources, ...(into.open ? [into.open] : [])] }
    into.names = []
    into.sources = []
    return
  }
  into.names = result.names.map((name, i) => names[i] ?? name)
  into.sources = result.sources
  into.open = undefined
}

export const select: Handler = (statement, fields, outer) => {
  const scope = withClause(statement, fields, outer)
  const { locks, source } = statement
  statement.source = undefined
  const locking = list(fields, 'lockingClause').length > 0
  if (locking) statement.locks = true
  const derived =
    fields.larg !== undefined || fields.rarg !== undefined ? setOperation(statement, fields, scope) : simple(statement, fields, scope)
  using(statement, 'predicate', () => {
    order(statement, list(fields, 'sortClause'), derived, scope)
    walk(statement, fields.limitOffset, scope)
    walk(statement, fields.limitCount, scope)
  })
  statement.locks = locks
  statement.source = source
  if (fields.intoClause !== undefined) {
    creating(statement, tree(fields, 'intoClause'), 'select into', scope)
    storeAll(statement, derived)
  }
  // Everything that was not walked by its name.
  walkFields(statement, fields, scope, ...WALKED)
  return derived
}

/** Rows that are written, or stored. */
export function storeAll({ found }: Statement, { sources, open }: Derived): void {
  for (const source of sources) found.stored.add(source)
  if (open) found.stored.add(open)
}

const WALKED = `withClause lockingClause larg rarg targetList fromClause whereClause groupClause havingClause windowClause valuesLists
  sortClause limitOffset limitCount distinctClause intoClause`.split(/\s+/)

/** Arms lean to the left, as deep as there are many; those that are nothing but arms are followed without going deeper. */
function setOperation(statement: Statement, fields: Tree, scope: Scope): Derived {
  const arms: unknown[] = []
  let left: unknown = fields
  let compares = false
  while (isArms(left) && (left === fields || isBare(left))) {
    // UNION, INTERSECT and EXCEPT compare whole rows; with ALL, the last two do all the same.
    compares ||= left.all !== true || text(left, 'op') !== 'SETOP_UNION'
    arms.push(left.rarg)
    left = left.larg
  }
  arms.push(left)
  let result: Derived | undefined
  for (const arm of arms.reverse()) {
    const derived = arm === undefined ? undefined : query(statement, typeOf(arm) === '' ? { SelectStmt: arm } : arm, scope)
    if (!derived) continue
    result = result ? united(result, derived) : derived
  }
  const all = result ?? anyColumns(nothing())
  if (compares) using(statement, 'predicate', () => useDerived(statement, all))
  return all
}

const isArms = (value: unknown): value is Tree => typeof value === 'object' && value !== null && 'larg' in value && 'rarg' in value
const isBare = (fields: Tree): boolean =>
  !['withClause', 'sortClause', 'limitOffset', 'limitCount', 'lockingClause', 'intoClause'].some((field) => field in fields) &&
  fields.all === true

function united(left: Derived, right: Derived): Derived {
  if (left.open || right.open || left.names.length !== right.names.length) {
    const ends = [left.open, right.open].filter((open): open is Source => open !== undefined)
    return anyColumns({ columns: [], from: [...left.sources, ...right.sources, ...ends] })
  }
  const sources = left.sources.map((source, i): Source => ({ columns: [], from: [source, right.sources[i] ?? nothing()] }))
  return { names: left.names, sources, open: undefined }
}

export function useDerived(statement: Statement, derived: Derived): void {
  for (const source of derived.sources) useSource(statement, source)
  useSource(statement, derived.open)
}

function simple(statement: Statement, fields: Tree, scope: Scope): Derived {
  for (const item of list(fields, 'fromClause')) fromItem(statement, item, scope)
  if (statement.locks) act(statement.found, 'lock')
  scope.where = fields.whereClause
  const derived =
    fields.valuesLists === undefined ? targets(statement, list(fields, 'targetList'), scope) : values(statement, fields, scope)
  scope.where = undefined
  using(statement, 'predicate', () => {
    walk(statement, fields.whereClause, scope)
    walk(statement, fields.havingClause, scope)
    walk(statement, fields.windowClause, scope)
    order(statement, list(fields, 'groupClause'), derived, scope)
    const distinct = list(fields, 'distinctClause')
    // DISTINCT alone holds one empty node: it compares whole rows.
    if (distinct.length > 0 && distinct.every((each) => typeOf(each) === '')) useDerived(statement, derived)
    order(statement, distinct, derived, scope)
  })
  return derived
}

/** The columns of a list of results, used for what the statement uses columns for now. */
export function targets(statement: Statement, items: readonly unknown[], scope: Scope): Derived {
  const derived: Derived = { names: [], sources: [], open: undefined }
  const { source } = statement
  for (const item of items) {
    const fields = as(item, 'ResTarget') ?? {}
    statement.source = undefined
    if (star(statement, fields.val, scope, derived)) continue
    const own: Source = { ...nothing(), plain: isPlain(statement, fields.val, scope) }
    statement.source = own
    if (typeOf(item) === 'ResTarget') walk(statement, fields.val, scope)
    else walk(statement, item, scope)
    const steps = list(as(fields.val, 'A_Indirection') ?? {}, 'indirection')
    if (isStar(steps[steps.length - 1])) derived.open = { columns: [], from: derived.open ? [derived.open, own] : [own] }
    else {
      derived.names.push(text(fields, 'name') || impliedName(fields.val))
      derived.sources.push(own)
    }
  }
  statement.source = source
  return derived
}

/** `*`, `t.*` and `(t).*`, where `t` is something in FROM. @returns false where it is none of them */
function star(statement: Statement, value: unknown, scope: Scope, into: Derived): boolean {
  const parts = list(as(value, 'ColumnRef') ?? {}, 'fields')
  if (isStar(parts[parts.length - 1])) {
    const names = parts.slice(0, -1).map((part) => string(part) ?? '')
    const entries = starEntries(scope, names)
    if (entries.length === 0) {
      unknownColumn(statement)
      into.open = anything()
    }
    expand(statement, entries, names.length === 0 ? scope.shown : entries, into)
    return true
  }
  const { arg, indirection } = as(value, 'A_Indirection') ?? {}
  const rows = Array.isArray(indirection) && indirection.length === 1 && isStar(indirection[0]) ? rowNamed(scope, arg) : []
  if (rows.length === 0) return false
  expand(statement, rows, rows, into)
  return true
}

/** @param shown one by one; where more than one may be meant by a name, nobody knows how many columns there are */
function expand(statement: Statement, entries: readonly Entry[], shown: readonly Entry[], into: Derived): void {
  for (const entry of entries) useRow(statement, entry)
  for (const entry of shown) addColumns(statement, into, entry)
  if (shown === entries && shown.length > 1) into.open = together(into.open ? [...into.sources, into.open] : into.sources)
}

/** The name of a result without AS (FigureColname). undefined: not worked out, so it may be any. */
function impliedName(value: unknown): string | undefined {
  const type = typeOf(value)
  const fields = as(value, type) ?? {}
  if (type === 'ColumnRef') return lastName(list(fields, 'fields'))
  if (type === 'FuncCall') return lastName(list(fields, 'funcname'))
  if (type === 'CollateClause') return impliedName(fields.arg)
  // A cast of a column, or of what a function gives, is called as that is.
  if (type === 'TypeCast' && CALLED.has(typeOf(fields.arg))) return impliedName(fields.arg)
  if (type === 'CoalesceExpr') return 'coalesce'
  return undefined
}

const CALLED: ReadonlySet<string> = new Set(['ColumnRef', 'FuncCall'])

/** VALUES: columns are called column1, column2, … */
function values(statement: Statement, fields: Tree, scope: Scope): Derived {
  const derived: Derived = { names: [], sources: [], open: undefined }
  const { source } = statement
  for (const row of list(fields, 'valuesLists')) {
    const items = list(as(row, 'List') ?? {}, 'items')
    for (let i = 0; i < items.length; i++) {
      if (i === derived.sources.length) {
        derived.names.push(`column${i + 1}`)
        derived.sources.push(nothing())
      }
      statement.source = derived.sources[i]
      walk(statement, items[i], scope)
    }
    if (items.length === 0) walk(statement, row, scope)
  }
  statement.source = source
  return derived
}

/** ORDER BY, GROUP BY, DISTINCT ON: an item may also be the number, or the name, of a result. */
function order(statement: Statement, items: readonly unknown[], derived: Derived, scope: Scope): void {
  if (items.length > 0) orderBy(statement, items, derived, sourcesByName(derived), scope)
}

function orderBy(
  statement: Statement,
  items: readonly unknown[],
  derived: Derived,
  byName: ReadonlyMap<string | undefined, readonly Source[]>,
  scope: Scope,
): void {
  for (const item of items) {
    // In ROLLUP (1, b) and GROUP BY (1, b) too.
    const inside = [...list(as(item, 'GroupingSet') ?? {}, 'content'), ...list(as(item, 'RowExpr') ?? {}, 'args')]
    if (inside.length > 0) {
      orderBy(statement, inside, derived, byName, scope)
      continue
    }
    const value = as(item, 'SortBy')?.node ?? item
    const place = Number(constant(value))
    if (Number.isInteger(place) && place > 0) {
      useSource(statement, derived.sources[place - 1])
      useSource(statement, derived.open)
    }
    const parts = list(as(value, 'ColumnRef') ?? {}, 'fields')
    const name = parts.length === 1 ? string(parts[0]) : undefined
    const results = name === undefined ? undefined : byName.get(name)
    if (name !== undefined) for (const source of byName.get(undefined) ?? []) useSource(statement, source)
    for (const source of results ?? []) useSource(statement, source)
    // The name may be a column too, and GROUP BY prefers it; where it is none, nothing is unknown because of it.
    const { unknown } = statement.found
    const before = unknown.has('columns')
    walk(statement, item, scope)
    if (results && !before) unknown.delete('columns')
  }
}

function sourcesByName({ names, sources }: Derived): ReadonlyMap<string | undefined, readonly Source[]> {
  const byName = new Map<string | undefined, Source[]>()
  for (let i = 0; i < names.length; i++) {
    const source = sources[i]
    if (!source) continue
    const alike = byName.get(names[i])
    if (alike) alike.push(source)
    else byName.set(names[i], [source])
  }
  return byName
}
