import type { FunctionRow, RelationRow, Snapshot, TypeRow, ViewCodeRow } from '../catalog/index.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

/** Behind PostgreSQL's own. */
const FIRST_OID = 20_000
/** Where PostgreSQL's own functions get numbers here; what they do is known by their names. */
const FIRST_BUILTIN = 1_000

/** A name as it stands in a statement. `pg_dump` writes all of them out; elsewhere `public` is meant. */
export interface Name {
  readonly schema: string
  readonly name: string
}

/** The rows of a catalog while it is being described. */
export class Rows {
  readonly snapshot: Mutable<Snapshot> = {
    serverVersion: 180_000,
    eventTriggers: false,
    schemas: ['pg_catalog', 'information_schema', 'public'],
    relations: [],
    inheritance: [],
    foreignKeys: [],
    triggers: [],
    rules: [],
    viewUses: [],
    viewCode: [],
    viewColumns: [],
    generated: [],
    policyUses: [],
    policyCode: [],
    expressions: [],
    functions: [],
    operators: [],
    types: [],
    columnTypes: [],
    casts: [],
    operatorClasses: [],
  }
  #next = FIRST_OID
  #nextBuiltin = FIRST_BUILTIN
  readonly #generated = new Map<number, Set<string>>()

  schema(name: string): void {
    if (!this.snapshot.schemas.includes(name)) this.snapshot.schemas.push(name)
  }

  /** @param kind pg_class.relkind. @returns its oid; undefined where it is there already */
  relation({ schema, name }: Name, kind: string, columns: readonly string[], of = 0): number | undefined {
    if (this.find({ schema, name })) return undefined
    this.schema(schema)
    const oid = this.#next++
    this.snapshot.relations.push({ oid, schema, name, kind, rowSecurity: false, columns, of, partitionKey: [], exclusion: false })
    return oid
  }

  find({ schema, name }: Name): RelationRow | undefined {
    return this.snapshot.relations.find((row) => row.schema === schema && row.name === name)
  }

  /** Columns of a table that are computed from others. */
  generated(oid: number): Set<string> {
    const known = this.#generated.get(oid)
    if (known) return known
    const columns = new Set<string>()
    this.#generated.set(oid, columns)
    return columns
  }

  replace(oid: number, change: Partial<RelationRow>): void {
    this.snapshot.relations = this.snapshot.relations.map((row) => (row.oid === oid ? { ...row, ...change } : row))
  }

  /** Code of users: what it does is not known. @returns its oid */
  function({ schema, name }: Name, row: Partial<FunctionRow> = {}): number {
    const builtin = schema === 'pg_catalog'
    const known = this.snapshot.functions.find((each) => each.schema === schema && each.name === name)
    if (known) return known.oid
    const oid = builtin ? this.#nextBuiltin++ : this.#next++
    if (!builtin) this.schema(schema)
    this.snapshot.functions.push({
      oid,
      schema,
      name,
      kind: 'f',
      language: builtin ? 'internal' : 'plpgsql',
      volatility: 'v',
      extension: undefined,
      talkative: false,
      parts: [],
      symbol: undefined,
      ...row,
    })
    return oid
  }

  /** What a definition calls: nothing yet. */
  code(view: number): ViewCodeRow {
    return { view, functions: [], rows: false, types: [], relations: [] }
  }

  /** @param kind pg_type.typtype */
  type({ schema, name }: Name, kind: string, of = 0): number {
    this.schema(schema)
    const oid = this.#next++
    this.snapshot.types.push({ oid, schema, name, kind, relation: 0, of, io: [], range: [] })
    return oid
  }

  typeNamed({ schema, name }: Name): TypeRow | undefined {
    return this.snapshot.types.find((row) => row.schema === schema && row.name === name)
  }
}
