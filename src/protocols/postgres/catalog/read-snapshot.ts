import { type SimpleQueryLimits, simpleQuery, type TextRow } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'
import { WireError } from '../wire/errors.ts'
import { CatalogError } from './errors.ts'
import * as sql from './queries.ts'
import { generatedFlow, viewFlow } from './rule-flow.ts'
import type { ExpressionRow, Snapshot } from './snapshot.ts'

export interface SnapshotLimits {
  /** Rows of all answers together; a relation with its columns is one. */
  readonly rows: number
  /** Bytes of one answer. */
  readonly bytes: number
  /** Of one query at the server, ms. */
  readonly statementMs: number
}

const LIMITS: SnapshotLimits = { rows: 1_000_000, bytes: 256 * 1024 * 1024, statementMs: 10_000 }

/** A row of pg_class with 1,600 columns, or a view that calls everything there is. */
const LONGEST_ROW = 4 * 1024 * 1024

/** What was read, and the line that changes when it would be read otherwise. `snapshot` is absent where the line is the one that is known. */
export interface ReadSnapshot {
  readonly fingerprint: string
  readonly snapshot?: Snapshot
}

/**
 * Reads what the names of a database mean, over a connection that nobody else uses, in one read-only transaction that is ended behind it.
 *
 * @param known fingerprint of what the caller has; if nothing has changed since, that is all that is read
 * @throws CatalogError where the target refuses or there is too much of it; WireError where it does not answer as PostgreSQL does; the
 *   socket's own error. The connection is of no use after any of them
 */
export async function readSnapshot(
  { socket, rest }: Pick<PostgresTarget, 'socket' | 'rest'>,
  known?: string,
  limits: SnapshotLimits = LIMITS,
): Promise<ReadSnapshot> {
  if (rest.length > 0) socket.unshift(rest)
  let left = limits.rows
  const each: SimpleQueryLimits = { message: LONGEST_ROW, answer: limits.bytes }
  const run = async <Row>(text: string, parse: (row: TextRow) => Row): Promise<Row[]> => {
    const rows: Row[] = []
    const end = await simpleQuery(socket, text, each, (values) => {
      left -= 1
      if (left < 0) throw new CatalogError('GS_CATALOG_TOO_LARGE')
      rows.push(parse(values))
    })
    // 57014: statement_timeout.
    if (end.refused) throw new CatalogError(end.refused === '57014' ? 'GS_CATALOG_SLOW' : 'GS_CATALOG_REFUSED', end.refused)
    return rows
  }
  await run(`${sql.BEGIN}; SET LOCAL statement_timeout = ${limits.statementMs}`, () => undefined)
  const [fingerprint] = await run(sql.FINGERPRINT, ([line]) => text(line))
  if (fingerprint === undefined) throw new WireError('The target did not say what its catalog is.')
  const snapshot = fingerprint === known ? undefined : await readAll(run)
  await run('ROLLBACK', () => undefined)
  return snapshot ? { fingerprint, snapshot } : { fingerprint }
}

type Run = <Row>(text: string, parse: (row: TextRow) => Row) => Promise<Row[]>

async function readAll(run: Run): Promise<Snapshot> {
  const [server] = await run(sql.SERVER, ([version, triggers]) => ({ serverVersion: number(version), eventTriggers: triggers === 't' }))
  if (!server) throw new WireError('The target did not say which version it is.')
  return {
    ...server,
    schemas: await run(sql.SCHEMAS, ([name]) => text(name)),
    relations: await run(
      sql.RELATIONS,
      ([oid, schema, name, kind, rowSecurity, columns, of, partitionKey, expressions, exclusion, numbers, types]) => ({
        oid: number(oid),
        schema: text(schema),
        name: text(name),
        kind: text(kind),
        rowSecurity: rowSecurity === 't',
        columns: list<string>(columns),
        ...(inOrder(oids(numbers)) ? {} : { numbers: oids(numbers) }),
        types: oids(types),
        of: number(of),
        partitionKey: [...list<string>(partitionKey), ...(expressions === 't' ? ['*'] : [])],
        exclusion: exclusion === 't',
      }),
    ),
    inheritance: await run(sql.INHERITANCE, ([child, parent]) => [number(child), number(parent)] as const),
    foreignKeys: await run(sql.FOREIGN_KEYS, ([referenced, key, referencing, columns, deleteSets, onDelete, onUpdate, generated]) => ({
      referenced: number(referenced),
      key: list<string>(key),
      referencing: number(referencing),
      columns: list<string>(columns),
      deleteSets: list<string>(deleteSets),
      onDelete: text(onDelete),
      onUpdate: text(onUpdate),
      generated: generated === 't',
    })),
    triggers: await run(sql.TRIGGERS, ([relation, type, called, condition]) => ({
      relation: number(relation),
      type: number(type),
      function: number(called),
      condition: condition === 't',
    })),
    rules: await run(sql.RULES, ([relation]) => number(relation)),
    viewUses: await run(sql.VIEW_USES, uses),
    viewCode: await run(sql.VIEW_CODE, code),
    viewColumns: await run(sql.VIEW_TREES, ([view, tree]) => ({ view: number(view), columns: viewFlow(text(tree)) ?? [] })),
    generated: await run(sql.GENERATED, ([relation, column, tree]) => ({
      relation: number(relation),
      column: text(column),
      flow: generatedFlow(text(tree), number(relation)),
    })),
    policyUses: await run(sql.POLICY_USES, uses),
    policyCode: await run(sql.POLICY_CODE, code),
    expressions: await run(sql.EXPRESSION_CODE, ([part, owner, functions]) => ({
      part: text(part) as ExpressionRow['part'],
      owner: number(owner),
      functions: oids(functions),
    })),
    functions: await run(sql.FUNCTIONS, ([oid, schema, name, kind, language, volatility, extension, talkative, parts, symbol]) => ({
      oid: number(oid),
      schema: text(schema),
      name: text(name),
      kind: text(kind),
      language: text(language),
      volatility: text(volatility),
      extension: extension ?? undefined,
      talkative: talkative === 't',
      parts: oids(parts),
      symbol: symbol ?? undefined,
    })),
    operators: await run(sql.OPERATORS, ([schema, name, called]) => ({ schema: text(schema), name: text(name), function: number(called) })),
    types: await run(sql.TYPES, ([oid, schema, name, kind, relation, of, io, range, labels]) => ({
      oid: number(oid),
      schema: text(schema),
      name: text(name),
      kind: text(kind),
      relation: number(relation),
      of: number(of),
      io: oids(io),
      range: oids(range),
      ...(labels === null ? {} : { labels: list<string>(labels) }),
    })),
    columnTypes: await run(sql.COLUMN_TYPES, ([relation, type, rowsOf]) => ({
      relation: number(relation),
      type: number(type),
      rowsOf: number(rowsOf),
    })),
    casts: await run(sql.CASTS, ([source, target, called, sourceRows, targetRows]) => ({
      source: number(source),
      target: number(target),
      function: number(called),
      sourceRows: number(sourceRows),
      targetRows: number(targetRows),
    })),
    operatorClasses: await run(sql.OPERATOR_CLASSES, ([type, functions]) => ({ type: number(type), functions: oids(functions) })),
  }
}

const inOrder = (numbers: readonly number[]) => numbers.every((number, index) => number === index + 1)

/** Of VIEW_USES. */
const uses = ([view, relation, columns]: TextRow) => ({ view: number(view), relation: number(relation), columns: list<string>(columns) })

/** Of VIEW_CODE. */
const code = ([view, functions, rows, types, relations]: TextRow) => ({
  view: number(view),
  functions: oids(functions),
  rows: rows === 't',
  types: oids(types),
  relations: oids(relations),
})

type Value = string | null | undefined

/** @throws WireError */
function text(value: Value): string {
  if (typeof value !== 'string') throw new WireError('The target answered a query of its catalog with something else.')
  return value
}

/** NULL is 0. @throws WireError */
function number(value: Value): number {
  if (value === null) return 0
  const parsed = Number(value)
  if (!Number.isSafeInteger(parsed)) throw new WireError('The target answered a query of its catalog with something else.')
  return parsed
}

/** A JSON array; NULL is empty. @throws WireError */
function list<Item>(value: Value): Item[] {
  if (value === null) return []
  try {
    const parsed: unknown = JSON.parse(text(value))
    if (Array.isArray(parsed)) return parsed as Item[]
  } catch {}
  throw new WireError('The target answered a query of its catalog with something else.')
}

/** Oids of a JSON array: PostgreSQL writes them as strings there. 0 is left out. */
function oids(value: Value): number[] {
  return list<string | number>(value).flatMap((oid) => number(String(oid)) || [])
}
