import type { SqlFacts } from '../../src/operations/index.ts'

/*
 * Facts beside the server: which relations a statement locked and wrote, and whether its facts say so. Locks last until the end of a
 * transaction, so the server has to be asked behind the statement and inside its transaction.
 */

/** What a transaction did to one relation. */
export interface Touched {
  readonly oid: string
  /** `schema.name`; `pg_temp.name` where it is the session's own temporary one. */
  readonly name: string
  /** Lock modes as pg_locks has them. */
  readonly modes: readonly string[]
}

/**
 * Relations of users that the transaction of a backend has locked, as one JSON value: tables, partitioned and foreign ones, views and
 * materialized views. It means the same under every search_path, and asks for nothing that is closed to ordinary roles.
 * @param pid of the backend, as SQL
 */
export const touchedBy = (pid = 'pg_catalog.pg_backend_pid()'): string => `SELECT COALESCE(pg_catalog.json_agg(t), '[]') AS touched FROM (
  SELECT c.oid::pg_catalog.text AS oid, CASE WHEN n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() THEN 'pg_temp'::pg_catalog.text
      ELSE n.nspname::pg_catalog.text END OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) c.relname::pg_catalog.text AS name,
    pg_catalog.array_agg(DISTINCT l.mode) AS modes
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE l.pid OPERATOR(pg_catalog.=) ${pid} AND l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.mode OPERATOR(pg_catalog.<>) 'SIReadLock'
    AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
    AND c.oid OPERATOR(pg_catalog.>=) 16384 AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f']::"char"[])
  GROUP BY c.oid, n.oid, n.nspname, c.relname) t`

/** Oids and modes of every lock on a relation that the transaction of another backend holds, as one JSON value. @param pid of the backend */
export const lockedBy = (
  pid: number,
): string => `SELECT COALESCE(json_agg(json_build_object('oid', relation::text, 'mode', mode)), '[]') AS locks
  FROM pg_locks WHERE pid = ${pid} AND locktype = 'relation'`

/** A relation by every name that it had: it may have been renamed, made or dropped. */
export interface Seen {
  readonly names: readonly string[]
  readonly modes: readonly string[]
  readonly written: boolean
}

/** What the server did and the facts do not say; undefined where they say it all. */
export interface Missing {
  readonly unread: readonly string[]
  readonly unwritten: readonly string[]
}

/** FOR KEY SHARE of foreign keys takes it, and is no read of the statement; FOR UPDATE takes it too. */
const ROW_SHARE = 'RowShareLock'

/**
 * Compares what was seen of a statement with its facts. A list that is absent is unknown, and says everything.
 * @param locks whether it locks rows in its own words (SELECT … FOR UPDATE)
 */
export function missingFrom(
  { reads, writes }: Pick<SqlFacts, 'reads' | 'writes'>,
  seen: readonly Seen[],
  locks: boolean,
): Missing | undefined {
  if (!reads && !writes) return undefined
  const said = (list: readonly string[] | undefined, { names }: Seen) => !list || names.some((name) => list.includes(name))
  const unread = seen.filter((one) => {
    const mattered = one.modes.some((mode) => mode !== ROW_SHARE || locks)
    return mattered && !said(reads, one) && !said(writes, one)
  })
  const unwritten = seen.filter((one) => one.written && !said(writes, one))
  if (unread.length + unwritten.length === 0) return undefined
  const name = (one: Seen) => `${one.names.join(' or ')} (${one.modes.join(', ')})`
  return { unread: unread.map(name), unwritten: unwritten.map(name) }
}
