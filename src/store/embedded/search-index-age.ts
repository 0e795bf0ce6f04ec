import {
  type Aged,
  encodeDocument,
  PositionSet,
  type Rest,
  readDocument,
  readPositions,
  removePositions,
  SEGMENT_ENTRIES,
  segmentOf,
  type Term,
  termBytes,
} from '../../search/index.ts'
import type { SearchIndexFile } from './search-index-file.ts'
import { removeFromPosting, setOf } from './search-index-removal.ts'

/**
 * Takes away what payloads of old entries said, a segment per transaction; the entries stay, with what they say themselves. What a payload that
 * stays says of the same entry stays too.
 */
export async function forgetAged(file: SearchIndexFile, aged: Aged, rest: Rest): Promise<void> {
  const segments = file.connection
    .prepare('SELECT DISTINCT segment FROM document WHERE segment <= ? ORDER BY segment')
    .all(segmentOf(aged.below)) as { segment: number }[]
  for (const { segment } of segments) {
    await file.transaction(() => forgetInSegment(file, segment, aged, rest))
    await rest()
  }
}

async function forgetInSegment(file: SearchIndexFile, segment: number, { below, kept }: Aged, rest: Rest): Promise<void> {
  const { connection } = file
  const base = segment * SEGMENT_ENTRIES
  const remove = connection.prepare('DELETE FROM document WHERE segment = ? AND "key" = ? AND part = ?')
  const gone = new Map<Term, PositionSet>()
  const rows = connection.prepare('SELECT "key", part, terms FROM document WHERE segment = ?').all(segment) as unknown as Row[]
  for (const { key, part, terms } of rows) {
    if (kept.keys.includes(key)) continue
    const old = new PositionSet()
    old.addRange(0, Math.min(SEGMENT_ENTRIES, below - base))
    for (const { index, key: of } of kept.entries) if (of === key && segmentOf(index) === segment) old.delete(index - base)
    const said = readWhole(terms)
    const left = new Map<Term, Uint8Array>()
    for (const [term, positions] of said) {
      const set = new PositionSet()
      readPositions(positions, set)
      if (!set.keep(old)) left.set(term, positions)
      else {
        const stays = removePositions(positions, old)
        if (stays) left.set(term, stays)
        setOf(gone, term).join(set)
      }
    }
    if (left.size > 0) file.putDocument.run(segment, key, part, encodeDocument(left))
    else remove.run(segment, key, part)
    await rest()
  }
  if (gone.size === 0) return
  for (const { terms } of connection.prepare('SELECT terms FROM document WHERE segment = ?').all(segment) as unknown as Row[]) {
    for (const [term, positions] of readWhole(terms)) {
      const set = gone.get(term)
      if (!set) continue
      const stays = new PositionSet()
      readPositions(positions, stays)
      set.remove(stays)
    }
    await rest()
  }
  for (const [term, set] of gone) {
    removeFromPosting(file, segment, termBytes(term), set)
    await rest()
  }
}

interface Row {
  readonly key: string
  readonly part: number
  readonly terms: Uint8Array
}

function readWhole(terms: Uint8Array): Map<Term, Uint8Array> {
  const said = new Map<Term, Uint8Array>()
  readDocument(terms, said)
  return said
}
