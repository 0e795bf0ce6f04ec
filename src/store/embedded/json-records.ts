import type { EmbeddedDatabase } from './database.ts'

/** Records of one room, kept whole. Every change is durable when the call returns. */
export interface JsonRecords<Item extends { readonly id: string }> {
  /** Those that are open, the oldest first. */
  open(): readonly Item[]
  /** The newest first, 100 at most. */
  recent(): readonly Item[]
  find(id: string): Item | undefined
  /** Adds it, or replaces the one of this id. */
  put(item: Item): void
}

/**
 * A table of records as JSON, for what is few and always read whole.
 * @param table its name, in letters
 * @param isOpen whether somebody is still to do something about one
 */
export function jsonRecords<Item extends { readonly id: string }>(
  { connection, migrate }: EmbeddedDatabase,
  table: string,
  isOpen: (item: Item) => boolean,
): JsonRecords<Item> {
  migrate(
    `${table}-1`,
    `CREATE TABLE ${table} (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, is_open INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
     CREATE INDEX ${table}_open ON ${table} (n) WHERE is_open = 1;`,
  )
  const open = connection.prepare(`SELECT content FROM ${table} WHERE is_open = 1 ORDER BY n`)
  const recent = connection.prepare(`SELECT content FROM ${table} ORDER BY n DESC LIMIT 100`)
  const find = connection.prepare(`SELECT content FROM ${table} WHERE id = ?`)
  const put = connection.prepare(
    `INSERT INTO ${table} (id, is_open, content) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, content = excluded.content`,
  )
  // Rows are written here only, and the schema is STRICT: their shape is known.
  const read = (row: Record<string, unknown>) => JSON.parse(row.content as string) as Item
  return {
    open: () => open.all().map(read),
    recent: () => recent.all().map(read),
    find(id) {
      const row = find.get(id)
      return row && read(row)
    },
    put: (item) => void put.run(item.id, isOpen(item) ? 1 : 0, JSON.stringify(item)),
  }
}
