import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../errors.ts'
import { privateFile, privateFolder } from './private-files.ts'
import { transaction } from './transaction.ts'

/** The embedded home of everything that is not the log itself: runs, credentials' hashes, sealed secrets, keys. */
export interface EmbeddedDatabase {
  readonly connection: DatabaseSync
  /** Creates what a room needs, once per name; `sql` may hold several statements. A later change is a new name. */
  migrate(name: string, sql: string): void
  /** Closes the database and gives up the folder. */
  close(): void
}

/**
 * Opens, or makes, the database in the gateway's data folder, and holds the folder for this process alone.
 * Node has no flock; SQLite's own EXCLUSIVE lock on a file of its own is released by the kernel however the process ends.
 *
 * @param folder `gateway.data`; made with mode 0700 where absent
 * @throws StoreError GS_STORE_LOCKED where another process holds the folder, GS_STORE_FOLDER_EXPOSED where others can change what is in it
 */
export function openDatabase(folder: string): EmbeddedDatabase {
  privateFolder(folder)
  const lock = takeLock(folder)
  const path = join(folder, 'gateway.sqlite')
  privateFile(path)
  const connection = new DatabaseSync(path)
  connection.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON',
  )
  connection.exec('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT')
  return {
    connection,
    migrate(name, sql) {
      if (connection.prepare('SELECT 1 FROM migration WHERE name = ?').get(name)) return
      transaction(connection, () => {
        connection.exec(sql)
        connection.prepare('INSERT INTO migration (name) VALUES (?)').run(name)
      })
    },
    close() {
      connection.close()
      lock.close()
    },
  }
}

function takeLock(folder: string): DatabaseSync {
  const path = join(folder, 'lock.sqlite')
  privateFile(path)
  const lock = new DatabaseSync(path)
  try {
    lock.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw new StoreError('GS_STORE_LOCKED', undefined, { cause: error })
  }
  return lock
}
