import type { SQLInputValue } from 'node:sqlite'
import {
  type ApprovalStore,
  cardSealedFor,
  type Decision,
  namesSealedFor,
  type RequestFilter,
  type StoreChange,
  type StoredPolicy,
  type StoredRequest,
} from '../../approvals/index.ts'
import type { ApprovalId } from '../../operations/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { transaction } from './transaction.ts'

/*
 * What is sealed stands in a table that only grows at its end, and is overwritten where it stands: there SQLite never moves a row to
 * another page, which would leave a copy behind.
 */
const SCHEMA = `
CREATE TABLE approval (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  run TEXT NOT NULL,
  session TEXT NOT NULL,
  payload_key TEXT NOT NULL,
  operation TEXT NOT NULL,
  resource TEXT NOT NULL,
  protocol TEXT NOT NULL,
  policy TEXT NOT NULL,
  terms TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'used', 'denied', 'withdrawn', 'expired', 'revoked', 'void')),
  mode TEXT NOT NULL CHECK (mode IN ('hold', 'ticket')),
  why TEXT,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  usable_until INTEGER,
  ended_at INTEGER,
  log TEXT,
  entry INTEGER,
  decisions TEXT NOT NULL DEFAULT '[]',
  content INTEGER,
  names INTEGER,
  told INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX approval_open ON approval (n) WHERE state IN ('pending', 'approved');
CREATE INDEX approval_refused ON approval (run, operation) WHERE state IN ('denied', 'revoked');
CREATE INDEX approval_untold ON approval (n) WHERE told = 0;
CREATE INDEX approval_by_run ON approval (run, n);
CREATE INDEX approval_by_state ON approval (state, n);
CREATE TABLE approval_sealed (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE approval_policy (one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
`

const LISTED = 100

/** Requests for approval in the embedded database. */
export function embeddedApprovalStore(database: EmbeddedDatabase): ApprovalStore & SealedApprovals {
  database.migrate('approval-1', SCHEMA)
  const { connection } = database
  const insert = connection.prepare(
    `INSERT INTO approval (id, run, session, payload_key, operation, resource, protocol, policy, terms, state, mode, asked_at, expires_at, content)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const seal = connection.prepare('INSERT INTO approval_sealed (bytes) VALUES (?)')
  const overwrite = connection.prepare('UPDATE approval_sealed SET bytes = zeroblob(length(bytes)) WHERE n = ?')
  const rewrite = connection.prepare('UPDATE approval_sealed SET bytes = ? WHERE n = ?')
  const row = connection.prepare('SELECT * FROM approval WHERE id = ?')
  const update = connection.prepare(`UPDATE approval SET state = coalesce(?, state), mode = coalesce(?, mode),
    usable_until = coalesce(?, usable_until), log = coalesce(?, log), entry = coalesce(?, entry), decisions = ?, names = ? WHERE id = ?`)
  const end = connection.prepare(
    'UPDATE approval SET state = ?, why = ?, ended_at = ?, decisions = ?, told = ?, content = NULL, names = NULL WHERE id = ?',
  )
  const tell = connection.prepare('UPDATE approval SET told = 1 WHERE id = ?')
  const remove = connection.prepare('DELETE FROM approval WHERE id = ?')
  const open = connection.prepare(`SELECT * FROM approval WHERE state IN ('pending', 'approved') ORDER BY n`)
  const isAnyOpen = connection.prepare(`SELECT 1 FROM approval WHERE state IN ('pending', 'approved') LIMIT 1`)
  const untold = connection.prepare('SELECT * FROM approval WHERE told = 0 ORDER BY n')
  const refused = connection.prepare(
    `SELECT * FROM approval WHERE run = ? AND operation = ? AND state IN ('denied', 'revoked') ORDER BY n DESC LIMIT 1`,
  )
  const sealed = connection.prepare('SELECT bytes FROM approval_sealed WHERE n = ?')
  const readPolicy = connection.prepare('SELECT digest, since FROM approval_policy')
  const writePolicy = connection.prepare('INSERT OR REPLACE INTO approval_policy (one, digest, since) VALUES (1, ?, ?)')

  /** Where nothing is open, every sealed row is zeros: no neighbour is left that SQLite could move. */
  if (!isAnyOpen.get()) connection.exec('DELETE FROM approval_sealed')

  function write(change: StoreChange): void {
    switch (change.what) {
      case 'insert': {
        const { request, content } = change
        const { lastInsertRowid } = seal.run(content)
        const { id, run, session, key, operation, resource, protocol, policy, terms, state, mode, askedAt, expiresAt } = request
        const at = [askedAt, expiresAt, lastInsertRowid]
        insert.run(id, run, session, key, operation, resource, protocol, policy, JSON.stringify(terms), state, mode, ...at)
        return
      }
      case 'update': {
        const before = known(change.id)
        const { state, mode, usableUntil, place, decided } = change.to
        const names = decided ? seal.run(decided.names).lastInsertRowid : (before.names as SQLInputValue)
        if (decided) overwrite.run(before.names as SQLInputValue)
        const decisions = decided ? withOneMore(before, decided.decision) : (before.decisions as string)
        const stands = [place?.log ?? null, place?.index ?? null]
        update.run(state ?? null, mode ?? null, usableUntil ?? null, ...stands, decisions, names, change.id)
        return
      }
      case 'end': {
        const before = known(change.id)
        const { state, why, endedAt, decision, told } = change.to
        overwrite.run(before.content as SQLInputValue)
        overwrite.run(before.names as SQLInputValue)
        const decisions = decision ? withOneMore(before, decision) : (before.decisions as string)
        end.run(state, why ?? null, endedAt, decisions, told ? 1 : 0, change.id)
        return
      }
      case 'told':
        tell.run(change.id)
        return
      case 'remove':
        overwrite.run(known(change.id).content as SQLInputValue)
        remove.run(change.id)
    }
  }

  function known(id: ApprovalId): Record<string, unknown> {
    const found = row.get(id)
    if (!found) throw new TypeError(`${id} is not there`)
    return found
  }

  const bytesAt = (n: unknown) => (n === null ? undefined : (sealed.get(n as SQLInputValue)?.bytes as Uint8Array | undefined))

  return {
    write(changes) {
      transaction(connection, () => {
        for (const change of changes) write(change)
      })
    },
    open: () => open.all().map(toRequest),
    untold: () => untold.all().map(toRequest),
    find: (id) => optional(row.get(id)),
    list(filter) {
      const { where, values } = conditions(filter)
      const limit = Math.min(filter.limit ?? LISTED, LISTED)
      return connection
        .prepare(`SELECT * FROM approval ${where} ORDER BY n DESC LIMIT ?`)
        .all(...values, limit)
        .map(toRequest)
    },
    refused: (run, operation) => optional(refused.get(run, operation)),
    content(id) {
      const found = row.get(id)
      const content = found && bytesAt(found.content)
      return content && { content, names: bytesAt(found.names) }
    },
    policy: () => readPolicy.get() as StoredPolicy | undefined,
    usePolicy: ({ digest, since }) => void writePolicy.run(digest, since),
    reseal(change) {
      const again = (n: unknown, aad: string) => {
        const bytes = bytesAt(n)
        if (bytes) rewrite.run(change(bytes, aad), n as SQLInputValue)
      }
      transaction(connection, () => {
        for (const found of open.all()) {
          const { id } = toRequest(found)
          again(found.content, cardSealedFor(id))
          again(found.names, namesSealedFor(id))
        }
      })
      // The write-ahead file still holds what was there before.
      connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
  }
}

export interface SealedApprovals {
  /** Gives what is sealed of each open request to `change`, and keeps what it returns, which is as long; where it throws, nothing changes. */
  reseal(change: (sealed: Uint8Array, aad: string) => Uint8Array): void
}

function conditions({ states, run, before }: RequestFilter): { where: string; values: SQLInputValue[] } {
  const parts: string[] = []
  const values: SQLInputValue[] = []
  if (states !== undefined) {
    parts.push(`state IN (${states.map(() => '?').join(', ')})`)
    values.push(...states)
  }
  if (run !== undefined) {
    parts.push('run = ?')
    values.push(run)
  }
  if (before !== undefined) {
    parts.push('n < (SELECT n FROM approval WHERE id = ?)')
    values.push(before)
  }
  return { where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', values }
}

function withOneMore({ decisions }: Record<string, unknown>, decision: Decision): string {
  return JSON.stringify([...(JSON.parse(decisions as string) as Decision[]), decision])
}

function optional(row: Record<string, unknown> | undefined): StoredRequest | undefined {
  return row && toRequest(row)
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toRequest(row: Record<string, unknown>): StoredRequest {
  return {
    id: row.id as StoredRequest['id'],
    run: row.run as StoredRequest['run'],
    session: row.session as string,
    key: row.payload_key as string,
    operation: row.operation as string,
    resource: row.resource as string,
    protocol: row.protocol as StoredRequest['protocol'],
    policy: row.policy as string,
    terms: JSON.parse(row.terms as string) as StoredRequest['terms'],
    state: row.state as StoredRequest['state'],
    mode: row.mode as StoredRequest['mode'],
    askedAt: row.asked_at as number,
    expiresAt: row.expires_at as number,
    decisions: JSON.parse(row.decisions as string) as Decision[],
    ...(row.why !== null && { why: row.why as NonNullable<StoredRequest['why']> }),
    ...(row.usable_until !== null && { usableUntil: row.usable_until as number }),
    ...(row.ended_at !== null && { endedAt: row.ended_at as number }),
    ...(row.log !== null && { place: { log: row.log as string, index: row.entry as number } }),
  }
}
