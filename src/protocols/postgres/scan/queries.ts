/*
 * What a scan asks of the target. Everything runs in transactions that are read-only and ended behind it, with search_path = '', so that no
 * name means what somebody made it mean.
 */

/** @param ms of one statement at the server */
export const begin = (ms: number): string =>
  `BEGIN READ ONLY; SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8'; SET LOCAL lock_timeout = '1s'; SET LOCAL jit = off;
SET LOCAL statement_timeout = ${ms}; SET LOCAL row_security = on; SET LOCAL max_parallel_workers_per_gather = 0`

export const END = 'ROLLBACK'

/** Tables, and the roots of partitioned ones; what stores rows of others, or shows them, only where it is asked for. */
const TABLES = `'r', 'p'`
const ALL = `${TABLES}, 'v', 'm', 'f'`

/** The type itself, or what a domain is made of. */
const BASE = `pg_catalog.format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL)`

/**
 * One row per column of user schemas: schema, relation and column as named; both as SQL writes them; kind of the relation; rows and pages as
 * the planner believes, of all partitions together; base type; category of the type (pg_type.typcategory), that of the elements of an array;
 * whether it may be read.
 * @param views whether views, materialized views and foreign tables are asked for too
 */
export const columns = (views: boolean): string => `SELECT n.nspname, c.relname, a.attname,
  pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)), pg_catalog.quote_ident(a.attname), c.relkind,
  ${size('reltuples')}, ${size('relpages')}, ${BASE}, t.typcategory, COALESCE(e.typcategory, ''),
  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE c.relkind IN (${views ? ALL : TABLES}) AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2, a.attnum`

/** Of a partitioned table, what its partitions come to. */
function size(what: 'reltuples' | 'relpages'): string {
  return `CASE WHEN c.relkind = 'p' THEN (SELECT COALESCE(pg_catalog.sum(p.${what}), 0)::int8 FROM pg_catalog.pg_partition_tree(c.oid) l
    JOIN pg_catalog.pg_class p ON p.oid = l.relid WHERE l.isleaf) ELSE c.${what}::int8 END`
}

export interface Sampled {
  /** As SQL writes them. */
  readonly relation: string
  readonly columns: readonly { readonly quoted: string; readonly characters: number }[]
  /** A partitioned table has no rows of its own; what inherits from a plain one is looked at as itself. */
  readonly only: boolean
  /** Percent of the pages; undefined: the first rows there are. */
  readonly percent: number | undefined
  readonly rows: number
}

/** Some rows of some columns, each as text up to so many characters. */
export function sample({ relation, columns: of, only, percent, rows }: Sampled): string {
  const values = of.map(({ quoted, characters }) => `pg_catalog.left(${quoted}::pg_catalog.text, ${characters})`)
  const from = `${only ? 'ONLY ' : ''}${relation}`
  // Pages come in their order, and the first of them may have as many rows as are wanted.
  const some = percent === undefined ? from : `${from} TABLESAMPLE SYSTEM (${percent}) ORDER BY pg_catalog.random()`
  return `SELECT ${values.join(', ')} FROM ${some} LIMIT ${rows}`
}
