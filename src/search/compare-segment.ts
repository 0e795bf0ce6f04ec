import type { Delta } from './delta.ts'
import { encodePositions, PositionSet, readPositions, SEGMENT_ENTRIES } from './positions.ts'
import { type SearchIndex, type SegmentContents, STAMP_BYTES, STAMP_CHUNK } from './search-index.ts'
import type { Term } from './terms.ts'

export interface Difference {
  /** Index of the entry that it is about. */
  readonly entry: number
  readonly what: string
}

/**
 * What a segment holds against what its entries come to, both ways: terms that are missing, and terms that no entry has.
 * @param derived all of the segment's entries that are in the index
 */
export async function compareSegment(derived: Delta, kept: SegmentContents, index: Pick<SearchIndex, 'stamps'>): Promise<Difference[]> {
  const base = derived.segment * SEGMENT_ENTRIES
  const differences = await compareStamps(derived, index)
  const compare = (ours: ReadonlyMap<Term, readonly number[]>, theirs: ReadonlyMap<Term, Uint8Array>, of: string) => {
    for (const [term, positions] of ours) {
      const bytes = theirs.get(term)
      // One form per set: where the bytes are equal, so are the sets.
      if (bytes && encodePositions(positions).equals(bytes)) continue
      differences.push(...oneAndOther(positions, bytes, base, of))
    }
    for (const [term, bytes] of theirs) if (!ours.has(term)) differences.push(...oneAndOther([], bytes, base, of))
  }
  compare(derived.postings, kept.postings, 'term')
  for (const [key, terms] of derived.documents) compare(terms, kept.documents.get(key) ?? new Map(), 'erasable term')
  for (const [key, terms] of kept.documents) if (!derived.documents.has(key)) compare(new Map(), terms, 'erasable term')
  return differences
}

async function compareStamps({ from, to, stamps }: Delta, index: Pick<SearchIndex, 'stamps'>): Promise<Difference[]> {
  const differences: Difference[] = []
  for (let chunk = Math.floor(from / STAMP_CHUNK); chunk * STAMP_CHUNK < to; chunk++) {
    const kept = Buffer.from(await index.stamps(chunk))
    const start = chunk * STAMP_CHUNK
    for (let at = start; at < start + STAMP_CHUNK; at++) {
      const stamp = kept.subarray((at - start) * STAMP_BYTES, (at - start + 1) * STAMP_BYTES)
      if (at < from || at >= to) {
        if (stamp.some((byte) => byte !== 0)) differences.push({ entry: at, what: 'an entry that is not in the log' })
      } else if (!stamp.equals(stamps.subarray((at - from) * STAMP_BYTES, (at - from + 1) * STAMP_BYTES)))
        differences.push({ entry: at, what: stamp.some((byte) => byte !== 0) ? 'another entry' : 'no entry' })
    }
  }
  return differences
}

function oneAndOther(ours: readonly number[], theirs: Uint8Array | undefined, base: number, of: string): Difference[] {
  const mine = new PositionSet()
  for (const position of ours) mine.add(position)
  const other = new PositionSet()
  if (theirs) {
    try {
      readPositions(theirs, other)
    } catch {
      return [{ entry: base, what: `a ${of} that cannot be read` }]
    }
  }
  const missing = [...mine.ascending()].filter((position) => !other.has(position))
  const foreign = [...other.ascending()].filter((position) => !mine.has(position))
  // An empty or another form of the same set is a difference too.
  if (missing.length + foreign.length === 0) return [{ entry: base, what: `a ${of} in another form` }]
  return [
    ...missing.map((position) => ({ entry: base + position, what: `a missing ${of}` })),
    ...foreign.map((position) => ({ entry: base + position, what: `a ${of} that the entry does not have` })),
  ]
}
