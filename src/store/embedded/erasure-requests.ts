import type { ErasureRequest, ErasureRequestStore } from '../../retention/index.ts'
import type { EmbeddedDatabase } from './database.ts'

const SCHEMA = `
CREATE TABLE erasure (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, is_open INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
CREATE INDEX erasure_open ON erasure (n) WHERE is_open = 1;
`

/** Requests for erasure in the embedded database. */
export function embeddedErasureRequests(database: EmbeddedDatabase): ErasureRequestStore {
  database.migrate('erasure-1', SCHEMA)
  const { connection } = database
  const open = connection.prepare('SELECT content FROM erasure WHERE is_open = 1 ORDER BY n')
  const recent = connection.prepare('SELECT content FROM erasure ORDER BY n DESC LIMIT 100')
  const find = connection.prepare('SELECT content FROM erasure WHERE id = ?')
  const put = connection.prepare(
    'INSERT INTO erasure (id, is_open, content) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, content = excluded.content',
  )
  return {
    open: () => open.all().map(toRequest),
    recent: () => recent.all().map(toRequest),
    find(id) {
      const row = find.get(id)
      return row && toRequest(row)
    },
    put: (request) => void put.run(request.id, request.state === 'asked' ? 1 : 0, JSON.stringify(request)),
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toRequest(row: Record<string, unknown>): ErasureRequest {
  return JSON.parse(row.content as string) as ErasureRequest
}
