import type { Run, RunId } from '../../operations/index.ts'
import type { RunStore, StoredRun } from '../../runs/index.ts'
import type { EmbeddedDatabase } from './database.ts'

const SCHEMA = `
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('starting', 'live', 'ended', 'revoked', 'expired')),
  principal TEXT NOT NULL,
  facts TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_start ON run (started_at DESC);
CREATE INDEX run_open ON run (state) WHERE state IN ('starting', 'live');
`

/** Runs in the embedded database. */
export function embeddedRunStore(database: EmbeddedDatabase): RunStore {
  database.migrate('run-1', SCHEMA)
  const { connection } = database
  const find = connection.prepare('SELECT * FROM run WHERE id = ?')
  const open = connection.prepare("SELECT * FROM run WHERE state IN ('starting', 'live')")
  const recent = connection.prepare("SELECT * FROM run WHERE state <> 'starting' ORDER BY started_at DESC LIMIT ?")
  const insert = connection.prepare('INSERT INTO run (id, state, principal, facts, started_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)')
  const update = connection.prepare('UPDATE run SET state = coalesce(?, state), expires_at = coalesce(?, expires_at) WHERE id = ?')
  const remove = connection.prepare('DELETE FROM run WHERE id = ?')
  return {
    find: (id) => optional(find.get(id)),
    open: () => open.all().map(toRun),
    recent: (limit) => recent.all(limit).map(toRun),
    insert({ run, state, expiresAt }) {
      insert.run(run.id, state, JSON.stringify(run.principal), JSON.stringify(run.facts), run.startedAt, expiresAt)
    },
    update(id, change) {
      update.run(change.state ?? null, change.expiresAt ?? null, id)
    },
    remove(id) {
      remove.run(id)
    },
  }
}

function optional(row: Record<string, unknown> | undefined): StoredRun | undefined {
  return row && toRun(row)
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toRun(row: Record<string, unknown>): StoredRun {
  return {
    run: {
      id: row.id as RunId,
      principal: JSON.parse(row.principal as string) as Run['principal'],
      facts: JSON.parse(row.facts as string) as Run['facts'],
      startedAt: row.started_at as number,
    },
    state: row.state as StoredRun['state'],
    expiresAt: row.expires_at as number,
  }
}
