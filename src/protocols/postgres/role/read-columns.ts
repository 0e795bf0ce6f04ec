import { OWN, simpleQuery } from '../simple-query.ts'
import type { PostgresTarget } from '../target.ts'
import { WireError } from '../wire/errors.ts'

/** Names come back that were asked for, and no others. */
const LIMITS = { message: 64 * 1024, answer: 16 * 1024 * 1024 }

/**
 * Asks a fresh connection which columns there are, whoever may read them, and leaves the connection after ReadyForQuery.
 *
 * @param names `schema.relation.column`, as they are; `*` for the column: the relation
 * @returns those that are there
 * @throws WireError where the target does not answer as PostgreSQL does; the socket's own error
 */
export async function readColumns({ socket }: Pick<PostgresTarget, 'socket'>, names: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const text = `${OWN}SELECT DISTINCT asked.name FROM pg_catalog.unnest(ARRAY[${names.map(literal).join(', ')}]::pg_catalog.text[]) AS asked(name)
    JOIN pg_catalog.pg_attribute a ON a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.attrelid AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE asked.name OPERATOR(pg_catalog.=) ANY (ARRAY[pg_catalog.concat_ws('.', n.nspname, c.relname, a.attname), pg_catalog.concat_ws('.', n.nspname, c.relname, '*')])`
  const { refused } = await simpleQuery(socket, text, LIMITS, ([name]) => {
    if (name) found.add(name)
  })
  if (refused !== undefined) throw new WireError('The target did not say which columns it has.')
  return found
}

/** The same whatever standard_conforming_strings is. */
const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
