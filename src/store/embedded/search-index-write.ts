import {
  appendPositions,
  type Batch,
  encodeDocument,
  type Rest,
  readDocument,
  SEGMENT_ENTRIES,
  STAMP_BYTES,
  STAMP_CHUNK,
  type SubjectFacts,
  type Term,
  termBytes,
} from '../../search/index.ts'
import type { SearchIndexFile } from './search-index-file.ts'

/** Adds a batch, within a transaction. */
export async function writeBatch(file: SearchIndexFile, batch: Batch, rest: Rest): Promise<void> {
  const { segment, from, to } = batch
  const begins = from % SEGMENT_ENTRIES === 0
  // In the order of the table, which fills its pages.
  for (const term of [...batch.postings.keys()].sort()) {
    const bytes = termBytes(term)
    const known = begins ? undefined : file.findPosting.get(segment, bytes)
    file.putPosting.run(segment, bytes, appendPositions(known && blob(known, 0), batch.postings.get(term) as readonly number[]))
    await rest()
  }
  for (const [key, terms] of batch.documents) {
    file.putDocument.run(segment, key, from, encodeDocument(terms))
    await rest()
  }
  writeStamps(file, from, batch.stamps)
  const putFact = file.connection.prepare('INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?)')
  for (const [subject, facts] of batch.facts) putFact.run(subject, facts.opened, facts.closed ?? null, factsText(facts))
  const putStatement = file.connection.prepare('INSERT OR REPLACE INTO statement VALUES (?, ?, ?, ?)')
  for (const { session, number, key, terms } of batch.statements)
    putStatement.run(session, number, key, Buffer.from(terms.join(''), 'latin1'))
  file.connection
    .prepare(
      `INSERT INTO segment VALUES (?, ?, ?) ON CONFLICT (segment)
       DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)`,
    )
    .run(segment, batch.earliest, batch.latest)
  if (to % SEGMENT_ENTRIES === 0) await joinDocuments(file, segment, rest)
  file.connection.prepare('UPDATE state SET indexed = ?').run(to)
}

function writeStamps(file: SearchIndexFile, from: number, stamps: Uint8Array): void {
  const end = from + stamps.byteLength / STAMP_BYTES
  for (let at = from; at < end; ) {
    const chunk = Math.floor(at / STAMP_CHUNK)
    const until = Math.min(end, (chunk + 1) * STAMP_CHUNK)
    const known = file.findStamps.get(chunk)?.stamps as Uint8Array | undefined
    // From the beginning of the chunk to what is added: entries that are not in the index are zeros.
    const bytes = Buffer.alloc((until - chunk * STAMP_CHUNK) * STAMP_BYTES)
    if (known) bytes.set(known.subarray(0, (at % STAMP_CHUNK) * STAMP_BYTES))
    bytes.set(stamps.subarray((at - from) * STAMP_BYTES, (until - from) * STAMP_BYTES), (at % STAMP_CHUNK) * STAMP_BYTES)
    file.putStamps.run(chunk, bytes)
    at = until
  }
}

/** A segment that is complete needs one document per key. */
async function joinDocuments(file: SearchIndexFile, segment: number, rest: Rest): Promise<void> {
  const several = file.connection
    .prepare('SELECT "key" FROM document WHERE segment = ? GROUP BY "key" HAVING count(*) > 1')
    .all(segment) as { key: string }[]
  const parts = file.connection.prepare('SELECT terms FROM document WHERE segment = ? AND "key" = ?')
  const remove = file.connection.prepare('DELETE FROM document WHERE segment = ? AND "key" = ?')
  for (const { key } of several) {
    const whole = new Map<Term, Uint8Array>()
    for (const { terms } of parts.all(segment, key)) readDocument(terms as Uint8Array, whole)
    remove.run(segment, key)
    file.putDocument.run(segment, key, 0, encodeDocument(whole))
    await rest()
  }
}

/** A column of a row that was returned as an array. */
export function blob(row: unknown, column: number): Uint8Array {
  return (row as Uint8Array[])[column] as Uint8Array
}

export function factsText({ inherited, protocol, effects, decidedOn }: SubjectFacts): string {
  return JSON.stringify({ inherited: inherited.map((term) => termBytes(term).toString('hex')), protocol, effects, decidedOn })
}
