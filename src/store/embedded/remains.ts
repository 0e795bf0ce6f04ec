import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../errors.ts'

/** How long one connection waits for another that reads or writes, ms. */
export const PATIENCE_MS = 10_000

/**
 * SQLite's own write-ahead file still holds pages as they were before something was removed, and so does the file until it is folded in: both are
 * brought up to now, and the write-ahead file is emptied. Another connection that reads is waited for.
 *
 * @throws StoreError GS_STORE_BUSY where one goes on reading: then what was removed may still stand there
 */
export function emptyWriteAhead(connection: DatabaseSync): void {
  const { busy } = connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
  if (busy !== 0) throw new StoreError('GS_STORE_BUSY')
}
