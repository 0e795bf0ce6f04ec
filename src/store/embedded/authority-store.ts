import type { AuthorityStore, KeyedCertificate } from '../../certificates/index.ts'
import type { Sealer } from '../../operations/index.ts'
import type { EmbeddedDatabase } from './database.ts'

/** What the sealed key of the names CA is for. */
const AAD = 'gatescribe names authority key'

/** The names CA in the embedded database, one row; its key is sealed. */
export function embeddedAuthorityStore(database: EmbeddedDatabase, sealer: Sealer): AuthorityStore & SealedAuthority {
  database.migrate(
    'names-authority-1',
    'CREATE TABLE names_authority (id INTEGER PRIMARY KEY CHECK (id = 1), certificate TEXT NOT NULL, sealed BLOB NOT NULL) STRICT',
  )
  const { connection } = database
  const row = () => connection.prepare('SELECT certificate, sealed FROM names_authority').get() as Row | undefined
  const write = (certificate: string, sealed: Uint8Array) =>
    connection
      .prepare(
        'INSERT INTO names_authority VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET certificate = excluded.certificate, sealed = excluded.sealed',
      )
      .run(certificate, sealed)
  return {
    async load(): Promise<KeyedCertificate | undefined> {
      const found = row()
      return found && { certificate: found.certificate, key: Buffer.from(sealer.open(found.sealed, AAD)).toString() }
    },
    async save({ certificate, key }) {
      write(certificate, sealer.seal(Buffer.from(key), AAD))
    },
    reseal(change) {
      const found = row()
      if (found) write(found.certificate, change(found.sealed, AAD))
    },
  }
}

export interface SealedAuthority {
  /** Gives the sealed key to `change` and keeps what it returns; where it throws, nothing changes. */
  reseal(change: (sealed: Uint8Array, aad: string) => Uint8Array): void
}

interface Row {
  readonly certificate: string
  readonly sealed: Uint8Array
}
