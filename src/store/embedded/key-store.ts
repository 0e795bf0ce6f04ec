import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { KeyStore, SealedKey, TrailState } from '../../trail/index.ts'
import { privateFile } from './private-files.ts'
import { transaction } from './transaction.ts'

/** The embedded key store, which is closed with the gateway. */
export interface EmbeddedKeyStore extends KeyStore {
  /** Gives each key to `change` and keeps the sealed bytes that it returns: all of them or, where it throws, none. */
  reseal(change: (key: SealedKey) => Uint8Array): void
  close(): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY, purpose TEXT NOT NULL, label TEXT NOT NULL, sealed BLOB NOT NULL, UNIQUE (purpose, label)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, "offset" INTEGER NOT NULL, batches INTEGER NOT NULL,
    entries INTEGER NOT NULL, mac BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, clean INTEGER NOT NULL
  ) STRICT`

/**
 * Opens, or makes, `keys.sqlite`: a file of its own, so that it can be left out of backups of the log and the payloads.
 *
 * @param folder `gateway.data`, already held by `openDatabase`
 */
export function openKeyStore(folder: string): EmbeddedKeyStore {
  const path = join(folder, 'keys.sqlite')
  privateFile(path)
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON')
  connection.exec(SCHEMA)
  const insert = connection.prepare('INSERT INTO key (id, purpose, label, sealed) VALUES (?, ?, ?, ?)')
  const byId = connection.prepare('SELECT id, purpose, label, sealed FROM key WHERE id = ?')
  const byLabel = connection.prepare('SELECT id, purpose, label, sealed FROM key WHERE purpose = ? AND label = ?')
  const ofPurpose = connection.prepare('SELECT id, purpose, label, sealed FROM key WHERE purpose = ? ORDER BY label')
  const readSetting = connection.prepare('SELECT value FROM setting WHERE name = ?')
  const writeSetting = connection.prepare('INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
  const removeSetting = connection.prepare('DELETE FROM setting WHERE name = ?')
  const every = connection.prepare('SELECT id, purpose, label, sealed FROM key')
  const replace = connection.prepare('UPDATE key SET sealed = ? WHERE id = ?')
  const remove = connection.prepare('DELETE FROM key WHERE id = ?')
  const readState = connection.prepare('SELECT segment, "offset", batches, entries, mac, size, root, clean FROM progress')
  const writeState = connection.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)')

  return {
    insert(keys) {
      transaction(connection, () => {
        for (const key of keys) insert.run(key.id, key.purpose, key.label, key.sealed)
      })
    },
    find: (id) => byId.get(id) as SealedKey | undefined,
    findByLabel: (purpose, label) => byLabel.get(purpose, label) as SealedKey | undefined,
    destroy(ids) {
      transaction(connection, () => {
        for (const id of ids) remove.run(id)
      })
      // The write-ahead file of SQLite still holds the page with the key: fold it in and empty it.
      connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    all: (purpose) => ofPurpose.all(purpose) as unknown as SealedKey[],
    setting: (name) => (readSetting.get(name) as { value: string } | undefined)?.value,
    set(name, value) {
      if (value === undefined) removeSetting.run(name)
      else writeSetting.run(name, value)
    },
    forgetState: () => void connection.exec('DELETE FROM progress'),
    state() {
      const row = readState.get() as (Omit<TrailState, 'clean'> & { clean: number }) | undefined
      return row && { ...row, clean: row.clean === 1 }
    },
    saveState(state) {
      // No fsync for this one: an older state is weaker, never wrong, and the log's own writes do not wait behind it.
      connection.exec('PRAGMA synchronous=NORMAL')
      try {
        const { segment, offset, batches, entries, mac, size, root, clean } = state
        writeState.run(segment, offset, batches, entries, mac, size, root, clean ? 1 : 0)
      } finally {
        connection.exec('PRAGMA synchronous=FULL')
      }
    },
    reseal(change) {
      transaction(connection, () => {
        // Read whole before the first write: a statement must not step through rows that change under it.
        for (const key of every.all() as unknown as SealedKey[]) replace.run(change(key), key.id)
      })
      connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    close: () => connection.close(),
  }
}
