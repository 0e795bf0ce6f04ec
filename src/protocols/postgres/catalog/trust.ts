import { builtinFunction } from './builtin/index.ts'
import { specialFunction } from './builtin/special-functions.ts'
import type { FunctionRow, Snapshot, TypeRow } from './snapshot.ts'

/** Oids below are PostgreSQL's own (FirstNormalObjectId). */
export const FIRST_USER_OID = 16_384

/** C code that is taken at its word for other functions, but runs SQL that it is given, or makes values of any type. */
const RUNS_SQL: ReadonlySet<string> = new Set([
  'tablefunc.crosstab',
  'tablefunc.crosstab2',
  'tablefunc.crosstab3',
  'tablefunc.crosstab4',
  'tablefunc.crosstab_hash',
  'tablefunc.connectby',
  'xml2.xpath_table',
  'hstore.populate_record',
])

/** Extensions that come with PostgreSQL, whose stable functions have been looked at; those of others may do as crosstab does. */
export const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(
  'bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hstore intarray isn ltree pg_trgm pgcrypto seg tablefunc unaccent uuid-ossp xml2'.split(
    ' ',
  ),
)

/** What of user types has code behind it that is not harmless. */
export interface TypeTrust {
  /** Converting values of it, comparing and printing them is harmless. */
  readonly use: boolean
  /** Making values of it is: input, constraints, casts to it. */
  readonly make: boolean
}

/** Says whose code may run without an effect of its own. Answers are by oid, computed once. */
export class Trust {
  readonly #functions: ReadonlyMap<number, FunctionRow>
  readonly #types: ReadonlyMap<number, TypeRow>
  readonly #columnTypes: ReadonlyMap<number, readonly number[]>
  /** Relations by the type of their rows, and the other way round; only those that columns or casts are of. */
  readonly #relationOf = new Map<number, number>()
  readonly #rowTypeOf = new Map<number, number>()
  readonly #domains = new Map<number, number[]>()
  readonly #castsFrom = new Map<number, number[]>()
  readonly #castsTo = new Map<number, number[]>()
  readonly #operatorClasses: ReadonlyMap<number, readonly number[]>
  readonly #harmless = new Map<number, boolean>()
  readonly #trust = new Map<number, TypeTrust>()

  constructor(snapshot: Snapshot) {
    this.#functions = new Map(snapshot.functions.map((row) => [row.oid, row]))
    this.#types = new Map(snapshot.types.map((row) => [row.oid, row]))
    this.#operatorClasses = new Map(snapshot.operatorClasses.map(({ type, functions }) => [type, functions]))
    const columnTypes = new Map<number, number[]>()
    for (const { relation, type, rowsOf } of snapshot.columnTypes) {
      add(columnTypes, relation, type)
      this.#rows(type, rowsOf)
    }
    this.#columnTypes = columnTypes
    for (const { part, owner, functions } of snapshot.expressions) if (part === 'domain') add(this.#domains, owner, ...functions)
    for (const cast of snapshot.casts) {
      if (cast.function === 0) continue
      add(this.#castsFrom, cast.source, cast.function)
      add(this.#castsTo, cast.target, cast.function)
      this.#rows(cast.source, cast.sourceRows)
      this.#rows(cast.target, cast.targetRows)
    }
  }

  #rows(type: number, relation: number): void {
    if (relation === 0) return
    this.#relationOf.set(type, relation)
    this.#rowTypeOf.set(relation, type)
  }

  function(oid: number): FunctionRow | undefined {
    return this.#functions.get(oid)
  }

  /** Whether calling it has no effect but its value. What runs code of types counts as harmless here: types are judged by themselves. */
  harmless(oid: number): boolean {
    const known = this.#harmless.get(oid)
    if (known !== undefined) return known
    // Until it is known: an aggregate that is made of itself is not one.
    this.#harmless.set(oid, false)
    const row = this.#functions.get(oid)
    const judged = row !== undefined && this.#judge(row)
    this.#harmless.set(oid, judged)
    return judged
  }

  #judge(row: FunctionRow): boolean {
    if (isBuiltin(row)) return builtinFunction(row.schema, row.name)?.kind === 'harmless'
    if (row.kind === 'a') return row.parts.length > 0 && row.parts.every((oid) => this.#harmlessPart(oid))
    return isConstructor(row) || isHarmlessOfExtension(row)
  }

  /** A part of an aggregate: PostgreSQL's own take an internal state, so that nobody can call them by name. */
  #harmlessPart(oid: number): boolean {
    const row = this.#functions.get(oid)
    if (!row || row.kind === 'a') return false
    if (!isBuiltin(row)) return this.harmless(oid)
    return row.volatility !== 'v' && specialFunction(row.name) === undefined
  }

  /** Code that PostgreSQL itself calls for a type: C of an extension is, whatever it says of its volatility. */
  #support(oid: number): boolean {
    const row = this.#functions.get(oid)
    return row !== undefined && (isBuiltin(row) || (row.extension !== undefined && isNative(row)) || this.harmless(oid))
  }

  /** A type, with everything that it is made of. @param oid those of PostgreSQL are harmless, unless somebody casts them to a type of their own */
  type(oid: number): TypeTrust {
    const known = this.#trust.get(oid)
    if (known) return known
    let trust = TRUSTED
    // A type may be made of itself, by way of arrays: what it is follows from all that can be reached from it.
    const reached = new Set([oid])
    for (const part of reached) {
      const settled = this.#trust.get(part)
      const own = settled ?? this.#own(part)
      trust = { use: trust.use && own.use, make: trust.make && own.make }
      if (!settled) for (const next of this.#partsOf(part)) reached.add(next)
      if (reached.size > MOST_PARTS) trust = UNTRUSTED
      if (!trust.use && !trust.make) break
    }
    this.#trust.set(oid, trust)
    return trust
  }

  #partsOf(oid: number): readonly number[] {
    const row = this.#types.get(oid)
    const relation = row?.relation || this.#relationOf.get(oid)
    const columns = (relation && this.#columnTypes.get(relation)) || []
    return row && row.of >= FIRST_USER_OID ? [row.of, ...columns] : columns
  }

  /** Of a type, leaving aside what it is made of. */
  #own(oid: number): TypeTrust {
    const row = this.#types.get(oid)
    // An array of rows: its elements are judged where a column has them, and otherwise nobody knows.
    if (!row && !this.#relationOf.has(oid) && oid >= FIRST_USER_OID) return UNTRUSTED
    const support = [...(row?.io ?? []), ...(row?.range ?? []), ...(this.#operatorClasses.get(oid) ?? [])].every((each) =>
      this.#support(each),
    )
    const casts = (all: ReadonlyMap<number, readonly number[]>) => (all.get(oid) ?? []).every((each) => this.harmless(each))
    return {
      use: support && casts(this.#castsFrom),
      make: support && casts(this.#castsTo) && (this.#domains.get(oid) ?? []).every((each) => this.harmless(each)),
    }
  }

  /** Of the rows of a relation: the types of all its columns, and casts from and to its own. */
  rows(relation: number): TypeTrust {
    const own = this.#rowTypeOf.get(relation)
    const types = own === undefined ? (this.#columnTypes.get(relation) ?? []).map((type) => this.type(type)) : [this.type(own)]
    return { use: types.every(({ use }) => use), make: types.every(({ make }) => make) }
  }

  /** Functions behind a type that are not harmless, for a definition that uses it; undefined: not known. */
  codeBehind(type: number): readonly number[] | undefined {
    const called: number[] = []
    const reached = new Set([type])
    for (const part of reached) {
      const row = this.#types.get(part)
      if ((!row && !this.#relationOf.has(part) && part >= FIRST_USER_OID) || reached.size > MOST_PARTS) return undefined
      const code = [...(this.#domains.get(part) ?? []), ...(this.#castsFrom.get(part) ?? []), ...(this.#castsTo.get(part) ?? [])]
      called.push(...code.filter((oid) => !this.harmless(oid)))
      called.push(...[...(row?.io ?? []), ...(row?.range ?? [])].filter((oid) => !this.#support(oid)))
      for (const next of this.#partsOf(part)) reached.add(next)
    }
    return called
  }
}

/** Types that one is made of: with more, it is not looked at any further. */
const MOST_PARTS = 500

const TRUSTED: TypeTrust = { use: true, make: true }
const UNTRUSTED: TypeTrust = { use: false, make: false }

/** What comes with PostgreSQL. One that a superuser replaced by code of another language is not among them. */
export function isBuiltin(row: FunctionRow): boolean {
  return row.oid < FIRST_USER_OID && ['internal', 'c', 'sql'].includes(row.language)
}

function isNative(row: FunctionRow): boolean {
  return row.language === 'c' || row.language === 'internal'
}

/** CREATE TYPE … AS RANGE makes these, and a cast that calls one. */
function isConstructor(row: FunctionRow): boolean {
  return row.symbol !== undefined && /^(range_constructor[23]|multirange_constructor[012])$/.test(row.symbol)
}

function isHarmlessOfExtension(row: FunctionRow): boolean {
  if (row.extension === undefined || !isNative(row) || (row.kind !== 'f' && row.kind !== 'w') || row.volatility === 'v') return false
  if (RUNS_SQL.has(`${row.extension}.${row.name}`)) return false
  return row.volatility === 'i' || KNOWN_EXTENSIONS.has(row.extension) || !row.talkative
}

function add<Key, Value>(map: Map<Key, Value[]>, key: Key, ...values: Value[]): void {
  const list = map.get(key)
  if (list) list.push(...values)
  else map.set(key, [...values])
}
