import {
  encodeDocument,
  PositionSet,
  type Rest,
  readDocument,
  readPositions,
  removePositions,
  SEGMENT_ENTRIES,
  STAMP_BYTES,
  STAMP_CHUNK,
  segmentOf,
  type Term,
  termBytes,
} from '../../search/index.ts'
import type { SearchIndexFile } from './search-index-file.ts'
import { blob } from './search-index-write.ts'

/** Rows that are looked at between two rests. */
const PAGE = 512

/** Takes away what payloads under a key said, within a transaction. What a payload under another key says of the same entry stays. */
export async function forgetKey(file: SearchIndexFile, key: string, rest: Rest): Promise<void> {
  const { connection } = file
  const segments = connection.prepare('SELECT DISTINCT segment FROM document WHERE "key" = ?').all(key) as { segment: number }[]
  const documents = connection.prepare('SELECT "key", terms FROM document WHERE segment = ?')
  for (const { segment } of segments) {
    const gone = new Map<Term, Uint8Array>()
    const others: Uint8Array[] = []
    for (const row of documents.all(segment) as { key: string; terms: Uint8Array }[]) {
      if (row.key === key) readDocument(row.terms, gone)
      else others.push(row.terms)
    }
    const stays = new Map<Term, PositionSet>()
    for (const terms of others) {
      const said = new Map<Term, Uint8Array>()
      readDocument(terms, said)
      for (const [term, positions] of said) if (gone.has(term)) readPositions(positions, setOf(stays, term))
    }
    for (const [term, positions] of gone) {
      const set = new PositionSet()
      readPositions(positions, set)
      const kept = stays.get(term)
      if (kept) set.remove(kept)
      removeFromPosting(file, segment, termBytes(term), set)
      await rest()
    }
    connection.prepare('DELETE FROM document WHERE segment = ? AND "key" = ?').run(segment, key)
  }
  connection.prepare('DELETE FROM statement WHERE "key" = ?').run(key)
}

/** Takes away what is below an index, a segment per transaction. That it is not there any more is said first. */
export async function pruneBelow(file: SearchIndexFile, below: number, rest: Rest): Promise<void> {
  const { connection } = file
  connection.prepare('UPDATE state SET first = max(first, ?), indexed = max(indexed, ?)').run(below, below)
  const edge = segmentOf(below)
  const segments = connection.prepare('SELECT segment FROM segment WHERE segment < ?').all(edge) as { segment: number }[]
  for (const { segment } of segments) {
    await file.transaction(async () => {
      for (const table of ['posting', 'document', 'segment']) connection.prepare(`DELETE FROM ${table} WHERE segment = ?`).run(segment)
      const chunks = SEGMENT_ENTRIES / STAMP_CHUNK
      connection.prepare('DELETE FROM stamps WHERE chunk >= ? AND chunk < ?').run(segment * chunks, (segment + 1) * chunks)
    })
    await rest()
  }
  await file.transaction(async () => {
    await pruneWithin(file, edge, below % SEGMENT_ENTRIES, rest)
    connection
      .prepare('DELETE FROM statement WHERE session IN (SELECT subject FROM fact WHERE closed IS NOT NULL AND closed < ?)')
      .run(below)
    connection.prepare('DELETE FROM fact WHERE closed IS NOT NULL AND closed < ?').run(below)
  })
}

/** The segment that the edge goes through keeps what is from `position` on. */
async function pruneWithin(file: SearchIndexFile, segment: number, position: number, rest: Rest): Promise<void> {
  if (position === 0) return
  const { connection } = file
  const gone = new PositionSet()
  gone.addRange(0, position)
  const page = connection.prepare('SELECT term FROM posting WHERE segment = ? AND term > ? ORDER BY term LIMIT ?')
  page.setReturnArrays(true)
  for (let last: Uint8Array | undefined = new Uint8Array(); last; ) {
    const rows: unknown[] = page.all(segment, last, PAGE)
    for (const row of rows) removeFromPosting(file, segment, blob(row, 0), gone)
    last = rows.length < PAGE ? undefined : blob(rows.at(-1), 0)
    await rest()
  }
  const documents = connection.prepare('SELECT "key", part FROM document WHERE segment = ?').all(segment)
  for (const { key, part } of documents) {
    pruneDocument(file, segment, key as string, part as number, gone)
    await rest()
  }
  const first = Math.floor((segment * SEGMENT_ENTRIES + position) / STAMP_CHUNK)
  connection.prepare('DELETE FROM stamps WHERE chunk < ?').run(first)
  const stamps = file.findStamps.get(first)?.stamps as Uint8Array | undefined
  if (stamps) file.putStamps.run(first, stamps.fill(0, 0, (position % STAMP_CHUNK) * STAMP_BYTES))
}

function pruneDocument(file: SearchIndexFile, segment: number, key: string, part: number, gone: PositionSet): void {
  const { connection } = file
  const row = connection.prepare('SELECT terms FROM document WHERE segment = ? AND "key" = ? AND part = ?').get(segment, key, part)
  const said = new Map<Term, Uint8Array>()
  readDocument(row?.terms as Uint8Array, said)
  for (const [term, positions] of said) {
    const left = removePositions(positions, gone)
    if (left) said.set(term, left)
    else said.delete(term)
  }
  if (said.size > 0) file.putDocument.run(segment, key, part, encodeDocument(said))
  else connection.prepare('DELETE FROM document WHERE segment = ? AND "key" = ? AND part = ?').run(segment, key, part)
}

/** Takes positions out of where a term is. */
export function removeFromPosting(file: SearchIndexFile, segment: number, term: Uint8Array, gone: PositionSet): void {
  const known = file.findPosting.get(segment, term)
  if (!known) return
  const left = removePositions(blob(known, 0), gone)
  if (left) file.putPosting.run(segment, term, left)
  else file.removePosting.run(segment, term)
}

export function setOf(sets: Map<Term, PositionSet>, term: Term): PositionSet {
  const set = sets.get(term) ?? new PositionSet()
  sets.set(term, set)
  return set
}
