import type { Source } from './findings.ts'
import { lineageOf } from './lineage.ts'
import { meanings, type Resolved } from './names.ts'
import { noteColumn, readRelation } from './relations.ts'
import type { Statement } from './statement.ts'

/** The columns of a subquery, a function or the like. A name that is undefined may be any. */
export interface Derived {
  names: (string | undefined)[]
  sources: Source[]
  /** There may be more columns, of any name, made from this. */
  open: Source | undefined
}

/** Something in FROM, or the target of a statement. */
export interface Entry {
  /** The alias, or the name of the relation. */
  readonly name: string
  /** Of the relation, where it has no alias. */
  readonly schema: string
  readonly target?: Resolved
  readonly derived?: Derived
  /** The two sides of a join that has an alias. */
  readonly group?: readonly Entry[]
  /** With `group`: the columns of the join, in order. */
  readonly star?: Derived
  /** Of the target of a statement that writes: what flows into its columns. */
  readonly flows?: Flows
  /** Its columns are visible only by its name: OLD, NEW, EXCLUDED. */
  readonly qualifiedOnly?: boolean
  /** Hidden by the alias of a join: an outer one of the same name is meant, but it costs nothing to count this one too. */
  readonly hidden?: boolean
  /** Called when a column is used. */
  readonly onUse?: () => void
}

/** What a statement writes into its target. */
export interface Flows {
  readonly named: Map<string, Source>
  /** What may go into any of its columns. */
  readonly any: Source
}

/** The names of one WITH, as far as they are visible at some place. */
export interface CteFrame {
  readonly names: ReadonlyMap<string, { readonly derived: Derived; readonly index: number }>
  /** Those before this index are visible. */
  readonly visible: number
  readonly next: CteFrame | undefined
}

/** What names of columns and relations may mean at some place, the inner ones first. */
export interface Scope {
  readonly entries: Entry[]
  /** What `*` stands for, in order. */
  readonly shown: Entry[]
  readonly parent: Scope | undefined
  readonly ctes: CteFrame | undefined
  /** A condition that held of every row for which what is being walked runs. */
  where?: unknown
  /** Entries by name, made when it is worth it. */
  index?: { readonly of: number; readonly byName: ReadonlyMap<string, readonly Entry[]> }
}

/** Below this many, looking at each is faster. */
const FEW = 8

/** Entries of one level that are called so. */
export function namedIn(scope: Scope, name: string): readonly Entry[] {
  const { entries } = scope
  if (entries.length <= FEW) return entries
  if (scope.index?.of !== entries.length) {
    const byName = new Map<string, Entry[]>()
    for (const entry of entries) {
      const alike = byName.get(entry.name)
      if (alike) alike.push(entry)
      else byName.set(entry.name, [entry])
    }
    scope.index = { of: entries.length, byName }
  }
  return scope.index.byName.get(name) ?? []
}

export function scopeUnder(parent: Scope | undefined, ctes: CteFrame | undefined = parent?.ctes, entries: Entry[] = []): Scope {
  return { entries, shown: [], parent, ctes }
}

/** Something becomes visible, also to `*`. */
export function show(scope: Scope, entry: Entry): void {
  scope.entries.push(entry)
  scope.shown.push(entry)
}

export const nothing = (): Source => ({ columns: [], from: [] })

/** What nobody knows anything of. */
export const anything = (): Source => ({ columns: [], from: [], doubtful: true })

/** Columns of any name, made from this. */
export function anyColumns(open: Source): Derived {
  return { names: [], sources: [], open }
}

/** No columns at all. */
export const noColumns = (): Derived => ({ names: [], sources: [], open: undefined })

/** A scope in which a name of a column may be any: parameters of functions, columns of what is being made. */
export function openColumns(scope: Scope): Scope {
  return scopeUnder(scope, scope.ctes, [{ name: '', schema: '', derived: anyColumns(nothing()) }])
}

export function cteNamed(scope: Scope, name: string): Derived | undefined {
  for (let frame = scope.ctes; frame; frame = frame.next) {
    const found = frame.names.get(name)
    if (found && found.index < frame.visible) return found.derived
  }
  return undefined
}

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

/** Whether something has a column of this name. undefined: it may have. */
export function hasColumn(entry: Entry, name: string): boolean | undefined {
  if (entry.group) return anyOf(entry.group, name)
  if (entry.derived)
    return entry.derived.names.includes(name) || (entry.derived.open || entry.derived.names.includes(undefined) ? undefined : false)
  const { target } = entry
  if (!target) return undefined
  const answer = hasItself(target, name)
  return target.others?.every((other) => hasItself(other, name) === answer) === false ? undefined : answer
}

function hasItself({ relation, altered }: Resolved, name: string): boolean | undefined {
  if (!relation || relation.columns.length === 0) return undefined
  return relation.columns.includes(name) || SYSTEM_COLUMNS.has(name) || (altered ? undefined : false)
}

function anyOf(group: readonly Entry[], name: string): boolean | undefined {
  let answer: boolean | undefined = false
  for (const each of group) {
    const has = hasColumn(each, name)
    if (has) return true
    if (has === undefined) answer = undefined
  }
  return answer
}

/** A column is used for what the statement uses columns for now. */
export function useColumn(statement: Statement, entry: Entry, name: string): void {
  entry.onUse?.()
  if (entry.group) {
    for (const each of entry.group) if (hasColumn(each, name) !== false) useColumn(statement, each, name)
  } else if (entry.derived) {
    const { names, sources, open } = entry.derived
    for (let i = 0; i < names.length; i++) if (names[i] === undefined || names[i] === name) useSource(statement, sources[i])
    useSource(statement, open)
  } else if (entry.target) {
    noteColumn(statement, entry.target, name, statement.use)
    if (entry.flows) statement.source?.from.push(entry.flows.any, ...(entry.flows.named.has(name) ? [entry.flows.named.get(name)!] : []))
  }
}

/** All columns of something are used. */
export function useRow(statement: Statement, entry: Entry): void {
  entry.onUse?.()
  if (entry.group) for (const each of entry.group) useRow(statement, each)
  else if (entry.derived) {
    for (const source of entry.derived.sources) useSource(statement, source)
    useSource(statement, entry.derived.open)
  } else if (entry.target) {
    noteColumn(statement, entry.target, '*', statement.use)
    if (entry.flows) statement.source?.from.push(entry.flows.any, ...entry.flows.named.values())
  }
}

export function useSource(statement: Statement, source: Source | undefined): void {
  if (!source) return
  statement.found.sources[statement.use].add(source)
  if (statement.tests && statement.use === 'output') statement.found.sources.tests.add(source)
  if (statement.also) statement.found.sources[statement.also].add(source)
  statement.source?.from.push(source)
}

/** Adds the columns of something, as `*` gives them, to those of a query. */
export function addColumns(statement: Statement, into: Derived, entry: Entry): void {
  const columns = columnsOf(statement, entry)
  for (let i = 0; i < columns.names.length; i++) {
    into.names.push(columns.names[i])
    into.sources.push(columns.sources[i] ?? nothing())
  }
  if (columns.open) into.open = { columns: [], from: into.open ? [into.open, columns.open] : [columns.open] }
}

/** The columns of something, in order. */
export function columnsOf(statement: Statement, entry: Entry): Derived {
  if (entry.derived) return entry.derived
  if (entry.star) return entry.star
  const { target, flows } = entry
  if (!target) return anyColumns(anything())
  const all = target.relation?.columns ?? []
  if (all.length === 0 || target.others) {
    return anyColumns(together(meanings(target).map((each) => rowOf(statement, each))))
  }
  return {
    names: [...all],
    sources: all.map((name) => columnOf(statement, target, name, flows)),
    open: target.altered && rowOf(statement, target),
  }
}

function columnOf(statement: Statement, target: Resolved, name: string, flows: Flows | undefined): Source {
  const { keys, plain, certain } = lineageOf(statement, target, name)
  const written = flows?.named.get(name)
  const from = flows ? [flows.any, ...(written ? [written] : [])] : []
  const untouched = written === undefined && !(flows && flows.any.from.length > 0)
  return { columns: [...keys], from, plain: plain && untouched, doubtful: !certain }
}

function rowOf(statement: Statement, target: Resolved): Source {
  const { keys, certain } = lineageOf(statement, target, '*')
  return { columns: [...keys], from: [], doubtful: !certain }
}

export const together = (sources: readonly Source[]): Source => ({ columns: [], from: [...sources] })

/** Whether a column is one of a base table, handed through unchanged. */
export function isPlainColumn(statement: Statement, entry: Entry, name: string): boolean {
  const { target, flows } = entry
  const derived = entry.derived ?? entry.star
  if (derived) {
    const at = derived.names.indexOf(name)
    if (at < 0 || derived.open || derived.names.includes(undefined) || derived.names.includes(name, at + 1)) return false
    return derived.sources[at]?.plain === true
  }
  if (!target || entry.group || target.others || target.altered) return false
  if (flows && (flows.named.has(name) || flows.any.from.length > 0)) return false
  return lineageOf(statement, target, name).plain
}

/** An alias with names of columns: `t AS x (a, b)`. */
export function renamed(statement: Statement, entry: Entry, name: string, names: readonly string[]): Entry {
  const before = columnsOf(statement, entry)
  const derived: Derived = before.open
    ? anyColumns({ columns: [], from: [...before.sources, before.open] })
    : { names: before.names.map((old, i) => names[i] ?? old), sources: before.sources, open: undefined }
  return { name, schema: '', derived, ...(entry.onUse && { onUse: entry.onUse }) }
}

/** A relation that is read, as something in FROM. */
export function relationEntry(statement: Statement, target: Resolved, alias: string, inherit: boolean, action: string): Entry {
  readRelation(statement, target, action, inherit)
  return { name: alias || target.name, schema: alias ? '' : target.schema, target }
}
