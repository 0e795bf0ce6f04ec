import type { Run, RunId } from '../../operations/index.ts'
import type { LogPlace, RunStore, StoredRun, Suspension } from '../../runs/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { emptyWriteAhead } from './remains.ts'
import { transaction } from './transaction.ts'

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

const PLACES = `
ALTER TABLE run ADD COLUMN began_log TEXT;
ALTER TABLE run ADD COLUMN began_index INTEGER;
ALTER TABLE run ADD COLUMN ended_log TEXT;
ALTER TABLE run ADD COLUMN ended_index INTEGER;
CREATE INDEX run_unended ON run (id) WHERE state IN ('ended', 'revoked', 'expired') AND began_log IS NOT NULL AND ended_log IS NULL;
`

const SUSPENSION = 'ALTER TABLE run ADD COLUMN suspended TEXT'

/** Runs in the embedded database. */
export function embeddedRunStore(database: EmbeddedDatabase): RunStore {
  database.migrate('run-1', SCHEMA)
  database.migrate('run-2', PLACES)
  database.migrate('run-3', SUSPENSION)
  const { connection } = database
  const find = connection.prepare('SELECT * FROM run WHERE id = ?')
  const open = connection.prepare("SELECT * FROM run WHERE state IN ('starting', 'live')")
  const unended = connection.prepare(
    "SELECT * FROM run WHERE state IN ('ended', 'revoked', 'expired') AND began_log IS NOT NULL AND ended_log IS NULL",
  )
  const recent = connection.prepare("SELECT * FROM run WHERE state <> 'starting' ORDER BY started_at DESC LIMIT ?")
  const insert = connection.prepare(
    'INSERT INTO run (id, state, principal, facts, started_at, expires_at, began_log, began_index) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const update = connection.prepare(`UPDATE run SET state = coalesce(?, state), expires_at = coalesce(?, expires_at),
    began_log = coalesce(?, began_log), began_index = coalesce(?, began_index),
    ended_log = coalesce(?, ended_log), ended_index = coalesce(?, ended_index),
    suspended = CASE WHEN ? THEN ? ELSE suspended END WHERE id = ?`)
  const remove = connection.prepare('DELETE FROM run WHERE id = ?')
  const past = connection.prepare(
    `SELECT * FROM run WHERE id > ? AND state IN ('ended', 'revoked', 'expired') AND principal ->> 'subject' <> '' ORDER BY id LIMIT ?`,
  )
  const forget = connection.prepare(
    `UPDATE run SET principal = json_set(principal, '$.subject', '', '$.groups', json('[]')), facts = '{}'
     WHERE id = ? AND state IN ('ended', 'revoked', 'expired')`,
  )
  return {
    find: (id) => optional(find.get(id)),
    open: () => open.all().map(toRun),
    unended: () => unended.all().map(toRun),
    recent: (limit) => recent.all(limit).map(toRun),
    insert({ run, state, expiresAt, began }) {
      insert.run(run.id, state, JSON.stringify(run.principal), JSON.stringify(run.facts), run.startedAt, expiresAt, ...columns(began))
    },
    update(id, { state, expiresAt, began, ended, suspended }) {
      const suspension = [suspended === undefined ? 0 : 1, suspended ? JSON.stringify(suspended) : null] as const
      update.run(state ?? null, expiresAt ?? null, ...columns(began), ...columns(ended), ...suspension, id)
    },
    remove(id) {
      remove.run(id)
    },
    past: (after, limit) => past.all(after, limit).map(toRun),
    forget(ids) {
      transaction(connection, () => {
        for (const id of ids) forget.run(id)
      })
      // Rows have been moved from page to page as others came between them: only a new file has no copies of them.
      connection.exec('VACUUM')
      emptyWriteAhead(connection)
    },
  }
}

function columns(place: LogPlace | undefined): [log: string | null, index: number | null] {
  return [place?.log ?? null, place?.index ?? null]
}

function place(log: unknown, index: unknown): LogPlace | undefined {
  return log === null ? undefined : { log: log as string, index: index as number }
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
    began: place(row.began_log, row.began_index),
    ended: place(row.ended_log, row.ended_index),
    ...(row.suspended !== null && { suspended: JSON.parse(row.suspended as string) as Suspension }),
  }
}
