import type { CredentialDoor, CredentialStore, ScramVerifier, StoredCredential } from '../../identity/index.ts'
import type { RunId } from '../../operations/index.ts'
import type { EmbeddedDatabase } from './database.ts'

const SCHEMA = `
CREATE TABLE run_credential (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  run TEXT NOT NULL,
  door TEXT NOT NULL,
  iterations INTEGER,
  salt BLOB,
  stored_key BLOB,
  server_key BLOB,
  UNIQUE (run, door)
) STRICT, WITHOUT ROWID;
`

/** Hashes and SCRAM verifiers of run credentials in the embedded database. */
export function embeddedCredentialStore(database: EmbeddedDatabase): CredentialStore {
  database.migrate('run-credential-1', SCHEMA)
  const { connection } = database
  const byHash = connection.prepare('SELECT * FROM run_credential WHERE hash = ?')
  const byRun = connection.prepare('SELECT * FROM run_credential WHERE run = ? AND door = ?')
  const insert = connection.prepare(
    'INSERT INTO run_credential (hash, run, door, iterations, salt, stored_key, server_key) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  return {
    byHash: (hash) => toCredential(byHash.get(hash)),
    byRun: (run, door) => toCredential(byRun.get(run, door)),
    insert({ hash, run, door, verifier }) {
      insert.run(
        hash,
        run,
        door,
        verifier?.iterations ?? null,
        verifier?.salt ?? null,
        verifier?.storedKey ?? null,
        verifier?.serverKey ?? null,
      )
    },
  }
}

function toCredential(row: Record<string, unknown> | undefined): StoredCredential | undefined {
  if (!row) return undefined
  const credential = { run: row.run as RunId, door: row.door as CredentialDoor, hash: row.hash as Uint8Array }
  if (row.iterations === null) return credential
  const verifier: ScramVerifier = {
    iterations: row.iterations as number,
    salt: row.salt as Uint8Array,
    storedKey: row.stored_key as Uint8Array,
    serverKey: row.server_key as Uint8Array,
  }
  return { ...credential, verifier }
}
