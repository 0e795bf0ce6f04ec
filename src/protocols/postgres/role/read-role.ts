import { simpleQuery, type TextRow } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'
import { WireError } from '../wire/errors.ts'

/** What a role of the target may do beyond its grants. */
export interface RoleFacts {
  readonly name: string
  /** Attributes and memberships that reach past any grant, such as `SUPERUSER` or `pg_read_server_files`. */
  readonly powers: readonly string[]
  /** Relations of the database, outside system schemas, that it owns, or that a role owns whose rights it has. */
  readonly owns: number
  /** Relations of the database, outside system schemas, whose rows it may change. */
  readonly writes: number
  /** Schemas of the database where it may create objects, quoted as SQL does, at most five; and `database` where it may create schemas. */
  readonly creates: readonly string[]
  /** `server_version`, as the target says it. */
  readonly serverVersion: string
}

/** Schemas of users. */
const THEIRS = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

/**
 * Attributes of a role (CREATE ROLE), predefined roles (PostgreSQL 22.5) and roles with such attributes that let a statement leave its database's
 * grants behind; and what was granted, as the server sums it up over memberships and PUBLIC (PostgreSQL 9.27.1).
 */
const QUERY = `SELECT r.rolname::text, pg_catalog.current_setting('server_version'), pg_catalog.concat_ws(',',
  CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
  CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
  CASE WHEN r.rolreplication THEN 'REPLICATION' END,
  CASE WHEN NOT r.rolsuper THEN (SELECT pg_catalog.string_agg(p.rolname::text, ',' ORDER BY p.rolname) FROM pg_catalog.pg_roles p
    WHERE p.rolname <> r.rolname AND (p.rolsuper OR p.rolcreaterole OR p.rolbypassrls OR p.rolname = ANY (ARRAY['pg_read_server_files','pg_write_server_files','pg_execute_server_program','pg_read_all_data',
      'pg_write_all_data','pg_signal_backend','pg_create_subscription','pg_maintain']::pg_catalog.name[]))
    AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')) END),
  o.owns, o.writes, (SELECT pg_catalog.json_agg(s.name ORDER BY s.name) FROM (SELECT pg_catalog.quote_ident(n.nspname::text) AS name
    FROM pg_catalog.pg_namespace n WHERE ${THEIRS} AND pg_catalog.has_schema_privilege(n.oid, 'CREATE') ORDER BY 1 LIMIT 5) s),
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
FROM pg_catalog.pg_roles r, (SELECT pg_catalog.count(*) FILTER (WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS owns,
    pg_catalog.count(*) FILTER (WHERE pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE')) AS writes
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${THEIRS}) o
WHERE r.rolname = CURRENT_USER`

/** The answer is one short row. */
const LIMITS = { message: 64 * 1024, answer: 128 * 1024 }

/**
 * Asks a fresh connection what its own role may do, and leaves the connection after ReadyForQuery.
 * @throws WireError where the target does not answer as PostgreSQL does; the socket's own error
 */
export async function readRole({ socket }: Pick<PostgresTarget, 'socket'>): Promise<RoleFacts> {
  let row: TextRow = []
  const { refused } = await simpleQuery(socket, QUERY, LIMITS, (values) => {
    row = values
  })
  const [name, serverVersion, powers, owns, writes, schemas, database] = row
  if (refused !== undefined || !name || !serverVersion) throw new WireError('The target did not say what its role may do.')
  const creates = [...(schemas ? (JSON.parse(schemas) as string[]) : []), ...(database === 't' ? ['database'] : [])]
  return { name, serverVersion, powers: powers ? powers.split(',') : [], owns: Number(owns), writes: Number(writes), creates }
}
