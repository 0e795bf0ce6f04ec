import type { PinStore, StoredTool } from '../../pins/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { transaction } from './transaction.ts'

const SCHEMA = `
CREATE TABLE tool_pin (
  resource TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, definition TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  PRIMARY KEY (resource, name)
) STRICT;
CREATE TABLE tool_seen (
  n INTEGER PRIMARY KEY,
  resource TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, definition TEXT NOT NULL, at INTEGER NOT NULL,
  UNIQUE (resource, name)
) STRICT;
`

/** What MCP servers offer and what of it is pinned, in the embedded database. */
export function embeddedPinStore({ connection, migrate }: EmbeddedDatabase): PinStore {
  migrate('tool-pins-1', SCHEMA)
  const pins = connection.prepare('SELECT * FROM tool_pin ORDER BY resource, name')
  const seen = connection.prepare('SELECT * FROM tool_seen ORDER BY n')
  const putPin = connection.prepare(
    'INSERT OR REPLACE INTO tool_pin (resource, name, digest, definition, at, by) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const removePin = connection.prepare('DELETE FROM tool_pin WHERE resource = ? AND name = ?')
  const putSeen = connection.prepare('INSERT OR REPLACE INTO tool_seen (resource, name, digest, definition, at) VALUES (?, ?, ?, ?, ?)')
  const removeSeen = connection.prepare('DELETE FROM tool_seen WHERE resource = ? AND name = ?')
  return {
    pins: () => pins.all().map((row) => ({ ...toTool(row), by: row.by as string })),
    seen: () => seen.all().map(toTool),
    see(tools, forget) {
      if (tools.length + forget.length === 0) return
      transaction(connection, () => {
        for (const { resource, name } of forget) removeSeen.run(resource, name)
        for (const { resource, name, digest, text, at } of tools) putSeen.run(resource, name, digest, text, at)
      })
    },
    pin(those) {
      transaction(connection, () => {
        for (const { resource, name, digest, text, at, by } of those) {
          putPin.run(resource, name, digest, text, at, by)
          removeSeen.run(resource, name)
        }
      })
    },
    unpin(those, again) {
      transaction(connection, () => {
        for (const { resource, name } of those) removePin.run(resource, name)
        for (const { resource, name, digest, text, at } of again) putSeen.run(resource, name, digest, text, at)
      })
    },
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toTool(row: Record<string, unknown>): StoredTool {
  return {
    resource: row.resource as string,
    name: row.name as string,
    digest: row.digest as string,
    text: row.definition as string,
    at: row.at as number,
  }
}
