import type { RootKeyStore } from '../../identity/index.ts'
import type { EmbeddedDatabase } from './database.ts'

/** The sealed root key of identity/, one row. */
export function embeddedRootKeyStore(database: EmbeddedDatabase): RootKeyStore {
  database.migrate('identity-key-1', 'CREATE TABLE identity_key (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT')
  const { connection } = database
  return {
    read: () => connection.prepare('SELECT sealed FROM identity_key').get()?.sealed as Uint8Array | undefined,
    write(sealed) {
      connection
        .prepare('INSERT INTO identity_key (id, sealed) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed')
        .run(sealed)
    },
  }
}
