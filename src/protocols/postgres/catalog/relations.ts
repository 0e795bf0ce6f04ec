import type { Cascade, Relation, RelationKind, ViewFacts } from './catalog.ts'
import type { Snapshot, TriggerRow } from './snapshot.ts'
import { FIRST_USER_OID, isBuiltin, type Trust } from './trust.ts'
import { ViewLineage } from './view-lineage.ts'

/** pg_class.relkind */
const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  t: 'toast',
  c: 'composite type',
}

/** pg_trigger.tgtype, TRIGGER_TYPE_… */
const EVENTS = [
  [4, 'insert'],
  [16, 'update'],
  [8, 'delete'],
  [32, 'truncate'],
] as const

/** Effects of built-in functions that a column default may have: they are known to come with an INSERT. */
const EXPECTED: ReadonlySet<string> = new Set(['nextval', 'currval', 'lastval'])

/** Every relation of a snapshot, in its order, one after the other; undefined where the caller may well pause, before the first. */
export function* relationsOf(snapshot: Snapshot, trust: Trust): Generator<Relation | undefined> {
  const parents = new Map<number, number[]>()
  const children = new Map<number, number[]>()
  for (const [child, parent] of snapshot.inheritance) {
    into(parents, child, parent)
    into(children, parent, child)
  }
  yield
  const { cascades, referencedBy } = references(snapshot)
  yield
  const triggers = Map.groupBy(snapshot.triggers, ({ relation }) => relation)
  const rules = new Set(snapshot.rules)
  const code = expressionCode(snapshot, trust)
  yield
  const views = viewFacts(snapshot.viewUses, snapshot.viewCode, trust)
  const lineage = new ViewLineage(snapshot, trust)
  yield
  const policies = viewFacts(snapshot.policyUses, snapshot.policyCode, trust)
  // Only a superuser can change how PostgreSQL's own types are converted into one another; then any expression may run that.
  const everywhere = snapshot.casts.some(
    ({ source, target, function: called }) => source < FIRST_USER_OID && target < FIRST_USER_OID && called !== 0 && !trust.harmless(called),
  )
  yield
  for (const row of snapshot.relations) {
    const { oid, schema, name, columns, numbers, types, of, partitionKey, rowSecurity } = row
    const kind = KINDS[row.kind]
    // Of a kind that PostgreSQL has not got yet: a name that stays unknown.
    if (!kind) continue
    const called = code.get(oid)
    const rows = trust.rows(oid)
    const secured = policies.get(oid)
    const policy = rowSecurity && called?.policy === true
    const seen = lineage.ofView(row)
    const generated = lineage.generated(oid)
    const view =
      kind === 'view' || kind === 'materialized view' ? (views.get(oid) ?? (oid < FIRST_USER_OID ? LEAF : { uses: [] })) : undefined
    yield {
      oid,
      schema,
      name,
      kind,
      columns,
      ...(numbers ? { numbers } : {}),
      ...(types ? { types } : {}),
      ...(generated ? { generated } : {}),
      parents: parents.get(oid) ?? NONE,
      children: children.get(oid) ?? NONE,
      cascades: cascades.get(oid) ?? NONE,
      referencedBy: referencedBy.get(oid) ?? NONE,
      ...(of === 0 ? {} : { of }),
      ...(view ? { view: seen ? { ...view, columns: seen } : view } : {}),
      ...(secured ? { policies: { ...secured, enabled: rowSecurity } } : {}),
      ...(partitionKey.length > 0 ? { partitionKey } : {}),
      ...(row.exclusion ? { exclusion: true } : {}),
      rules: rules.has(oid),
      triggers: eventsOf(triggers.get(oid) ?? NONE, trust),
      userCode: {
        onRead: everywhere || policy || called?.both === true || !rows.use,
        onWrite: everywhere || policy || called?.both === true || called?.write === true || !rows.use || !rows.make,
      },
    }
  }
}

const NONE = [] as const
const LEAF: ViewFacts = { uses: [], calls: [] }

function references(snapshot: Snapshot) {
  const cascades = new Map<number, Cascade[]>()
  const referencedBy = new Map<number, number[]>()
  for (const row of snapshot.foreignKeys) {
    const { referenced, referencing: relation, columns, deleteSets, onDelete, onUpdate } = row
    const key = row.generated ? [...row.key, '*'] : row.key
    if (referencedBy.get(referenced)?.at(-1) !== relation) into(referencedBy, referenced, relation)
    const set = deleteSets.length > 0 ? deleteSets : columns
    if (ACTS.includes(onDelete)) into(cascades, referenced, { relation, on: 'delete', columns: onDelete === 'c' ? [] : set, key })
    if (ACTS.includes(onUpdate)) into(cascades, referenced, { relation, on: 'update', columns, key })
  }
  return { cascades, referencedBy }
}

/** pg_constraint.confdeltype, confupdtype: CASCADE, SET NULL, SET DEFAULT. */
const ACTS = ['c', 'n', 'd']

/** PostgreSQL's own trigger functions do what they are documented to, within the row; unless a condition of users runs before them. */
function eventsOf(triggers: readonly TriggerRow[], trust: Trust): Relation['triggers'] {
  const user = triggers.filter(({ function: oid, condition }) => {
    const row = trust.function(oid)
    return condition || !row || !isBuiltin(row)
  })
  return EVENTS.filter(([bit]) => user.some(({ type }) => (type & bit) !== 0)).map(([, event]) => event)
}

type Part = 'write' | 'both' | 'policy'

/** When a relation's own expressions run code that is not harmless. */
function expressionCode(snapshot: Snapshot, trust: Trust): Map<number, Partial<Record<Part, true>>> {
  const code = new Map<number, Partial<Record<Part, true>>>()
  for (const { part, owner, functions } of snapshot.expressions) {
    if (part === 'domain' || functions.every((oid) => trust.harmless(oid) || (part === 'write' && isExpected(oid, trust)))) continue
    code.set(owner, { ...code.get(owner), [part]: true })
  }
  return code
}

function isExpected(oid: number, trust: Trust): boolean {
  const row = trust.function(oid)
  return row !== undefined && isBuiltin(row) && EXPECTED.has(row.name)
}

/** What definitions use and call, by the relation that they are of. */
function viewFacts(all: Snapshot['viewUses'], code: Snapshot['viewCode'], trust: Trust): Map<number, ViewFacts> {
  const rows = new Set(code.filter((row) => row.rows).map(({ view }) => view))
  const uses = new Map<number, ViewFacts['uses'][number][]>()
  for (const { view, relation, columns } of all) into(uses, view, { relation, columns: rows.has(view) ? ['*'] : columns })
  return new Map(
    code.map(({ view, functions, types, relations }) => {
      const behind = types.map((type) => trust.codeBehind(type))
      const called = [...functions, ...behind.flatMap((oids) => oids ?? [])].map((oid) => trust.function(oid))
      const calls = called.map((row) => row && `${row.schema}.${row.name}`)
      const depends = uses.get(view) ?? []
      const known = new Set([view, ...depends.map(({ relation }) => relation)])
      const others = relations.filter((relation) => !known.has(relation)).map((relation) => ({ relation, columns: ['*'] }))
      const facts = { uses: [...depends, ...others] }
      // A function that is not there any more, or a type that is not known.
      if (calls.includes(undefined) || behind.includes(undefined)) return [view, facts]
      return [view, { ...facts, calls: [...new Set(calls as string[])].sort() }]
    }),
  )
}

function into<Value>(map: Map<number, Value[]>, key: number, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
