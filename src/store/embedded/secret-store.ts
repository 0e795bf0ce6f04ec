import type { SealedSecret, SealedSecrets } from '../../credentials/index.ts'
import type { EmbeddedDatabase } from './database.ts'

const SCHEMA = `
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  sealed BLOB,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

/** Sealed target credentials in the embedded database. */
export function embeddedSecretStore(database: EmbeddedDatabase): SealedSecrets {
  database.migrate('secret-1', SCHEMA)
  const { connection } = database
  const find = connection.prepare('SELECT * FROM secret WHERE name = ?')
  const all = connection.prepare('SELECT * FROM secret WHERE sealed IS NOT NULL ORDER BY name')
  const put = connection.prepare(
    `INSERT INTO secret (name, version, sealed, changed_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version, sealed = excluded.sealed, changed_at = excluded.changed_at`,
  )
  const write = ({ name, version, sealed, changedAt }: SealedSecret) => put.run(name, version, sealed ?? null, changedAt)
  // SQLite's write-ahead file still holds the page with the old value: fold it in and empty it.
  const forgetOld = () => connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return {
    find(name) {
      const row = find.get(name)
      return row && toSecret(row)
    },
    all: () => all.all().map(toSecret),
    put(secret) {
      write(secret)
      forgetOld()
    },
    reseal(change, aadOf) {
      connection.exec('BEGIN IMMEDIATE')
      try {
        for (const secret of all.all().map(toSecret)) {
          if (secret.sealed) write({ ...secret, sealed: change(secret.sealed, aadOf(secret)) })
        }
        connection.exec('COMMIT')
      } catch (error) {
        connection.exec('ROLLBACK')
        throw error
      }
      forgetOld()
    },
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toSecret(row: Record<string, unknown>): SealedSecret {
  return {
    name: row.name as string,
    version: row.version as number,
    sealed: (row.sealed as Uint8Array | null) ?? undefined,
    changedAt: row.changed_at as number,
  }
}
