import { simpleQuery, type TextRow } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'
import { WireError } from '../wire/errors.ts'

/** What a role of the target may do beyond its grants. */
export interface RoleFacts {
  readonly name: string
  /** Attributes and memberships that reach past any grant, such as `SUPERUSER` or `pg_read_server_files`. */
  readonly powers: readonly string[]
  /** `server_version`, as the target says it. */
  readonly serverVersion: string
}

/** Attributes of a role (CREATE ROLE) and predefined roles (PostgreSQL 22.5) that let a statement leave its database's grants behind. */
const QUERY = `SELECT r.rolname::text, pg_catalog.current_setting('server_version'), pg_catalog.concat_ws(',',
  CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
  CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
  CASE WHEN r.rolreplication THEN 'REPLICATION' END,
  CASE WHEN NOT r.rolsuper THEN (SELECT pg_catalog.string_agg(p.rolname::text, ',' ORDER BY p.rolname) FROM pg_catalog.pg_roles p
    WHERE p.rolname = ANY (ARRAY['pg_read_server_files','pg_write_server_files','pg_execute_server_program','pg_read_all_data',
      'pg_write_all_data','pg_signal_backend','pg_create_subscription','pg_maintain']::pg_catalog.name[])
    AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')) END)
FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER`

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
  const [name, serverVersion, powers] = row
  if (refused !== undefined || !name || !serverVersion) throw new WireError('The target did not say what its role may do.')
  return { name, serverVersion, powers: powers ? powers.split(',') : [] }
}
