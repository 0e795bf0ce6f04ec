import { simpleQuery, type TextRow } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'

/** By what a session's names are resolved from its first statement on. */
export interface SessionNames {
  /** `current_user`: what `"$user"` stands for; a role can come with another one set. */
  readonly user: string
  /** `search_path` as the server shows it; undefined: not known. */
  readonly searchPath: string | undefined
  /** Schemas that the session may use: names in another one are passed over. Undefined: not known, or more than are asked for. */
  readonly usable: readonly string[] | undefined
}

const MOST_SCHEMAS = 1_000
const QUERY =
  "SELECT current_user::pg_catalog.text, pg_catalog.current_setting('search_path'), " +
  // One more than is kept tells that there are more.
  `(SELECT pg_catalog.json_agg(s.nspname) FROM (SELECT nspname FROM pg_catalog.pg_namespace WHERE pg_catalog.has_schema_privilege(oid, 'USAGE')
    AND nspname !~ '^pg_(toast_)?temp_' LIMIT ${MOST_SCHEMAS + 1}) s)`
const LIMITS = { message: 256 * 1024, answer: 512 * 1024 }
const UNKNOWN: SessionNames = { user: '', searchPath: undefined, usable: undefined }

/**
 * What a connection that has just logged in resolves names by. A pooler may know log-ins and no such question: then nothing is known, and no unqualified name is certain.
 *
 * @throws WireError where the target does not answer as PostgreSQL does; the socket's own error
 */
export async function readNames({ socket, rest }: Pick<PostgresTarget, 'socket' | 'rest'>): Promise<SessionNames> {
  // What the server sent behind its log-in belongs to the client; an answer of ours would be read into the middle of it.
  if (rest.length > 0) return UNKNOWN
  let row: TextRow = []
  const { refused } = await simpleQuery(socket, QUERY, LIMITS, (values) => {
    row = values
  })
  const [user, searchPath, usable] = row
  if (refused !== undefined || !user || searchPath == null || usable == null) return UNKNOWN
  return { user, searchPath, usable: readUsable(usable) }
}

function readUsable(json: string): readonly string[] | undefined {
  try {
    const names: unknown = JSON.parse(json)
    return Array.isArray(names) && names.length <= MOST_SCHEMAS && names.every((name) => typeof name === 'string') ? names : undefined
  } catch {
    return undefined
  }
}
