import type { DatabaseSync } from 'node:sqlite'

/** All of a change or, where it throws, none of it. SQLite has ended the transaction by itself where the disk is full. */
export function transaction<T>(connection: DatabaseSync, change: () => T): T {
  connection.exec('BEGIN IMMEDIATE')
  try {
    const result = change()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}
