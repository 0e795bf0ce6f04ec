import type { ReadOptions, StoredEntry } from '../trail/index.ts'
import { type CheckReport, checkIndex } from './check.ts'
import { Delta } from './delta.ts'
import { Deriver } from './deriver.ts'
import { SearchError } from './errors.ts'
import { Facts } from './facts.ts'
import { type Aged, type Rest, type SearchIndex, STAMP_BYTES, STAMP_CHUNK } from './search-index.ts'
import { leafStamp } from './stamp.ts'
import type { Terms } from './terms.ts'
import { untilAborted } from './until-aborted.ts'

/** How much of its thread's time the indexer takes. Timers are the business of whoever builds it. */
export interface Pace {
  /** Called after each piece of work; a promise is waited for before the next. @param hurried somebody waits: go on once others had their turn */
  rest(hurried: boolean): Promise<void> | undefined
  /** Resolves after `ms`, or once the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Calls once, after `ms`. */
  later(ms: number, then: () => void): void
}

/** The log as it is read here: a `Trail`, or what of it is published. */
export interface SearchedTrail {
  readonly name: string
  /** Entries below this index are pruned. */
  readonly proven: { readonly minimum: number }
  read(options?: Omit<ReadOptions, 'before'>): AsyncIterable<StoredEntry>
  /** The same in pieces of some entries, where that is cheaper. */
  readPieces?(options?: Omit<ReadOptions, 'before'>): AsyncIterable<readonly StoredEntry[]>
}

export interface IndexerParts {
  readonly index: SearchIndex
  readonly terms: Terms
  readonly trail: SearchedTrail
  readonly pace: Pace
  /** Told what goes wrong; the indexer tries again by itself. */
  readonly failed: (error: unknown) => void
}

/** Terms after which a write is due, and how long after the first entry of it, ms. */
const WRITE_TERMS = 20_000
const WRITE_MS = 1_000
/** After something went wrong, such as a full disk, ms. */
const AGAIN_MS = 10_000
/** Entries between two words about how far it is. */
const PROGRESS_ENTRIES = 16_384

interface Waiting {
  readonly index: number
  readonly done: () => void
}

/** Keeps the index up with the log: reads what is not in it, follows what is written, and makes way for what removes. */
export class Indexer {
  readonly #parts: IndexerParts
  #facts: Facts
  #deriver: Deriver
  #delta: Delta | undefined
  /** Index behind the last entry that was taken, whether it is written yet or not. */
  #taken = 0
  #waiting: readonly Waiting[] = []
  #last: Promise<unknown> = Promise.resolve()
  /** Aborted where the log has to be read from another place than where the reading is. */
  #turn = new AbortController()
  #broken: unknown

  constructor(parts: IndexerParts) {
    this.#parts = parts
    this.#facts = this.#rememberAgain()
    this.#deriver = new Deriver(parts.terms, this.#facts)
  }

  /** Index behind the last entry that is in the index, or about to be. */
  get taken(): number {
    return this.#taken
  }

  /** Follows the log until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#turn = new AbortController()
      try {
        await this.#inTurn(() => this.#resume())
        this.#tellWaiting()
        await this.#follow(AbortSignal.any([signal, this.#turn.signal]))
      } catch (error) {
        this.#broken = error
      }
      const error = this.#broken
      this.#broken = undefined
      if (error === undefined || signal.aborted) continue
      this.#parts.failed(error)
      this.#turn = new AbortController()
      await this.#parts.pace.wait(AGAIN_MS, AbortSignal.any([signal, this.#turn.signal]))
    }
    await this.#inTurn(() => this.#write()).catch(this.#parts.failed)
  }

  /** Waits until everything below `index` can be found, or the signal aborts; until then the indexer takes what time it needs. */
  async catchUp(index: number, signal: AbortSignal): Promise<void> {
    if (this.#taken >= index) return this.#inTurn(() => this.#write())
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const waiting = { index, done: resolve }
      this.#waiting = [...this.#waiting, waiting]
      const gone = () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        resolve()
      }
      signal.addEventListener('abort', gone, { once: true })
    })
  }

  /**
   * Throws the index away and builds it again.
   * @param size how far the log goes
   * @returns how many entries of it are done, now and then
   */
  async *rebuild(size: number, signal: AbortSignal): AsyncGenerator<number> {
    await this.#inTurn(async () => {
      await this.#begin()
      this.#turn.abort()
    })
    while (this.#taken < size && !signal.aborted) {
      await this.catchUp(Math.min(size, this.#taken + PROGRESS_ENTRIES), signal)
      yield Math.min(size, this.#taken)
    }
  }

  /** Holds the index against the log, entry by entry; what is written meanwhile waits between segments. @returns how far it is, now and then */
  async *check(signal: AbortSignal): AsyncGenerator<number, CheckReport> {
    const { index, terms, trail } = this.#parts
    const rest = () => this.#parts.pace.rest(true)
    await this.#inTurn(() => this.#write())
    return yield* checkIndex({ index, terms, trail, rest, inTurn: (task) => this.#inTurn(task) }, signal)
  }

  /** After payload keys were destroyed: what their payloads said is found no more. Durable when it returns. */
  forget(keys: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writeOrDrop()
      await this.#parts.index.forget(keys, this.#rest)
      this.#facts.forgetStatements()
    })
  }

  /** After payloads were pruned whose entries were not. Durable when it returns. */
  forgetAged(aged: Aged): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writeOrDrop()
      await this.#parts.index.forgetAged(aged, this.#rest)
      this.#facts.forgetStatements()
    })
  }

  /** After entries were pruned. Durable when it returns. */
  prune(below: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writeOrDrop()
      await this.#parts.index.prune(below, this.#rest)
      if (this.#taken < below) this.#turn.abort()
    })
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { trail } = this.#parts
    const options = { from: this.#taken, follow: true, signal }
    for await (const entries of untilAborted(trail.readPieces?.(options) ?? oneByOne(trail.read(options)), signal)) {
      // In one turn: a removal comes before all of them or behind, and so may they be read together.
      await this.#inTurn(async () => {
        for (const entry of entries) if (!signal.aborted) await this.#take(entry)
      })
      const resting = this.#rest()
      if (resting) await resting
    }
  }

  readonly #rest: Rest = () => this.#parts.pace.rest(this.#waiting.length > 0)

  async #take(entry: StoredEntry): Promise<void> {
    if (entry.index !== this.#taken) throw new SearchError('GS_SEARCH_UNAVAILABLE', `The log has no entry ${this.#taken}.`)
    if (!this.#delta) {
      this.#delta = new Delta(entry.index)
      const delta = this.#delta
      this.#parts.pace.later(WRITE_MS, () => this.#writeDelta(delta))
    }
    await this.#deriver.derive(entry, this.#delta)
    this.#taken = entry.index + 1
    const arrived = this.#waiting.some(({ index }) => index <= this.#taken)
    if (arrived || this.#delta.full || this.#delta.size >= WRITE_TERMS) await this.#write()
  }

  /** Where it is still the one that grows. */
  #writeDelta(delta: Delta): void {
    this.#inTurn(async () => {
      if (this.#delta === delta) await this.#write()
    }).catch((error: unknown) => {
      this.#broken = error
      this.#turn.abort()
    })
  }

  async #write(): Promise<void> {
    const delta = this.#delta
    if (delta) {
      await this.#parts.index.write(delta, this.#rest)
      this.#delta = undefined
    }
    this.#tellWaiting()
  }

  #tellWaiting(): void {
    const arrived = this.#waiting.filter(({ index }) => index <= this.#taken)
    this.#waiting = this.#waiting.filter((each) => !arrived.includes(each))
    for (const { done } of arrived) done()
  }

  /** A removal does not wait for room on the disk: what cannot be written is derived again. */
  async #writeOrDrop(): Promise<void> {
    try {
      await this.#write()
    } catch (error) {
      this.#delta = undefined
      this.#broken = error
      this.#turn.abort()
    }
  }

  /** Goes to where the index is; begins it where it is not the index of this log. */
  async #resume(): Promise<void> {
    const { index, trail } = this.#parts
    this.#delta = undefined
    this.#facts = this.#rememberAgain()
    this.#deriver = new Deriver(this.#parts.terms, this.#facts)
    const state = await index.state()
    if (!state || state.log !== trail.name || !(await this.#standsIn(state.first, state.indexed))) return this.#begin()
    if (trail.proven.minimum > state.first) await index.prune(trail.proven.minimum, this.#rest)
    this.#taken = Math.max(state.indexed, trail.proven.minimum)
  }

  async #begin(): Promise<void> {
    const { index, trail } = this.#parts
    this.#delta = undefined
    this.#taken = trail.proven.minimum
    await index.begin({ log: trail.name, first: this.#taken })
    this.#facts = this.#rememberAgain()
    this.#deriver = new Deriver(this.#parts.terms, this.#facts)
  }

  /** Whether the last entry of the index is the one that the log has there: a log may have been replaced. */
  async #standsIn(first: number, indexed: number): Promise<boolean> {
    const { index, trail } = this.#parts
    const last = indexed - 1
    if (last < first || last < trail.proven.minimum) return true
    const offset = (last % STAMP_CHUNK) * STAMP_BYTES
    const stamps = await index.stamps(Math.floor(last / STAMP_CHUNK))
    for await (const entry of trail.read({ from: last }))
      return entry.index === last && leafStamp(entry).equals(stamps.subarray(offset + 8, offset + STAMP_BYTES))
    return false
  }

  #rememberAgain(): Facts {
    const { index } = this.#parts
    return new Facts({
      facts: async (subject) => this.#delta?.facts.get(subject) ?? index.facts(subject),
      statement: async (session, number) => this.#delta?.statement(session, number) ?? index.statement(session, number),
    })
  }

  /** One after the other: an entry that is taken, a write, a removal. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

async function* oneByOne(source: AsyncIterable<StoredEntry>): AsyncGenerator<readonly StoredEntry[]> {
  for await (const entry of source) yield [entry]
}
