import { type Message, readMessage } from '../read-message.ts'
import type { PostgresTarget } from '../target.ts'
import { query } from '../wire/build.ts'
import { backend } from '../wire/codes.ts'
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

/** Bytes: the answer is one short row. */
const LONGEST_MESSAGE = 64 * 1024

/**
 * Asks a fresh connection what its own role may do, and leaves the connection after ReadyForQuery.
 * @throws WireError where the target does not answer as PostgreSQL does; the socket's own error
 */
export async function readRole({ socket }: Pick<PostgresTarget, 'socket'>): Promise<RoleFacts> {
  socket.write(query(QUERY))
  let row: readonly string[] | undefined
  for (;;) {
    const message = await readMessage(socket, LONGEST_MESSAGE)
    if (!message || message.type === backend.errorResponse) throw new WireError('The target did not say what its role may do.')
    if (message.type === backend.dataRow) row = columns(message)
    if (message.type === backend.readyForQuery) break
  }
  const [name, serverVersion, powers] = row ?? []
  if (name === undefined || serverVersion === undefined) throw new WireError('The target did not say what its role may do.')
  return { name, serverVersion, powers: powers ? powers.split(',') : [] }
}

/** DataRow: Int16 columns, each Int32 length and bytes; -1 is NULL (PostgreSQL protocol 55.7). */
function columns({ body }: Message): string[] {
  const values: string[] = []
  let at = 2
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const length = Math.max(0, body.readInt32BE(at))
    values.push(body.toString('utf8', at + 4, at + 4 + length))
    at += 4 + length
  }
  return values
}
