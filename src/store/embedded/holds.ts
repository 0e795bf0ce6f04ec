import type { Hold, HoldStore, RetentionState, RetentionStore } from '../../retention/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { emptyWriteAhead } from './remains.ts'

/** Legal holds in the embedded database. */
export function embeddedHoldStore(database: EmbeddedDatabase): HoldStore {
  database.migrate('hold-1', 'CREATE TABLE hold (id TEXT PRIMARY KEY, placed_at INTEGER NOT NULL, content TEXT NOT NULL) STRICT')
  const { connection } = database
  const all = connection.prepare('SELECT content FROM hold ORDER BY placed_at, id')
  const find = connection.prepare('SELECT content FROM hold WHERE id = ?')
  const put = connection.prepare('INSERT OR REPLACE INTO hold VALUES (?, ?, ?)')
  const remove = connection.prepare('DELETE FROM hold WHERE id = ?')
  return {
    all: () => all.all().map(contentOf<Hold>),
    find: (id) => optional(find.get(id)),
    put: (hold) => void put.run(hold.id, hold.placedAt, JSON.stringify(hold)),
    remove(id) {
      remove.run(id)
      emptyWriteAhead(connection)
    },
  }
}

/** How far logs are pruned, in the embedded database. */
export function embeddedRetentionStore(database: EmbeddedDatabase): RetentionStore {
  database.migrate('retention-1', 'CREATE TABLE retention (log TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT')
  const { connection } = database
  const read = connection.prepare('SELECT content FROM retention WHERE log = ?')
  const write = connection.prepare('INSERT OR REPLACE INTO retention VALUES (?, ?)')
  return {
    read: (log) => optional<RetentionState>(read.get(log)),
    write: (log, state) => void write.run(log, JSON.stringify(state)),
  }
}

function optional<Content>(row: Record<string, unknown> | undefined): Content | undefined {
  return row && contentOf<Content>(row)
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function contentOf<Content>(row: Record<string, unknown>): Content {
  return JSON.parse(row.content as string) as Content
}
