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

/*
 * Whose a run was, and what is known of it, stands in a table that only grows at its end: there SQLite never moves a row to another page, so that
 * overwriting one where it stands leaves no copy of it in the unused part of a page, where `secure_delete` does not look.
 */
const OWNERS = `
CREATE TABLE run_owner (n INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;
ALTER TABLE run ADD COLUMN owner INTEGER;
UPDATE run SET owner = ranked.n FROM (
  SELECT id, row_number() OVER (ORDER BY id) AS n FROM run WHERE principal ->> 'subject' <> ''
) AS ranked WHERE run.id = ranked.id;
INSERT INTO run_owner (n, content)
  SELECT owner, CAST(json_object('subject', principal ->> 'subject', 'groups', principal -> 'groups', 'facts', json(facts)) AS BLOB)
  FROM run WHERE owner IS NOT NULL ORDER BY owner;
UPDATE run SET principal = json_remove(principal, '$.subject', '$.groups'), facts = '{}';
CREATE INDEX run_owned ON run (id) WHERE owner IS NOT NULL;
`

const SIGN_IN = 'ALTER TABLE run ADD COLUMN sign_in TEXT'

const SELECT = 'SELECT run.*, content FROM run LEFT JOIN run_owner ON n = owner'

/** Whose a run was, and what is known of it; nothing once that is forgotten. */
interface Owner {
  readonly subject: string
  readonly groups: readonly string[]
  readonly facts: Run['facts']
  readonly accounts?: Run['accounts']
}

const NOBODY: Owner = { subject: '', groups: [], facts: {} }

/** Runs in the embedded database. */
export function embeddedRunStore(database: EmbeddedDatabase): RunStore {
  database.migrate('run-1', SCHEMA)
  database.migrate('run-2', PLACES)
  database.migrate('run-3', SUSPENSION)
  database.migrate('run-4', OWNERS)
  database.migrate('run-5', SIGN_IN)
  const { connection } = database
  vacuumOnce(database)
  const find = connection.prepare(`${SELECT} WHERE id = ?`)
  const open = connection.prepare(`${SELECT} WHERE state IN ('starting', 'live')`)
  const unended = connection.prepare(
    `${SELECT} WHERE state IN ('ended', 'revoked', 'expired') AND began_log IS NOT NULL AND ended_log IS NULL`,
  )
  const recent = connection.prepare(`${SELECT} WHERE state <> 'starting' ORDER BY started_at DESC LIMIT ?`)
  const insert = connection.prepare(
    `INSERT INTO run (id, state, principal, owner, facts, started_at, expires_at, sign_in, began_log, began_index)
     VALUES (?, ?, ?, ?, '{}', ?, ?, ?, ?, ?)`,
  )
  const insertOwner = connection.prepare('INSERT INTO run_owner (content) VALUES (?)')
  const update = connection.prepare(`UPDATE run SET state = coalesce(?, state), expires_at = coalesce(?, expires_at),
    began_log = coalesce(?, began_log), began_index = coalesce(?, began_index),
    ended_log = coalesce(?, ended_log), ended_index = coalesce(?, ended_index),
    suspended = CASE WHEN ? THEN ? ELSE suspended END WHERE id = ?`)
  const remove = connection.prepare('DELETE FROM run WHERE id = ?')
  const past = connection.prepare(
    `${SELECT} WHERE id > ? AND state IN ('ended', 'revoked', 'expired') AND owner IS NOT NULL ORDER BY id LIMIT ?`,
  )
  // Of the same length, so that SQLite writes it over the old one.
  const overwrite = connection.prepare(
    'UPDATE run_owner SET content = zeroblob(length(content)) WHERE n = (SELECT owner FROM run WHERE id = ?)',
  )
  const disown = connection.prepare('UPDATE run SET owner = NULL, sign_in = NULL WHERE id = ?')
  const isOver = connection.prepare("SELECT 1 FROM run WHERE id = ? AND state IN ('ended', 'revoked', 'expired')")
  return {
    find: (id) => optional(find.get(id)),
    open: () => open.all().map(toRun),
    unended: () => unended.all().map(toRun),
    recent: (limit) => recent.all(limit).map(toRun),
    insert({ run, state, expiresAt, began }) {
      const { subject, groups, ...principal } = run.principal
      const { facts, accounts, signIn } = run
      const content = Buffer.from(JSON.stringify({ subject, groups, facts, ...(accounts && { accounts }) } satisfies Owner))
      const session = signIn ? JSON.stringify(signIn) : null
      transaction(connection, () => {
        const { lastInsertRowid: owner } = insertOwner.run(content)
        insert.run(run.id, state, JSON.stringify(principal), owner, run.startedAt, expiresAt, session, ...columns(began))
      })
    },
    update(id, { state, expiresAt, began, ended, suspended }) {
      const suspension = [suspended === undefined ? 0 : 1, suspended ? JSON.stringify(suspended) : null] as const
      update.run(state ?? null, expiresAt ?? null, ...columns(began), ...columns(ended), ...suspension, id)
    },
    remove(id) {
      transaction(connection, () => {
        overwrite.run(id)
        remove.run(id)
      })
    },
    past: (after, limit) => past.all(after, limit).map(toRun),
    forget(ids) {
      transaction(connection, () => {
        for (const id of ids) {
          if (!isOver.get(id)) continue
          overwrite.run(id)
          disown.run(id)
        }
      })
      emptyWriteAhead(connection)
    },
  }
}

/** Rows that told whose runs were had been moved from page to page before they stood in a table of their own: only a new file has no copies of them. */
function vacuumOnce(database: EmbeddedDatabase): void {
  const { connection } = database
  if (connection.prepare("SELECT 1 FROM migration WHERE name = 'run-4 vacuum'").get()) return
  connection.exec('VACUUM')
  emptyWriteAhead(connection)
  database.migrate('run-4 vacuum', '')
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
  const { subject, groups, facts, accounts } =
    row.content === null ? NOBODY : (JSON.parse(Buffer.from(row.content as Uint8Array).toString()) as Owner)
  return {
    run: {
      id: row.id as RunId,
      principal: { ...(JSON.parse(row.principal as string) as Omit<Run['principal'], 'subject' | 'groups'>), subject, groups },
      facts,
      ...(accounts && { accounts }),
      ...(row.sign_in !== null && { signIn: JSON.parse(row.sign_in as string) as NonNullable<Run['signIn']> }),
      startedAt: row.started_at as number,
    },
    state: row.state as StoredRun['state'],
    expiresAt: row.expires_at as number,
    began: place(row.began_log, row.began_index),
    ended: place(row.ended_log, row.ended_index),
    ...(row.suspended !== null && { suspended: JSON.parse(row.suspended as string) as Suspension }),
  }
}
