import { SEGMENT_ENTRIES, segmentOf } from './positions.ts'
import { type Batch, type NumberedStatement, STAMP_BYTES, type SubjectFacts } from './search-index.ts'
import type { Term } from './terms.ts'

/** What the next write adds: entries that follow each other, of one segment. */
export class Delta implements Batch {
  readonly segment: number
  readonly from: number
  to: number
  earliest = Number.POSITIVE_INFINITY
  latest = Number.NEGATIVE_INFINITY
  readonly postings = new Map<Term, number[]>()
  readonly documents = new Map<string, Map<Term, number[]>>()
  readonly facts = new Map<string, SubjectFacts>()
  /** Terms that a write has to look up: what a delta costs, in memory and time. */
  size = 0
  readonly #statements = new Map<string, NumberedStatement>()
  #stamps = Buffer.alloc(64 * STAMP_BYTES)

  /** @param from index of its first entry */
  constructor(from: number) {
    this.segment = segmentOf(from)
    this.from = from
    this.to = from
  }

  get stamps(): Uint8Array {
    return this.#stamps.subarray(0, (this.to - this.from) * STAMP_BYTES)
  }

  get statements(): Iterable<NumberedStatement> {
    return this.#statements.values()
  }

  /** Whether the next entry belongs to another segment. */
  get full(): boolean {
    return this.to === (this.segment + 1) * SEGMENT_ENTRIES
  }

  /** Takes in the next entry. @param at ms since the epoch. @param leaf what of its leaf hash is kept. @returns its position in the segment */
  next(at: number, leaf: Uint8Array): number {
    const offset = (this.to - this.from) * STAMP_BYTES
    if (offset === this.#stamps.byteLength) this.#stamps = Buffer.concat([this.#stamps, Buffer.alloc(offset)])
    this.#stamps.writeDoubleBE(at, offset)
    this.#stamps.set(leaf, offset + 8)
    this.earliest = Math.min(this.earliest, at)
    this.latest = Math.max(this.latest, at)
    return this.to++ % SEGMENT_ENTRIES
  }

  /** The entry itself says it. */
  add(position: number, term: Term): void {
    this.#put(this.postings, position, term)
  }

  /** A payload of the entry says it. @param key id of the key that the payload is sealed under */
  addSealed(position: number, term: Term, key: string): void {
    this.#put(this.postings, position, term)
    let document = this.documents.get(key)
    if (!document) {
      document = new Map()
      this.documents.set(key, document)
    }
    this.#put(document, position, term)
  }

  addStatement(statement: NumberedStatement): void {
    this.#statements.set(`${statement.session} ${statement.number}`, statement)
  }

  statement(session: string, number: number): NumberedStatement | undefined {
    return this.#statements.get(`${session} ${number}`)
  }

  #put(into: Map<Term, number[]>, position: number, term: Term): void {
    const positions = into.get(term)
    if (!positions) {
      into.set(term, [position])
      this.size++
    } else if (positions[positions.length - 1] !== position) positions.push(position)
  }
}
