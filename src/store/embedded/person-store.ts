import type { FirstAdminState, IdentifiedPerson, PersonSessionId, PersonStore, StoredPersonSession } from '../../identity/people/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { transaction } from './transaction.ts'

/*
 * Who somebody is stands in a table that only grows at its end: there SQLite never moves a row to another page, so that `secure_delete` leaves no copy of
 * it in the unused part of one.
 */
const SCHEMA = `
CREATE TABLE person_session (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  identified BLOB NOT NULL,
  via TEXT NOT NULL CHECK (via IN ('console', 'cli')),
  opened_at INTEGER NOT NULL
) STRICT;
CREATE TABLE person_session_use (id TEXT PRIMARY KEY, used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE first_admin (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL) STRICT;
`

const REVOKED = 'CREATE TABLE person_revoked (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT'

const SELECT = 'SELECT person_session.*, used_at FROM person_session JOIN person_session_use USING (id)'

/** Sessions of persons, and who administers first, in the embedded database. */
export function embeddedPersonStore(database: EmbeddedDatabase): PersonStore {
  database.migrate('person-1', SCHEMA)
  database.migrate('person-2', REVOKED)
  const { connection } = database
  const byHash = connection.prepare(`${SELECT} WHERE hash = ?`)
  const byId = connection.prepare(`${SELECT} WHERE id = ?`)
  const all = connection.prepare(`${SELECT} ORDER BY n`)
  const insert = connection.prepare('INSERT INTO person_session (id, hash, identified, via, opened_at) VALUES (?, ?, ?, ?, ?)')
  const use = connection.prepare(
    'INSERT INTO person_session_use (id, used_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at',
  )
  const remove = connection.prepare('DELETE FROM person_session WHERE id = ?')
  const removeUse = connection.prepare('DELETE FROM person_session_use WHERE id = ?')
  const revoke = connection.prepare('INSERT OR IGNORE INTO person_revoked (name, at) VALUES (?, ?)')
  const restore = connection.prepare('DELETE FROM person_revoked WHERE name = ?')
  const revoked = connection.prepare('SELECT name, at FROM person_revoked ORDER BY at, name')
  const firstAdmin = connection.prepare('SELECT state FROM first_admin')
  const setFirstAdmin = connection.prepare(
    'INSERT INTO first_admin (one, state) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET state = excluded.state',
  )
  return {
    insert({ id, hash, identified, via, openedAt, usedAt }) {
      transaction(connection, () => {
        insert.run(id, hash, Buffer.from(JSON.stringify(identified)), via, openedAt)
        use.run(id, usedAt)
      })
    },
    byHash: (hash) => optional(byHash.get(hash)),
    byId: (id) => optional(byId.get(id)),
    all: () => all.all().map(toSession),
    used: (id, at) => void use.run(id, at),
    remove(id) {
      transaction(connection, () => {
        remove.run(id)
        removeUse.run(id)
      })
    },
    revoke: (name, at) => void revoke.run(name, at),
    restore: (name) => void restore.run(name),
    revoked: () => revoked.all().map(({ name, at }) => ({ name: name as string, at: at as number })),
    firstAdmin() {
      const row = firstAdmin.get()
      return row && toFirstAdmin(row.state as string)
    },
    setFirstAdmin: (state) => void setFirstAdmin.run(fromFirstAdmin(state)),
  }
}

function optional(row: Record<string, unknown> | undefined): StoredPersonSession | undefined {
  return row && toSession(row)
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toSession(row: Record<string, unknown>): StoredPersonSession {
  return {
    id: row.id as PersonSessionId,
    hash: row.hash as Uint8Array,
    identified: JSON.parse(Buffer.from(row.identified as Uint8Array).toString()) as IdentifiedPerson,
    via: row.via as StoredPersonSession['via'],
    openedAt: row.opened_at as number,
    usedAt: row.used_at as number,
  }
}

function fromFirstAdmin(state: FirstAdminState): string {
  return JSON.stringify(state.state === 'offered' ? { ...state, hash: Buffer.from(state.hash).toString('base64') } : state)
}

function toFirstAdmin(text: string): FirstAdminState {
  const state = JSON.parse(text) as FirstAdminState & { readonly hash?: string }
  return state.state === 'offered' ? { ...state, hash: Buffer.from(state.hash!, 'base64') } : state
}
