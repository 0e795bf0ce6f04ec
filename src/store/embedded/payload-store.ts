import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementResultingChanges } from 'node:sqlite'
import type { FoundPayload, KeptPayloads, PayloadGroup, PayloadStore, PlacedPayload } from '../../trail/index.ts'
import { privateFile } from './private-files.ts'
import { emptyWriteAhead, PATIENCE_MS } from './remains.ts'
import { transaction } from './transaction.ts'

/*
 * One row per publication and key, so that thousands of payloads in a second cost a few rows; a large one is split. `chunk` is the first
 * entry of the publication: all rows of an entry are in the chunk that begins last at or before it.
 *
 * A row's content: per payload, big-endian, index of the entry 6, place 2, length 4, ciphertext and tag.
 *
 * What is erased is overwritten where it stands, with zeros under no key, and its room comes back when it is pruned. Were the row deleted, SQLite
 * would now and then move rows beside it to another page, and what those hold could stay in the unused part of the page that they came from,
 * where `secure_delete` does not look.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS payload (
    chunk INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS payload_chunk ON payload (chunk, first, last);
  CREATE INDEX IF NOT EXISTS payload_key ON payload (key)`

const HEADER_BYTES = 12
/** As long as a key. */
const NO_KEY = '-'.repeat(16)
/** Stands in the place of an index where one payload of a row was taken out of it. */
const NO_INDEX = 2 ** 48 - 1
/** Rows that go in one step. */
const REMOVED_AT_ONCE = 512
/** A row takes no further payload beyond this, so that reading one payload does not read a whole session. */
const ROW_BYTES = 128 * 1024
/** A publication of more than this is not held in memory for the next reading. */
const HELD_BYTES = 16 * 1024 * 1024

/**
 * Opens, or makes, `payloads.sqlite` of a log. Several threads of the process that holds the data folder may each have it open.
 *
 * @param folder `gateway.data`
 * @param log the log's folder in there
 */
export function openPayloadStore(folder: string, log = 'trail'): PayloadStore {
  mkdirSync(join(folder, log), { recursive: true, mode: 0o700 })
  const path = join(folder, log, 'payloads.sqlite')
  privateFile(path)
  const connection = new DatabaseSync(path, { timeout: PATIENCE_MS })
  connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON')
  connection.exec(SCHEMA)
  const insert = connection.prepare('INSERT INTO payload (chunk, first, last, key, content) VALUES (?, ?, ?, ?, ?)')
  const readSize = connection.prepare('SELECT size FROM progress')
  const writeSize = connection.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?)')
  const removeFrom = connection.prepare('DELETE FROM payload WHERE chunk >= ?')
  const byEntry = connection.prepare(
    `SELECT key, content FROM payload
     WHERE chunk = (SELECT max(chunk) FROM payload WHERE chunk <= ?1) AND first <= ?1 AND last >= ?1 AND key <> '${NO_KEY}'`,
  )
  const chunkOf = connection.prepare(
    'SELECT chunk, max(last) AS last, sum(length(content)) AS bytes FROM payload WHERE chunk = (SELECT max(chunk) FROM payload WHERE chunk <= ?)',
  )
  const rowsOf = connection.prepare(`SELECT key, content FROM payload WHERE chunk = ? AND key <> '${NO_KEY}'`)
  // Another number once another connection has changed something: its thread may have erased what is held here.
  const dataVersion = connection.prepare('PRAGMA data_version')
  let held: HeldChunk | undefined
  let version = 0
  /** The moment that `version` was asked in. */
  let lookedIn: object | undefined
  // Of the same length in every column, so that SQLite writes it over the old one.
  const overwrite = connection.prepare(
    `UPDATE payload SET key = '${NO_KEY}', content = zeroblob(length(content)) WHERE rowid IN (
       SELECT rowid FROM payload WHERE key IN (SELECT value FROM json_each(?)) LIMIT ${REMOVED_AT_ONCE})`,
  )
  const old = `chunk < ?1 AND first < ?1 AND key NOT IN (SELECT value FROM json_each(?2))`
  const holdsKept = `EXISTS (
    SELECT 1 FROM json_each(?3) WHERE value ->> 'key' = payload.key AND value ->> 'index' BETWEEN payload.first AND payload.last)`
  const below = connection.prepare(
    `DELETE FROM payload WHERE rowid IN (
       SELECT rowid FROM payload WHERE ${old} AND last < ?1 AND NOT ${holdsKept} LIMIT ${REMOVED_AT_ONCE})`,
  )
  const mixed = connection.prepare(
    `SELECT rowid, key, content FROM payload WHERE ${old} AND (last >= ?1 OR ${holdsKept}) AND key <> '${NO_KEY}'`,
  )
  const replace = connection.prepare('UPDATE payload SET content = ? WHERE rowid = ?')

  /** Of rows that stay for the sake of some of their payloads, the others go. */
  function blankWithin(minimum: number, { entries }: KeptPayloads, order: readonly [number, string, string]): void {
    const stays = new Set(entries.map(({ index, key }) => `${key} ${index}`))
    for (const { rowid, key, content } of mixed.all(...order) as unknown as (Row & { rowid: number })[]) {
      const bytes = Buffer.from(content)
      if (blank(bytes, (index) => index < minimum && !stays.has(`${key} ${index}`))) replace.run(bytes, rowid)
    }
  }

  function step(remove: () => StatementResultingChanges): boolean {
    held = undefined
    if (remove().changes === REMOVED_AT_ONCE) return false
    emptyWriteAhead(connection)
    return true
  }

  return {
    size: () => (readSize.get() as { size: number } | undefined)?.size ?? 0,
    put(from, to, groups) {
      held = undefined
      transaction(connection, () => {
        writeSize.run(to)
        removeFrom.run(from)
        for (const group of groups) {
          for (const part of partsOf(group)) {
            insert.run(from, part[0]!.index, part.at(-1)!.index, group.key, contentOf(part))
          }
        }
      })
    },
    find(index, moment) {
      // Asking SQLite takes longer than all else here.
      if (moment === undefined || moment !== lookedIn) {
        lookedIn = moment
        version = (dataVersion.get() as { data_version: number }).data_version
      }
      if (held === undefined || version !== held.version || index < held.chunk || index > held.last) {
        const { chunk, last, bytes } = chunkOf.get(index) as unknown as { chunk: number | null; last: number; bytes: number }
        if (chunk === null || last < index) return []
        held = bytes > HELD_BYTES ? undefined : { version, chunk, last, payloads: byIndex(rowsOf.all(chunk) as unknown as Row[]) }
      }
      if (held) return held.payloads.get(index) ?? []
      const found: FoundPayload[] = []
      for (const { key, content } of byEntry.all(index) as unknown as Row[]) found.push(...payloadsOf(Buffer.from(content), key, index))
      return found.sort((a, b) => a.place - b.place)
    },
    remove: (keys) => step(() => overwrite.run(JSON.stringify(keys))),
    prune: (minimum, kept) =>
      step(() => {
        const order = [minimum, JSON.stringify(kept.keys), JSON.stringify(kept.entries)] as const
        const changes = below.run(...order)
        if (Number(changes.changes) < REMOVED_AT_ONCE) transaction(connection, () => blankWithin(minimum, kept, order))
        return changes
      }),
    close: () => connection.close(),
  }
}

/** A publication whose payloads were looked for last: whoever reads in order reads its rows once, not once per entry. */
interface HeldChunk {
  readonly version: number
  readonly chunk: number
  /** Index of its last entry with a payload. */
  readonly last: number
  readonly payloads: ReadonlyMap<number, readonly FoundPayload[]>
}

interface Row {
  readonly key: string
  readonly content: Uint8Array
}

function* partsOf({ payloads }: PayloadGroup): Generator<readonly PlacedPayload[]> {
  let part: PlacedPayload[] = []
  let bytes = 0
  for (const payload of payloads) {
    part.push(payload)
    bytes += HEADER_BYTES + payload.sealed.byteLength
    if (bytes < ROW_BYTES) continue
    yield part
    part = []
    bytes = 0
  }
  if (part.length > 0) yield part
}

function contentOf(part: readonly PlacedPayload[]): Buffer {
  const content = Buffer.allocUnsafe(part.reduce((sum, { sealed }) => sum + HEADER_BYTES + sealed.byteLength, 0))
  let at = 0
  for (const { index, place, sealed } of part) {
    content.writeUIntBE(index, at, 6)
    content.writeUInt16BE(place, at + 6)
    content.writeUInt32BE(sealed.byteLength, at + 8)
    content.set(sealed, at + HEADER_BYTES)
    at += HEADER_BYTES + sealed.byteLength
  }
  return content
}

/** Overwrites payloads within a row, which stays as long as it was. @returns whether there were any */
function blank(content: Buffer, goes: (index: number) => boolean): boolean {
  let any = false
  for (let at = 0; at + HEADER_BYTES <= content.byteLength; ) {
    const end = at + HEADER_BYTES + content.readUInt32BE(at + 8)
    const index = content.readUIntBE(at, 6)
    if (index !== NO_INDEX && goes(index)) {
      content.writeUIntBE(NO_INDEX, at, 6)
      content.fill(0, at + HEADER_BYTES, end)
      any = true
    }
    at = end
  }
  return any
}

function byIndex(rows: readonly Row[]): Map<number, FoundPayload[]> {
  const payloads = new Map<number, FoundPayload[]>()
  for (const { key, content } of rows) {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    for (let at = 0; at + HEADER_BYTES <= bytes.byteLength; ) {
      const from = at + HEADER_BYTES
      const end = from + bytes.readUInt32BE(at + 8)
      const index = bytes.readUIntBE(at, 6)
      const found = { key, place: bytes.readUInt16BE(at + 6), sealed: bytes.subarray(from, end) }
      const known = payloads.get(index)
      if (known) known.push(found)
      else payloads.set(index, [found])
      at = end
    }
  }
  for (const each of payloads.values()) each.sort((a, b) => a.place - b.place)
  return payloads
}

function* payloadsOf(content: Buffer, key: string, index: number): Generator<FoundPayload> {
  for (let at = 0; at + HEADER_BYTES <= content.byteLength; ) {
    const from = at + HEADER_BYTES
    const end = from + content.readUInt32BE(at + 8)
    if (content.readUIntBE(at, 6) === index) yield { key, place: content.readUInt16BE(at + 6), sealed: content.subarray(from, end) }
    at = end
  }
}
