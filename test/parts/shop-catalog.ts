import type {
  Catalog,
  ColumnLineage,
  Relation,
  UserFunction,
  UserOperator,
  UserType,
} from '../../src/protocols/postgres/catalog/catalog.ts'

type Part = Partial<Omit<Relation, 'oid' | 'parents' | 'children' | 'cascades' | 'referencedBy' | 'view' | 'policies'>> & {
  readonly columns: readonly string[]
  readonly parents?: readonly string[]
  readonly cascades?: readonly { relation: string; on: 'delete' | 'update'; columns: readonly string[]; key: readonly string[] }[]
  readonly referencedBy?: readonly string[]
  readonly uses?: Readonly<Record<string, readonly string[]>>
  readonly calls?: readonly string[]
  readonly view?: 'unknown'
  /** With `uses`: of each column. Relations count from 20,000. */
  readonly lineage?: readonly ColumnLineage[]
  readonly policies?: {
    readonly uses: Readonly<Record<string, readonly string[]>>
    readonly calls?: readonly string[]
    readonly enabled: boolean
  }
  readonly on?: string
}

/** What a test says of a database, by names instead of oids. */
export interface CatalogParts {
  readonly relations: Readonly<Record<string, Part>>
  readonly functions?: readonly (Partial<UserFunction> & { readonly name: string })[]
  readonly operators?: readonly (Partial<UserOperator> & { readonly name: string })[]
  readonly types?: readonly (Partial<UserType> & { readonly name: string })[]
  readonly schemas?: readonly string[]
  readonly eventTriggers?: boolean
  readonly typeCode?: { casts: boolean; inputs: boolean }
}

/** A catalog as a test describes it: what a real server would give for it, without the server. */
export function catalogOf(parts: CatalogParts): Catalog {
  const names = Object.keys(parts.relations)
  const oidOf = (name: string): number => {
    const at = names.indexOf(name)
    if (at < 0) throw new Error(`no relation ${name} in the catalog of the test`)
    return name.startsWith('pg_catalog.') ? 1000 + at : 20_000 + at
  }
  const relations = names.map((name): Relation => {
    const part = parts.relations[name]!
    const [schema, relation] = name.split('.') as [string, string]
    const { uses, calls, view, on, parents, cascades, referencedBy, policies, lineage, ...plain } = part
    const usesOf = (all: Readonly<Record<string, readonly string[]>>) =>
      Object.entries(all).map(([used, columns]) => ({ relation: oidOf(used), columns }))
    const kind = part.kind ?? (uses || view ? 'view' : 'table')
    return {
      rules: false,
      triggers: [],
      userCode: { onRead: false, onWrite: false },
      ...plain,
      oid: oidOf(name),
      schema,
      name: relation,
      kind,
      parents: (parents ?? []).map(oidOf),
      children: names.filter((child) => parts.relations[child]?.parents?.includes(name)).map(oidOf),
      cascades: (cascades ?? []).map((each) => ({ ...each, relation: oidOf(each.relation) })),
      referencedBy: (referencedBy ?? []).map(oidOf),
      ...(on !== undefined && { of: oidOf(on) }),
      ...(uses && {
        view: { uses: usesOf(uses), calls: calls ?? [], ...(lineage && { columns: lineage }) },
      }),
      ...(policies && { policies: { ...policies, uses: usesOf(policies.uses) } }),
      ...(view === 'unknown' && { view: { uses: [] } }),
    }
  })
  const byName = new Map(relations.map((relation) => [`${relation.schema}.${relation.name}`, relation]))
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]))
  const functions = (parts.functions ?? []).map(
    (each): UserFunction => ({ schema: 'public', kind: 'function', language: 'plpgsql', volatility: 'volatile', harmless: false, ...each }),
  )
  const operators = (parts.operators ?? []).map((each): UserOperator => ({ schema: 'public', harmless: false, ...each }))
  const types = (parts.types ?? []).map((each): UserType => ({ schema: 'public', kind: 'base', harmless: true, ...each }))
  const schemas = new Set([
    'pg_catalog',
    'information_schema',
    'public',
    ...relations.map(({ schema }) => schema),
    ...(parts.schemas ?? []),
  ])
  return {
    version: 'sha256:test',
    serverVersion: 180_000,
    hasSchema: (name) => schemas.has(name),
    relation: (schema, name) => byName.get(`${schema}.${name}`),
    relationByOid: (oid) => byOid.get(oid),
    userFunctions: (name) => functions.filter((each) => each.name === name),
    userOperators: (name) => operators.filter((each) => each.name === name),
    userType: (schema, name) => types.find((each) => each.schema === schema && each.name === name),
    userTypes: (name) => types.filter((each) => each.name === name),
    userTypeByOid: (oid) => types.find((each) => each.oid === oid),
    eventTriggers: parts.eventTriggers ?? false,
    typeCode: parts.typeCode ?? { casts: false, inputs: false },
  }
}

/** A shop: orders in partitions, customers behind views, a staging area, an audit table with a trigger, and secrets. */
export const SHOP: CatalogParts = {
  relations: {
    'shop.orders': {
      kind: 'partitioned table',
      columns: ['id', 'customer_id', 'total', 'placed'],
      partitionKey: ['placed'],
      cascades: [{ relation: 'shop.lines', on: 'delete', columns: [], key: ['id'] }],
      referencedBy: ['shop.lines'],
    },
    'shop.orders_2025': { columns: ['id', 'customer_id', 'total', 'placed'], parents: ['shop.orders'] },
    'shop.orders_2026': { columns: ['id', 'customer_id', 'total', 'placed'], parents: ['shop.orders'] },
    'shop.lines': { columns: ['order_id', 'product', 'quantity'] },
    'shop.customers': {
      columns: ['id', 'name', 'email', 'note'],
      cascades: [{ relation: 'shop.notes', on: 'update', columns: ['customer_id'], key: ['id'] }],
      referencedBy: ['shop.orders', 'shop.notes'],
    },
    'shop.notes': { columns: ['customer_id', 'text'] },
    'shop.secrets': { columns: ['id', 'token'] },
    'shop.contacts': { columns: ['id', 'address'], uses: { 'shop.customers': ['id', 'email'] }, calls: ['pg_catalog.lower'] },
    'shop.contacts_again': { columns: ['id', 'address'], uses: { 'shop.contacts': ['id', 'address'] } },
    'shop.odd_view': { columns: ['id'], uses: { 'shop.customers': ['id'] }, calls: ['public.evil'] },
    'shop.hidden_view': { columns: ['id'], view: 'unknown' },
    'shop.totals': {
      kind: 'materialized view',
      columns: ['customer_id', 'sum'],
      uses: { 'shop.orders': ['customer_id', 'total'] },
      calls: [],
    },
    'shop.who': { columns: ['usename', 'passwd'], uses: { 'pg_catalog.pg_shadow': ['usename', 'passwd'] } },
    'shop.order_numbers': { kind: 'sequence', columns: ['last_value', 'log_cnt', 'is_called'] },
    'shop.orders_pkey': { kind: 'index', columns: ['id'], on: 'shop.orders' },
    'pg_toast.pg_toast_20006': { kind: 'toast', columns: ['chunk_id', 'chunk_seq', 'chunk_data'], on: 'shop.secrets' },
    'shop.audited': { columns: ['id', 'x'], triggers: ['insert', 'update'] },
    'shop.ruled': { columns: ['id'], rules: true },
    'shop.coded': { columns: ['id', 'x'], userCode: { onRead: false, onWrite: true } },
    'shop.guarded': { columns: ['id', 'x'], userCode: { onRead: true, onWrite: false } },
    'staging.orders': { columns: ['id', 'total'] },
    'staging.imports': { columns: ['id', 'line'] },
    'public.t': { columns: ['id', 'a', 'b'] },
    'public.u': { columns: ['id', 'c'] },
    'pg_catalog.pg_class': { columns: ['oid', 'relname', 'relnamespace'] },
    'pg_catalog.pg_shadow': { kind: 'view', columns: ['usename', 'passwd'] },
    'pg_catalog.pg_subscription': { columns: ['oid', 'subdbid', 'subname', 'subconninfo'] },
  },
  functions: [
    { name: 'evil' },
    { name: 'evil', schema: 'shop' },
    { name: 'similarity', language: 'c', volatility: 'immutable', extension: 'pg_trgm', harmless: true },
    { name: 'replace', schema: 'extensions' },
  ],
  operators: [{ name: '~~~' }, { name: '%', schema: 'extensions', harmless: true }, { name: '=', schema: 'tricks' }],
  types: [
    { name: 'mood', kind: 'enum' },
    { name: 'checked', kind: 'domain', harmless: false },
  ],
  schemas: ['extensions', 'tricks', 'empty'],
}
