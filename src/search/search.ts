import type { StoredEntry } from '../trail/index.ts'
import { cursorOf, readCursor } from './cursor.ts'
import { operationMatches, textMatches } from './matches.ts'
import { PositionSet, readPositions, SEGMENT_ENTRIES, segmentOf } from './positions.ts'
import { type Plan, plan, type SearchQuery } from './query.ts'
import { type SearchIndex, type SegmentSpan, STAMP_BYTES, STAMP_CHUNK } from './search-index.ts'
import type { Term, Terms } from './terms.ts'

export interface PageAsked {
  /** The most entries. */
  readonly limit: number
  /** From the page before. */
  readonly cursor?: string
}

export interface SearchPage {
  /** Indexes of entries, in the order asked for. */
  readonly entries: readonly number[]
  /** Where to go on; undefined where the search has come to its end. There may be one behind an empty page: time was up. */
  readonly next: string | undefined
  /** The part of the log that the index covers: index of its first entry, and behind its last. */
  readonly first: number
  readonly indexed: number
}

export interface SearchParts {
  readonly index: SearchIndex
  readonly terms: Terms
  /** An entry of the log; undefined where it is not there any more. */
  readonly open: (index: number) => Promise<StoredEntry | undefined>
  /** How long a page may take, ms; it then ends where it is. */
  readonly budget: number
  /** Milliseconds of any clock that does not go back. */
  readonly now: () => number
}

/**
 * One page of what is found. It goes through the segments of the log one after the other and stops at the first that fills the page, so that it takes
 * no longer where there is more to be found.
 *
 * @throws SearchError GS_SEARCH_QUERY, GS_SEARCH_CURSOR
 */
export async function search(query: SearchQuery, asked: PageAsked, parts: SearchParts): Promise<SearchPage> {
  const planned = plan(query, parts.terms)
  const start = asked.cursor === undefined ? undefined : readCursor(asked.cursor, planned.digest)
  const { first, indexed } = (await parts.index.state()) ?? { first: 0, indexed: 0 }
  const page = new Page(query, planned, asked.limit, parts)
  const from = query.oldest ? Math.max(first, start ?? 0) : first
  const to = query.oldest ? indexed : Math.min(indexed, (start ?? indexed) + 1)
  const spans = (await parts.index.segments()).filter(({ segment }) => segment >= segmentOf(from) && segment * SEGMENT_ENTRIES < to)
  for (const span of query.oldest ? spans : spans.reverse()) {
    const next = await page.look(span, from, to)
    if (next !== undefined) return { entries: page.entries, next: cursorOf(planned.digest, next), first, indexed }
  }
  return { entries: page.entries, next: undefined, first, indexed }
}

class Page {
  readonly entries: number[] = []
  readonly #query: SearchQuery
  readonly #plan: Plan
  readonly #limit: number
  readonly #parts: SearchParts
  readonly #until: number

  constructor(query: SearchQuery, planned: Plan, limit: number, parts: SearchParts) {
    this.#query = query
    this.#plan = planned
    this.#limit = limit
    this.#parts = parts
    this.#until = parts.now() + parts.budget
  }

  /** Adds what one segment has, between two indexes. @returns where to go on, once the page is full or its time is up */
  async look(span: SegmentSpan, from: number, to: number): Promise<number | undefined> {
    const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, oldest } = this.#query
    if (span.latest < since || span.earliest >= until) return undefined
    const base = span.segment * SEGMENT_ENTRIES
    const range = { from: Math.max(from, base), to: Math.min(to, base + SEGMENT_ENTRIES) }
    if (this.#late()) return oldest ? range.from : range.to - 1
    const found = new PositionSet()
    found.addRange(range.from - base, range.to - base)
    const cut = await this.#keep(found, span.segment)
    if (span.earliest < since || span.latest >= until) await this.#keepTimes(found, span.segment, since, until)
    for (const position of oldest ? found.ascending() : found.descending()) {
      const index = base + position
      if (this.entries.length === this.#limit || this.#late()) return index
      if (await this.#matches(index, cut?.has(position) ?? false)) this.entries.push(index)
    }
    return undefined
  }

  /** Keeps what has a term of each group. @returns the entries of which not every word is in the index, where words are searched for */
  async #keep(found: PositionSet, segment: number): Promise<PositionSet | undefined> {
    const { groups, words, cut } = this.#plan
    const partly = words.length === 0 ? undefined : await this.#positions(segment, [cut])
    for (const { terms, word } of groups) {
      const set = await this.#positions(segment, terms)
      if (set && word && partly) set.join(partly)
      const either = set ?? (word ? partly : undefined)
      if (!either || !found.keep(either)) {
        found.clear()
        return undefined
      }
    }
    return partly
  }

  async #positions(segment: number, group: readonly Term[]): Promise<PositionSet | undefined> {
    let set: PositionSet | undefined
    for (const bytes of await this.#parts.index.postings(segment, group)) {
      if (!bytes) continue
      set ??= new PositionSet()
      readPositions(bytes, set)
    }
    return set
  }

  async #matches(index: number, cut: boolean): Promise<boolean> {
    const { sequences, operation } = this.#plan
    if (sequences.length === 0 && !cut && !operation) return true
    const entry = await this.#parts.open(index)
    if (!entry) return false
    if ((sequences.length > 0 || cut) && !textMatches(entry, this.#plan)) return false
    return !operation || operationMatches(entry, operation, this.#parts.index, (name) => this.#parts.terms.of('form', name))
  }

  /** Keeps what is in a time that begins or ends within the segment. */
  async #keepTimes(found: PositionSet, segment: number, since: number, until: number): Promise<void> {
    for (let position = 0; position < SEGMENT_ENTRIES; position += STAMP_CHUNK) {
      if (!found.someIn(position, position + STAMP_CHUNK)) continue
      const bytes = await this.#parts.index.stamps((segment * SEGMENT_ENTRIES + position) / STAMP_CHUNK)
      const stamps = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let at = 0; at < STAMP_CHUNK; at++) {
        const time = stamps.getFloat64(at * STAMP_BYTES)
        if (time < since || time >= until) found.delete(position + at)
      }
    }
  }

  #late(): boolean {
    return this.#parts.now() >= this.#until
  }
}
