import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { CursorStore, ExportCursor, Gap } from '../../exports/index.ts'
import { privateFile } from './private-files.ts'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS cursor (
  n INTEGER PRIMARY KEY,
  export TEXT NOT NULL, log TEXT NOT NULL,
  "from" INTEGER NOT NULL, at INTEGER NOT NULL, context INTEGER NOT NULL, leaf TEXT, gaps TEXT NOT NULL, failing_since INTEGER,
  UNIQUE (export, log)
) STRICT;
`

/**
 * How far exports have come, in `exports.sqlite`: a file of its own, so that another thread can write it and nobody waits for its disk but
 * the export.
 * @param folder `gateway.data`, held by this process
 */
export function openExportCursors(folder: string): CursorStore {
  const path = join(folder, 'exports.sqlite')
  privateFile(path)
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
  connection.exec(SCHEMA)
  const { n } = connection.prepare(`SELECT count(*) AS n FROM pragma_table_info('cursor') WHERE name = 'failing_since'`).get()!
  // A file of an earlier version.
  if (n === 0) connection.exec('ALTER TABLE cursor ADD COLUMN failing_since INTEGER')
  const find = connection.prepare('SELECT * FROM cursor WHERE export = ? AND log = ?')
  const last = connection.prepare('SELECT * FROM cursor WHERE export = ? ORDER BY n DESC LIMIT 1')
  const put = connection.prepare(
    `INSERT INTO cursor (export, log, "from", at, context, leaf, gaps, failing_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (export, log)
     DO UPDATE SET "from" = excluded."from", at = excluded.at, context = excluded.context, leaf = excluded.leaf, gaps = excluded.gaps,
     failing_since = excluded.failing_since`,
  )
  return {
    find: (name, log) => toCursor(find.get(name, log)),
    last: (name) => toCursor(last.get(name)),
    put: ({ export: name, log, from, at, context, leaf, gaps, failingSince }) =>
      void put.run(name, log, from, at, context, leaf ?? null, JSON.stringify(gaps), failingSince ?? null),
    close: () => connection.close(),
  }
}

/** Rows are written above only, and the schema is STRICT: their shape is known. */
function toCursor(row: Record<string, unknown> | undefined): ExportCursor | undefined {
  return (
    row && {
      export: row.export as string,
      log: row.log as string,
      from: row.from as number,
      at: row.at as number,
      context: row.context as number,
      ...(row.leaf !== null && { leaf: row.leaf as string }),
      gaps: JSON.parse(row.gaps as string) as readonly Gap[],
      ...(row.failing_since !== null && { failingSince: row.failing_since as number }),
    }
  )
}
