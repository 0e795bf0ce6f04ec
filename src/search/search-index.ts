import type { KeptPayloads } from '../trail/index.ts'
import type { Term } from './terms.ts'

/**
 * Where the index is kept. Everything in it is derived from the log: it may be thrown away and built again. It holds no word, name or text, only
 * terms (keyed hashes), times, and the facts of sessions that entries themselves say in clear. Embedded it is a file in the data folder;
 * the calls are few and whole, so that a shared store can answer them over a network.
 */
export interface SearchIndex {
  /** Undefined where nothing was begun, or by another form of the index. */
  state(): Promise<IndexState | undefined>
  /** Empties the index and begins it for a log; facts of sessions and runs that began below `first` are kept: the log no longer says them. */
  begin(state: { readonly log: string; readonly first: number }): Promise<void>
  /** Adds what comes next, in one transaction: all of it or nothing. @param rest called now and then; a promise is waited for */
  write(batch: Batch, rest: Rest): Promise<void>
  /** In order. */
  segments(): Promise<readonly SegmentSpan[]>
  /** Where the terms are in a segment, each as in positions.ts; undefined where it is nowhere. */
  postings(segment: number, terms: readonly Term[]): Promise<readonly (Uint8Array | undefined)[]>
  /** Stamps of up to STAMP_CHUNK entries; what is not there is zero. */
  stamps(chunk: number): Promise<Uint8Array>
  facts(subject: string): Promise<SubjectFacts | undefined>
  statement(session: string, number: number): Promise<StatementTerms | undefined>
  /** Everything that a segment holds, for comparison. */
  contents(segment: number, rest: Rest): Promise<SegmentContents>
  /** Removes what payloads under these keys said, and leaves no byte of it behind. Durable when it returns. */
  forget(keys: readonly string[], rest: Rest): Promise<void>
  /** Removes what old payloads said, and leaves no byte of it behind. Durable when it returns; goes on where it was interrupted. */
  forgetAged(aged: Aged, rest: Rest): Promise<void>
  /** Removes what is below an index, and leaves no byte of it behind. Durable when it returns; goes on where it was interrupted. */
  prune(below: number, rest: Rest): Promise<void>
  close(): void
}

/** Payloads that were pruned, while their entries were not. */
export interface Aged {
  /** Those of entries below this index, */
  readonly below: number
  /** but for these. */
  readonly kept: KeptPayloads
}

export interface IndexState {
  /** Name of the log that this is the index of. */
  readonly log: string
  /** Index of the first entry that is in it. */
  readonly first: number
  /** Index behind the last entry that is in it. */
  readonly indexed: number
}

export interface SegmentSpan {
  readonly segment: number
  /** Times of its earliest and latest entry, ms since the epoch. */
  readonly earliest: number
  readonly latest: number
}

/** Called between small pieces of work. */
export type Rest = () => Promise<void> | undefined

/** What is added at once: entries that follow each other, all in one segment. */
export interface Batch extends SegmentSpan {
  /** Index of the first entry, and behind the last. */
  readonly from: number
  readonly to: number
  /** STAMP_BYTES for each of them. */
  readonly stamps: Uint8Array
  readonly postings: ReadonlyMap<Term, readonly number[]>
  /** Payload key → what payloads under it said, so that it can be taken away again. */
  readonly documents: ReadonlyMap<string, ReadonlyMap<Term, readonly number[]>>
  readonly facts: ReadonlyMap<string, SubjectFacts>
  readonly statements: Iterable<NumberedStatement>
}

/** What was said once of a run or a session, and holds for whatever names it. In clear in the log. */
export interface SubjectFacts {
  /** Index of the entry that it began with, and of the one that it ended with. */
  readonly opened: number
  readonly closed?: number
  /** Terms of run, principal and resource. */
  readonly inherited: readonly Term[]
  readonly protocol?: string
  /** Effects by the session's own number of the decision. */
  readonly effects: Readonly<Record<number, string>>
  /** The session's own number of the facts that a decision was made on, by that of the decision. */
  readonly decidedOn?: Readonly<Record<number, number>>
}

/**
 * What a statement of a session does and to what, known by its number: as it is written. What the facts say that it was decided on is known
 * by the negative of their number. Derived from a payload.
 */
export interface StatementTerms {
  /** Id of the key of the payload. */
  readonly key: string
  readonly terms: readonly Term[]
}

export interface SegmentContents {
  readonly postings: ReadonlyMap<Term, Uint8Array>
  readonly documents: ReadonlyMap<string, ReadonlyMap<Term, Uint8Array>>
}

export interface NumberedStatement extends StatementTerms {
  readonly session: string
  readonly number: number
}

/** Time (ms since the epoch, big-endian double) and the first eight bytes of the entry's leaf hash: which entry stands where. */
export const STAMP_BYTES = 16
/** Entries per chunk of stamps; divides a segment. */
export const STAMP_CHUNK = 512
