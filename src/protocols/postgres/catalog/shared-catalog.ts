import { createHash } from 'node:crypto'
import type { Catalog, Relation, UserFunction, UserOperator, UserType } from './catalog.ts'
import { relationsOf } from './relations.ts'
import type { FunctionRow, Snapshot, TypeRow } from './snapshot.ts'
import { isBuiltin, Trust } from './trust.ts'

/** A catalog that other threads can have too, without a copy of its bytes. */
export interface SharedCatalog extends Catalog {
  /** All of it: `openCatalog` makes the same catalog of it, in any thread. */
  readonly shared: SharedArrayBuffer
  /** How many relations it holds. */
  readonly relations: number
}

/** First line of the bytes; every other line is a relation. */
interface Head {
  readonly serverVersion: number
  readonly eventTriggers: boolean
  readonly typeCode: Catalog['typeCode']
  readonly schemas: readonly string[]
  readonly functions: readonly UserFunction[]
  readonly operators: readonly UserOperator[]
  readonly types: readonly UserType[]
  /** Relations the type of whose rows is not harmless. */
  readonly rows: readonly number[]
}

/** The catalog that a snapshot means, in one go. @see createCatalogInSlices */
export function createCatalog(snapshot: Snapshot): SharedCatalog {
  const steps = assemble(snapshot)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** ms */
const SLICE = 5

/** The same without holding the event loop: it turns every few milliseconds. */
export async function createCatalogInSlices(snapshot: Snapshot): Promise<SharedCatalog> {
  const steps = assemble(snapshot)
  for (;;) {
    const from = performance.now()
    while (performance.now() - from < SLICE) {
      const step = steps.next()
      if (step.done) return step.value
    }
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** Bytes of a catalog for another thread. */
export function serialise(catalog: SharedCatalog): SharedArrayBuffer {
  return catalog.shared
}

/** A catalog from its bytes; takes some 2 µs per relation. */
export function openCatalog(shared: SharedArrayBuffer): SharedCatalog {
  const bytes = Buffer.from(shared)
  const digest = createHash('sha256')
  const links = new Links()
  let head: Head | undefined
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_END, at) + 1
    digest.update(bytes.subarray(at, end))
    const line: unknown = JSON.parse(bytes.toString('utf8', at, end - 1))
    if (head) links.add(line as Relation)
    else head = line as Head
    at = end
  }
  return new LinkedCatalog(head as Head, links, `sha256:${digest.digest('hex')}`, shared)
}

const LINE_END = 0x0a
const BATCH = 200

function* assemble(snapshot: Snapshot): Generator<void, SharedCatalog> {
  const trust = new Trust(snapshot)
  yield
  const functions = snapshot.functions.filter((row) => !isBuiltin(row)).map((row) => userFunction(row, trust))
  yield
  const types = snapshot.types.map((row) => userType(row, trust))
  yield
  const links = new Links()
  const rows: number[] = []
  const pieces: Buffer[] = []
  let lines = ''
  for (const relation of relationsOf(snapshot, trust)) {
    if (!relation) {
      yield
      continue
    }
    links.add(relation)
    const { use, make } = trust.rows(relation.oid)
    if (!use || !make) rows.push(relation.oid)
    lines += `${JSON.stringify(relation)}\n`
    if (links.byOid.size % BATCH > 0) continue
    pieces.push(Buffer.from(lines))
    lines = ''
    yield
  }
  pieces.push(Buffer.from(lines))
  const head: Head = {
    serverVersion: snapshot.serverVersion,
    eventTriggers: snapshot.eventTriggers,
    typeCode: typeCode(snapshot, trust, rows),
    schemas: snapshot.schemas,
    functions,
    operators: snapshot.operators.map(({ schema, name, function: called }) => ({ schema, name, harmless: trust.harmless(called) })),
    types,
    rows,
  }
  pieces.unshift(Buffer.from(`${JSON.stringify(head)}\n`))
  yield
  const shared = new SharedArrayBuffer(pieces.reduce((size, { length }) => size + length, 0))
  const bytes = new Uint8Array(shared)
  const digest = createHash('sha256')
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    digest.update(piece)
    at += piece.length
    yield
  }
  return new LinkedCatalog(head, links, `sha256:${digest.digest('hex')}`, shared)
}

function typeCode(snapshot: Snapshot, trust: Trust, rows: readonly number[]): Catalog['typeCode'] {
  const types = [...snapshot.types.map(({ oid }) => trust.type(oid)), ...rows.map((relation) => trust.rows(relation))]
  const casts = snapshot.casts.some(({ function: called }) => called !== 0 && !trust.harmless(called))
  return { casts: casts || types.some(({ use }) => !use), inputs: types.some(({ make }) => !make) }
}

const FUNCTION_KINDS: Readonly<Record<string, UserFunction['kind']>> = { f: 'function', p: 'procedure', a: 'aggregate', w: 'window' }
const VOLATILITIES: Readonly<Record<string, UserFunction['volatility']>> = { i: 'immutable', s: 'stable', v: 'volatile' }

function userFunction(row: FunctionRow, trust: Trust): UserFunction {
  const { schema, name, language, extension } = row
  return {
    schema,
    name,
    kind: FUNCTION_KINDS[row.kind] ?? 'procedure',
    language,
    volatility: VOLATILITIES[row.volatility] ?? 'volatile',
    ...(extension === undefined ? {} : { extension }),
    harmless: trust.harmless(row.oid),
  }
}

const TYPE_KINDS: Readonly<Record<string, UserType['kind']>> = {
  b: 'base',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  r: 'range',
  m: 'multirange',
  p: 'pseudo',
}

function userType({ oid, schema, name, kind, of, labels }: TypeRow, trust: Trust): UserType {
  const { use, make } = trust.type(oid)
  return {
    schema,
    name,
    kind: TYPE_KINDS[kind] ?? 'pseudo',
    harmless: use && make,
    oid,
    ...(labels && { labels }),
    ...(kind === 'd' && { base: of }),
  }
}

/** Relations by what they are looked up by. */
class Links {
  readonly byOid = new Map<number, Relation>()
  /** By name, then by schema. */
  readonly byName = new Map<string, Map<string, Relation>>()

  add(relation: Relation): void {
    this.byOid.set(relation.oid, relation)
    const named = this.byName.get(relation.name)
    if (named) named.set(relation.schema, relation)
    else this.byName.set(relation.name, new Map([[relation.schema, relation]]))
  }
}

class LinkedCatalog implements SharedCatalog {
  readonly version: string
  readonly shared: SharedArrayBuffer
  readonly serverVersion: number
  readonly eventTriggers: boolean
  readonly typeCode: Catalog['typeCode']
  readonly relations: number
  readonly #schemas: ReadonlySet<string>
  readonly #links: Links
  readonly #functions: ReadonlyMap<string, UserFunction[]>
  readonly #operators: ReadonlyMap<string, UserOperator[]>
  readonly #types: ReadonlyMap<string, UserType[]>
  readonly #typesByOid: ReadonlyMap<number | undefined, UserType>
  readonly #rows: ReadonlySet<number>

  constructor(head: Head, links: Links, version: string, shared: SharedArrayBuffer) {
    this.version = version
    this.shared = shared
    this.serverVersion = head.serverVersion
    this.eventTriggers = head.eventTriggers
    this.typeCode = head.typeCode
    this.relations = links.byOid.size
    this.#links = links
    this.#schemas = new Set(head.schemas)
    this.#functions = Map.groupBy(head.functions, ({ name }) => name)
    this.#operators = Map.groupBy(head.operators, ({ name }) => name)
    this.#types = Map.groupBy(head.types, ({ name }) => name)
    this.#typesByOid = new Map(head.types.map((type) => [type.oid, type]))
    this.#rows = new Set(head.rows)
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name)
  }

  relation(schema: string, name: string): Relation | undefined {
    return this.#links.byName.get(name)?.get(schema)
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#links.byOid.get(oid)
  }

  userFunctions(name: string): readonly UserFunction[] {
    return this.#functions.get(name) ?? []
  }

  userOperators(name: string): readonly UserOperator[] {
    return this.#operators.get(name) ?? []
  }

  userType(schema: string, name: string): UserType | undefined {
    return this.userTypes(name).find((type) => type.schema === schema)
  }

  userTypes(name: string): readonly UserType[] {
    const rows = [...(this.#links.byName.get(name)?.values() ?? [])].flatMap((relation) => this.#rowType(relation))
    const types = this.#types.get(name) ?? []
    return rows.length > 0 ? [...types, ...rows] : types
  }

  userTypeByOid(oid: number): UserType | undefined {
    return this.#typesByOid.get(oid)
  }

  /** Every table and view is a type too; composite types are listed as types, and those of PostgreSQL's own relations are built in. */
  #rowType({ oid, schema, name, kind }: Relation): UserType[] {
    if (!HAS_ROWS.has(kind) || schema === 'pg_catalog' || schema === 'information_schema') return []
    return [{ schema, name, kind: 'composite', harmless: !this.#rows.has(oid) }]
  }
}

const HAS_ROWS: ReadonlySet<string> = new Set(['table', 'partitioned table', 'view', 'materialized view', 'foreign table'])
