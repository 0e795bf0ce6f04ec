import {
  encodeDocument,
  mergePositions,
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

/** Takes away what payloads under keys said, within a transaction. What payloads under other keys say of the same entries stays. */
export async function forgetKeys(file: SearchIndexFile, keys: ReadonlySet<string>, rest: Rest): Promise<void> {
  const { connection } = file
  const touched = new Set<number>()
  const segmentsOf = connection.prepare('SELECT DISTINCT segment FROM document WHERE "key" = ?')
  for (const key of keys) {
    for (const { segment } of segmentsOf.all(key) as { segment: number }[]) touched.add(segment)
    await rest()
  }
  // Each segment is gone through once, however many of the keys are in it.
  for (const segment of touched) await forgetWithin(file, segment, keys, rest)
  const statements = connection.prepare('DELETE FROM statement WHERE "key" = ?')
  for (const key of keys) {
    statements.run(key)
    await rest()
  }
}

async function forgetWithin(file: SearchIndexFile, segment: number, keys: ReadonlySet<string>, rest: Rest): Promise<void> {
  const gone = new Map<Term, Uint8Array>()
  await eachDocument(file, segment, rest, (key, terms) => {
    if (keys.has(key)) readDocument(terms, gone)
  })
  const stays = new Map<Term, Uint8Array>()
  await eachDocument(file, segment, rest, (key, terms) => {
    if (keys.has(key)) return
    const said = new Map<Term, Uint8Array>()
    readDocument(terms, said)
    for (const [term, positions] of said) {
      if (!gone.has(term)) continue
      const known = stays.get(term)
      // A copy, as it is part of a whole document.
      stays.set(term, known ? mergePositions(known, positions) : Uint8Array.from(positions))
    }
  })
  for (const [term, positions] of gone) {
    const set = setFrom(positions)
    const kept = stays.get(term)
    if (kept) set.remove(setFrom(kept))
    removeFromPosting(file, segment, termBytes(term), set)
    await rest()
  }
  const remove = file.connection.prepare('DELETE FROM document WHERE segment = ? AND "key" = ?')
  for (const key of keys) {
    remove.run(segment, key)
    await rest()
  }
}

/** In pages, because others use the connection while it rests. */
async function eachDocument(
  { connection }: SearchIndexFile,
  segment: number,
  rest: Rest,
  see: (key: string, terms: Uint8Array) => void,
): Promise<void> {
  const page = connection.prepare(
    'SELECT "key", part, terms FROM document WHERE segment = ? AND ("key", part) > (?, ?) ORDER BY "key", part LIMIT ?',
  )
  for (let [key, part] = ['', 0]; ; ) {
    const rows = page.all(segment, key, part, PAGE) as { key: string; part: number; terms: Uint8Array }[]
    for (const row of rows) {
      see(row.key, row.terms)
      await rest()
    }
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    ;[key, part] = [last.key, last.part]
  }
}

function setFrom(positions: Uint8Array): PositionSet {
  const set = new PositionSet()
  readPositions(positions, set)
  return set
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
