import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { KeyStore, SealedKey, TrailState } from '../../trail/index.ts'
import { privateFile } from './private-files.ts'
import { emptyWriteAhead, PATIENCE_MS } from './remains.ts'
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

/*
 * A key that is destroyed is overwritten where it stands, and its row stays behind under its purpose in capitals. Were the row deleted, SQLite
 * would now and then move rows beside it to another page, and copies of those keys could stay in the unused part of the page that they came
 * from, where `secure_delete` does not look.
 */
const IS_LIVE = 'purpose <> upper(purpose)'

const SQLITE_FULL = 13

/** Rows that are left behind go at an opening, once there are more of them than keys, and more than these. */
const LEFT_BEHIND = 10_000

/**
 * Opens, or makes, `keys.sqlite`: a file of its own, so that it can be left out of backups of the log and the payloads. Several threads of the
 * process that holds the data folder may each have it open.
 *
 * @param folder `gateway.data`, already held by `openDatabase`
 * @param patience how long it waits for another thread that reads or writes, ms
 */
export function openKeyStore(folder: string, patience = PATIENCE_MS): EmbeddedKeyStore {
  const path = join(folder, 'keys.sqlite')
  privateFile(path)
  const connection = new DatabaseSync(path, { timeout: patience })
  connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY')
  connection.exec(SCHEMA)
  tidy(connection)
  const insert = connection.prepare('INSERT INTO key (id, purpose, label, sealed) VALUES (?, ?, ?, ?)')
  const byId = connection.prepare(`SELECT id, purpose, label, sealed FROM key WHERE id = ? AND ${IS_LIVE}`)
  const anyById = connection.prepare('SELECT 1 FROM key WHERE id = ?')
  const byLabel = connection.prepare('SELECT id, purpose, label, sealed FROM key WHERE purpose = ? AND label = ?')
  const ofPurpose = connection.prepare('SELECT id, purpose, label, sealed FROM key WHERE purpose = ? ORDER BY label')
  const readSetting = connection.prepare('SELECT value FROM setting WHERE name = ?')
  const writeSetting = connection.prepare('INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
  const removeSetting = connection.prepare('DELETE FROM setting WHERE name = ?')
  const every = connection.prepare(`SELECT id, purpose, label, sealed FROM key WHERE ${IS_LIVE}`)
  const replace = connection.prepare('UPDATE key SET sealed = ? WHERE id = ?')
  // What another key of this purpose and label left behind when it was destroyed.
  const makeWay = connection.prepare(
    `DELETE FROM key WHERE (purpose, label) = (SELECT upper(purpose), label FROM key WHERE id = ? AND ${IS_LIVE})`,
  )
  // Of the same length in every column, so that SQLite writes it over the old one.
  const overwrite = connection.prepare(
    `UPDATE key SET purpose = upper(purpose), sealed = zeroblob(length(sealed)) WHERE id = ? AND ${IS_LIVE}`,
  )
  const readState = connection.prepare('SELECT segment, "offset", batches, entries, mac, size, root, clean FROM progress')
  const writeState = connection.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)')

  return {
    insert(keys) {
      transaction(connection, () => {
        for (const key of keys) insert.run(key.id, key.purpose, key.label, key.sealed)
      })
    },
    find: (id) => byId.get(id) as SealedKey | undefined,
    knows: (id) => anyById.get(id) !== undefined,
    findByLabel: (purpose, label) => byLabel.get(purpose, label) as SealedKey | undefined,
    destroy(ids) {
      transaction(connection, () => {
        for (const id of ids) {
          makeWay.run(id)
          overwrite.run(id)
        }
      })
      emptyWriteAhead(connection)
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
      emptyWriteAhead(connection)
    },
    close: () => connection.close(),
  }
}

/** Where the file is written anew it has no unused parts. That it must be is remembered in it meanwhile; without room it stays as it is. */
function tidy(connection: DatabaseSync): void {
  const { left, live } = connection
    .prepare(`SELECT count(*) FILTER (WHERE NOT ${IS_LIVE}) AS left, count(*) FILTER (WHERE ${IS_LIVE}) AS live FROM key`)
    .get() as { left: number; live: number }
  const { user_version: interrupted } = connection.prepare('PRAGMA user_version').get() as { user_version: number }
  if (interrupted === 0 && left <= Math.max(live, LEFT_BEHIND)) return
  try {
    connection.exec(`PRAGMA user_version=1; DELETE FROM key WHERE NOT (${IS_LIVE}); VACUUM; PRAGMA user_version=0`)
    emptyWriteAhead(connection)
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode !== SQLITE_FULL) throw error
  }
}
