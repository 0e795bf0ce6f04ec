import type { AuthorityPurpose, AuthorityStore, KeyedCertificate } from '../../certificates/index.ts'
import type { Sealer } from '../../operations/index.ts'
import type { EmbeddedDatabase } from './database.ts'

/** An authority in the embedded database, one row of a table of its own; its key is sealed for what it is. */
export function embeddedAuthorityStore(
  database: EmbeddedDatabase,
  sealer: Sealer,
  purpose: AuthorityPurpose = 'names',
): AuthorityStore & SealedAuthority {
  const aad = `gatescribe ${purpose} authority key`
  database.migrate(
    `${purpose}-authority-1`,
    `CREATE TABLE ${purpose}_authority (id INTEGER PRIMARY KEY CHECK (id = 1), certificate TEXT NOT NULL, sealed BLOB NOT NULL) STRICT`,
  )
  const { connection } = database
  const row = () => connection.prepare(`SELECT certificate, sealed FROM ${purpose}_authority`).get() as Row | undefined
  const write = (certificate: string, sealed: Uint8Array) =>
    connection
      .prepare(
        `INSERT INTO ${purpose}_authority VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET certificate = excluded.certificate, sealed = excluded.sealed`,
      )
      .run(certificate, sealed)
  return {
    async load(): Promise<KeyedCertificate | undefined> {
      const found = row()
      return found && { certificate: found.certificate, key: Buffer.from(sealer.open(found.sealed, aad)).toString() }
    },
    async save({ certificate, key }) {
      write(certificate, sealer.seal(Buffer.from(key), aad))
    },
    get kept() {
      return row() !== undefined
    },
    reseal(change) {
      const found = row()
      if (found) write(found.certificate, change(found.sealed, aad))
    },
  }
}

export interface SealedAuthority {
  /** Whether there is one. */
  readonly kept: boolean
  /** Gives the sealed key to `change` and keeps what it returns; where it throws, nothing changes. */
  reseal(change: (sealed: Uint8Array, aad: string) => Uint8Array): void
}

interface Row {
  readonly certificate: string
  readonly sealed: Uint8Array
}
