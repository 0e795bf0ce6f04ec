import type { ConnectorStore, EnrolledBy, StoredConnector, StoredOffer } from '../../connector/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { transaction } from './transaction.ts'

const SCHEMA = `
CREATE TABLE connector (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  how TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  seen_at INTEGER,
  revoked_at INTEGER
) STRICT;
CREATE TABLE connector_offer (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  name TEXT NOT NULL,
  offered_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  spent_by TEXT
) STRICT;
`

/** Connectors, and tokens that enrol one, in the embedded database. */
export function embeddedConnectorStore(database: EmbeddedDatabase): ConnectorStore {
  database.migrate('connector-1', SCHEMA)
  const { connection } = database
  const byId = connection.prepare('SELECT * FROM connector WHERE id = ?')
  const all = connection.prepare('SELECT * FROM connector ORDER BY n')
  const insert = connection.prepare(
    'INSERT INTO connector (id, name, public_key, how, enrolled_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET how = excluded.how, enrolled_at = excluded.enrolled_at',
  )
  const seen = connection.prepare('UPDATE connector SET seen_at = ? WHERE id = ?')
  const forgetOne = connection.prepare('DELETE FROM connector WHERE id = ?')
  const revoke = connection.prepare('UPDATE connector SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL')
  const offerByHash = connection.prepare('SELECT * FROM connector_offer WHERE hash = ?')
  const insertOffer = connection.prepare('INSERT INTO connector_offer (id, hash, name, offered_by, expires_at) VALUES (?, ?, ?, ?, ?)')
  const spend = connection.prepare('UPDATE connector_offer SET spent_by = ? WHERE id = ? AND spent_by IS NULL')
  const withdraw = connection.prepare('DELETE FROM connector_offer WHERE id = ? AND spent_by IS NULL RETURNING *')
  const forget = connection.prepare('DELETE FROM connector_offer WHERE expires_at < ?')
  const isNamedOtherwise = ({ id, name }: StoredConnector) => (byId.get(id)?.name ?? name) !== name
  const keep = ({ id, name, publicKey, how, enrolledAt }: StoredConnector) => {
    insert.run(id, name, publicKey, JSON.stringify(how), enrolledAt)
  }
  return {
    find(id) {
      const row = byId.get(id)
      return row && toConnector(row)
    },
    all: () => all.all().map(toConnector),
    insert(connector) {
      if (isNamedOtherwise(connector)) return false
      keep(connector)
      return true
    },
    insertOffer: ({ id, hash, name, offeredBy, expiresAt }) => void insertOffer.run(id, hash, name, offeredBy, expiresAt),
    offerByHash(hash) {
      const row = offerByHash.get(hash)
      return row && toOffer(row)
    },
    withdrawOffer(id) {
      const row = withdraw.get(id)
      return row && toOffer(row)
    },
    enrol: (offer, connector) =>
      transaction(connection, () => {
        if (isNamedOtherwise(connector) || spend.run(connector.id, offer).changes !== 1) return false
        keep(connector)
        return true
      }),
    forgetOffers: (before) => void forget.run(before),
    seen: (id, at) => void seen.run(at, id),
    forget: (id) => void forgetOne.run(id),
    revoke: (id, at) => revoke.run(at, id).changes === 1,
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toConnector(row: Record<string, unknown>): StoredConnector {
  return {
    id: row.id as string,
    name: row.name as string,
    publicKey: row.public_key as Uint8Array,
    how: JSON.parse(row.how as string) as EnrolledBy,
    enrolledAt: row.enrolled_at as number,
    ...(row.seen_at !== null && { lastSeenAt: row.seen_at as number }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at as number }),
  }
}

function toOffer(row: Record<string, unknown>): StoredOffer {
  return {
    id: row.id as string,
    hash: row.hash as Uint8Array,
    name: row.name as string,
    offeredBy: row.offered_by as string,
    expiresAt: row.expires_at as number,
    ...(row.spent_by !== null && { spentBy: row.spent_by as string }),
  }
}
