import { createHash } from 'node:crypto'
import { CheckFacts } from './check-facts.ts'
import { compareSegment, type Difference } from './compare-segment.ts'
import { Delta } from './delta.ts'
import { Deriver } from './deriver.ts'
import { SearchError } from './errors.ts'
import { Facts } from './facts.ts'
import type { SearchedTrail } from './indexer.ts'
import { SEGMENT_ENTRIES, segmentOf } from './positions.ts'
import type { IndexState, Rest, SearchIndex, SegmentSpan } from './search-index.ts'
import type { Terms } from './terms.ts'

export interface CheckReport {
  /** Part of the log that was compared: index of its first entry, and behind its last. */
  readonly first: number
  readonly end: number
  /** What the entries came to: terms, each counted once per segment. */
  readonly terms: number
  /** SHA-256 over the stamps of all entries, in order: says which entries these were. Hexadecimal. */
  readonly digest: string
  /** How often index and log differ, and the first of it. */
  readonly differences: number
  readonly examples: readonly Difference[]
  /** Entries with payloads that could not be read, and are therefore not found by what is in them. */
  readonly unreadable: number
}

export interface CheckParts {
  readonly index: SearchIndex
  readonly terms: Terms
  readonly trail: Pick<SearchedTrail, 'read'>
  readonly rest: Rest
  /** While the task runs, nobody else changes the index. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>
}

const EXAMPLES = 20

/**
 * Derives all of the log again and compares, segment by segment and byte by byte, with what is kept: that nothing is missing, and that there is nothing
 * that the log does not say. It takes the index's word for nothing but what the log, being pruned, does not say any more.
 *
 * @returns how far it is, after each segment
 * @throws SearchError GS_SEARCH_UNAVAILABLE where there is no index, or the log was pruned meanwhile
 */
export async function* checkIndex(parts: CheckParts, signal: AbortSignal): AsyncGenerator<number, CheckReport> {
  const { index, terms, inTurn } = parts
  const { first, indexed } = await stateOf(index)
  const known = new CheckFacts(index, first)
  const deriver = new Deriver(terms, new Facts(known))
  const digest = createHash('sha256')
  const found = new Found()
  let counted = 0
  let end = first
  const look = async (again: boolean) => {
    const state = await stateOf(index)
    if (state.first !== first) throw new SearchError('GS_SEARCH_UNAVAILABLE', 'The log was pruned during the check.')
    const derived = new Delta(end)
    known.derive(derived)
    const before = deriver.unreadable
    await deriveAnew(derived, Math.min((derived.segment + 1) * SEGMENT_ENTRIES, state.indexed), deriver, parts)
    const unreadable = deriver.unreadable - before
    const spans = await index.segments()
    const differences = compareSpan(derived, spans)
    differences.push(...(await compareSegment(derived, await index.contents(derived.segment, parts.rest), index)))
    if (differences.length > 0 && !again) return undefined
    differences.push(...(await known.learn(derived)))
    if (derived.to === state.indexed) differences.push(...(await known.end()), ...foreignSegments(spans, first, derived.to))
    return { derived, differences, unreadable }
  }
  while (end < indexed && !signal.aborted) {
    // A key may have been destroyed whose words wait for their turn to be removed: what differs is looked at once more.
    const seen = (await inTurn(() => look(false))) ?? (await inTurn(() => look(true)))
    if (!seen) continue
    found.add(seen.differences)
    found.unreadable += seen.unreadable
    counted += seen.derived.postings.size
    digest.update(seen.derived.stamps)
    end = seen.derived.to
    yield end
  }
  return { first, end, terms: counted, digest: digest.digest('hex'), ...found }
}

/** What was found so far: all of it counted, the first of it kept. */
class Found {
  differences = 0
  unreadable = 0
  readonly examples: Difference[] = []

  add(differences: readonly Difference[]): void {
    this.differences += differences.length
    this.examples.push(...differences.slice(0, EXAMPLES - this.examples.length))
  }
}

/** The times of a segment lead a search to it: they may be too far, where something was pruned, and never too narrow. */
function compareSpan({ segment, earliest, latest }: Delta, spans: readonly SegmentSpan[]): Difference[] {
  const span = spans.find((each) => each.segment === segment)
  const covers = span && span.earliest <= earliest && span.latest >= latest
  return covers ? [] : [{ entry: segment * SEGMENT_ENTRIES, what: 'a segment without its times' }]
}

function foreignSegments(spans: readonly SegmentSpan[], first: number, end: number): Difference[] {
  const foreign = spans.filter(({ segment }) => segment < segmentOf(first) || segment * SEGMENT_ENTRIES >= end)
  return foreign.map(({ segment }) => ({ entry: segment * SEGMENT_ENTRIES, what: 'a segment that is not in the log' }))
}

async function stateOf(index: SearchIndex): Promise<IndexState> {
  const state = await index.state()
  if (!state) throw new SearchError('GS_SEARCH_UNAVAILABLE')
  return state
}

async function deriveAnew(into: Delta, to: number, deriver: Deriver, { trail, rest }: CheckParts): Promise<void> {
  if (into.to === to) return
  for await (const entry of trail.read({ from: into.to })) {
    if (entry.index !== into.to) throw new SearchError('GS_SEARCH_UNAVAILABLE', `The log has no entry ${into.to}.`)
    await deriver.derive(entry, into)
    if (into.to === to) return
    const resting = rest()
    if (resting) await resting
  }
  throw new SearchError('GS_SEARCH_UNAVAILABLE', `The log ends at entry ${into.to}, and the index does not.`)
}
