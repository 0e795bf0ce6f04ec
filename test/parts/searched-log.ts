import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CheckReport,
  Indexer,
  type Pace,
  type PageAsked,
  type SearchIndex,
  type SearchPage,
  type SearchQuery,
  search,
  Terms,
} from '../../src/search/index.ts'
import { openSearchIndex } from '../../src/store/index.ts'
import type { StoredEntry, Trail } from '../../src/trail/index.ts'

/** Lets others run now and then, and never sleeps. */
export const eager: Pace = {
  rest: () => undefined,
  wait: (ms, signal) => new Promise((resolve) => void setTimeout(resolve, signal.aborted ? 0 : Math.min(ms, 20))),
  later: (ms, then) => void setTimeout(then, ms).unref(),
}

/** The real index of a log, in a folder of its own, kept up by the real indexer. */
export class SearchedLog {
  readonly folder: string
  readonly failures: unknown[] = []
  readonly terms: Terms
  readonly log: Pick<Trail, 'name' | 'read' | 'proven'>
  readonly #owned: boolean
  readonly #pace: Pace
  index: SearchIndex
  indexer: Indexer
  #ending = new AbortController()
  #running: Promise<void>

  /** @param over `folder`: that of a real trail, which is not removed */
  constructor(log: Pick<Trail, 'name' | 'read' | 'proven'>, over: { folder?: string; key?: Uint8Array; pace?: Pace } = {}) {
    this.log = log
    this.#owned = over.folder === undefined
    this.folder = over.folder ?? mkdtempSync(join(tmpdir(), 'gatescribe-search-'))
    this.terms = new Terms(over.key ?? Buffer.alloc(32, 7))
    this.#pace = over.pace ?? eager
    this.index = openSearchIndex(this.folder)
    this.indexer = this.#newIndexer()
    this.#running = this.indexer.run(this.#ending.signal)
  }

  #newIndexer(): Indexer {
    const { index, terms, log } = this
    return new Indexer({ index, terms, trail: log, pace: this.#pace, failed: (error) => this.failures.push(error) })
  }

  /** Waits until all of the log is in it. */
  async upToDate(): Promise<void> {
    let size = 0
    for await (const entry of this.log.read({ from: -1 })) size = entry.index + 1
    await this.indexer.catchUp(size, AbortSignal.timeout(30_000))
  }

  async page(query: SearchQuery, asked: Partial<PageAsked> = {}, budget = 10_000): Promise<SearchPage> {
    const open = async (at: number): Promise<StoredEntry | undefined> => {
      for await (const entry of this.log.read({ from: at })) return entry.index === at ? entry : undefined
      return undefined
    }
    const { index, terms } = this
    return search(query, { limit: 100, ...asked }, { index, terms, open, budget, now: () => performance.now() })
  }

  /** Indexes of what is found, oldest first. */
  async found(query: SearchQuery): Promise<readonly number[]> {
    await this.upToDate()
    return (await this.page({ ...query, oldest: true }, { limit: 10_000 })).entries
  }

  async check(): Promise<CheckReport> {
    const looking = this.indexer.check(this.#ending.signal)
    for (;;) {
      const step = await looking.next()
      if (step.done) return step.value
    }
  }

  async rebuild(): Promise<void> {
    let size = 0
    for await (const entry of this.log.read({ from: -1 })) size = entry.index + 1
    for await (const _ of this.indexer.rebuild(size, this.#ending.signal));
  }

  /** As a gateway that stops and starts. */
  async restart(): Promise<void> {
    await this.stop()
    this.#ending = new AbortController()
    this.index = openSearchIndex(this.folder)
    this.indexer = this.#newIndexer()
    this.#running = this.indexer.run(this.#ending.signal)
  }

  async stop(): Promise<void> {
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    await this.#running
    this.index.close()
  }

  /** All bytes of the files of the index. */
  bytesOnDisk(): Buffer {
    const files = readdirSync(this.folder).filter((name) => name.startsWith('index.sqlite'))
    return Buffer.concat(files.map((name) => readFileSync(join(this.folder, name))))
  }

  async remove(): Promise<void> {
    await this.stop()
    if (this.#owned) rmSync(this.folder, { recursive: true, force: true })
  }
}
