import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { FORM } from '../../search/index.ts'
import { privateFile } from './private-files.ts'

/** Rows of one segment stand together, so that what is added goes to the end of each table and what is pruned leaves its beginning. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS state (
  one INTEGER PRIMARY KEY CHECK (one = 1), form INTEGER NOT NULL, log TEXT NOT NULL, first INTEGER NOT NULL, indexed INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS segment (segment INTEGER PRIMARY KEY, earliest REAL NOT NULL, latest REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stamps (chunk INTEGER PRIMARY KEY, stamps BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS posting (
  segment INTEGER NOT NULL, term BLOB NOT NULL, positions BLOB NOT NULL, PRIMARY KEY (segment, term)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
  id INTEGER PRIMARY KEY, segment INTEGER NOT NULL, "key" TEXT NOT NULL, part INTEGER NOT NULL, terms BLOB NOT NULL, UNIQUE (segment, "key", part)
) STRICT;
CREATE INDEX IF NOT EXISTS document_by_key ON document ("key");
CREATE TABLE IF NOT EXISTS fact (subject TEXT PRIMARY KEY, opened INTEGER NOT NULL, closed INTEGER, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS statement (
  session TEXT NOT NULL, number INTEGER NOT NULL, "key" TEXT NOT NULL, terms BLOB NOT NULL, PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS statement_by_key ON statement ("key");
`

/** The file of the index, open. */
export class SearchIndexFile {
  readonly connection: DatabaseSync
  readonly findPosting
  readonly putPosting
  readonly removePosting
  readonly findStamps
  readonly putStamps
  readonly putDocument
  readonly findFact
  readonly findStatement

  private constructor(connection: DatabaseSync) {
    this.connection = connection
    // Pages of this size hold most sets of positions without an overflow; both must be said before anything is written.
    connection.exec('PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL')
    // What is lost with power is derived again; what is removed is made durable by `sweep`.
    connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON')
    connection.exec(SCHEMA)
    this.findPosting = connection.prepare('SELECT positions FROM posting WHERE segment = ? AND term = ?')
    this.findPosting.setReturnArrays(true)
    this.putPosting = connection.prepare('INSERT OR REPLACE INTO posting VALUES (?, ?, ?)')
    this.removePosting = connection.prepare('DELETE FROM posting WHERE segment = ? AND term = ?')
    this.findStamps = connection.prepare('SELECT stamps FROM stamps WHERE chunk = ?')
    this.putStamps = connection.prepare('INSERT OR REPLACE INTO stamps VALUES (?, ?)')
    this.putDocument = connection.prepare('INSERT OR REPLACE INTO document (segment, "key", part, terms) VALUES (?, ?, ?, ?)')
    this.findFact = connection.prepare('SELECT opened, closed, facts FROM fact WHERE subject = ?')
    this.findStatement = connection.prepare('SELECT "key", terms FROM statement WHERE session = ? AND number = ?')
  }

  /** Opens the file, or makes it anew where it is not there, or is no database any more. */
  static open(path: string): SearchIndexFile {
    try {
      return SearchIndexFile.#connect(path)
    } catch (error) {
      if (!isDamage(error)) throw error
      return SearchIndexFile.anew(path)
    }
  }

  static anew(path: string): SearchIndexFile {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    return SearchIndexFile.#connect(path)
  }

  static #connect(path: string): SearchIndexFile {
    privateFile(path)
    const connection = new DatabaseSync(path)
    try {
      return new SearchIndexFile(connection)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  state(): { log: string; first: number; indexed: number } | undefined {
    const row = this.connection.prepare('SELECT log, first, indexed FROM state WHERE form = ?').get(FORM)
    return row && { log: row.log as string, first: row.first as number, indexed: row.indexed as number }
  }

  putState(log: string, first: number, indexed: number): void {
    this.connection.prepare('INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)').run(FORM, log, first, indexed)
  }

  /** All of it or nothing; others may use the connection while it waits. */
  async transaction(change: () => Promise<void>): Promise<void> {
    this.connection.exec('BEGIN IMMEDIATE')
    try {
      await change()
      this.connection.exec('COMMIT')
    } catch (error) {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Gives freed pages back and empties the write-ahead file, which still holds what was removed. Durable when it returns. */
  async sweep(rest: () => Promise<void> | undefined): Promise<void> {
    const free = this.connection.prepare('PRAGMA freelist_count')
    for (let left = -1; ; ) {
      const now = free.get()?.freelist_count as number
      if (now === 0 || now === left) break
      left = now
      this.connection.exec('PRAGMA incremental_vacuum(256)')
      await rest()
    }
    this.connection.exec('PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous=NORMAL')
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 11 || code === 26
}
