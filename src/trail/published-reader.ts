import { join } from 'node:path'
import type { Sealer } from '../operations/index.ts'
import { EMPTY_ROOT } from '../tlog/index.ts'
import type { KeyStore } from './key-store.ts'
import { folderLogFiles } from './log-files.ts'
import { OpenPayloadKey } from './payload-key.ts'
import type { PayloadStore } from './payload-store.ts'
import { PublishedLog } from './published-log.ts'
import { openKey } from './sealed-key.ts'
import type { Proven, ReadOptions, StoredEntry } from './trail.ts'
import { piecesOfBundles } from './trail-reader.ts'

export interface PublishedReaderOptions {
  /** `gateway.data`, held by this process. */
  readonly folder: string
  readonly keys: Pick<KeyStore, 'find'>
  readonly masterKey: Sealer
  /** The configured origin, as entries were sealed for it. */
  readonly origin: string
  /** Of the log. */
  readonly name: string
  readonly payloads: PayloadStore
}

/** Entries that are read at once: the work of a few milliseconds. */
const PIECE = 64
/** Payload keys kept open. */
const KEPT_OPEN = 1024

/** The published log for another thread of the process that writes it: read only, as far as it was told that the log goes. */
export class PublishedReader {
  readonly name: string
  readonly #options: PublishedReaderOptions
  readonly #log: PublishedLog
  readonly #open = new Map<string, OpenPayloadKey>()
  readonly #waiting = new Set<() => void>()
  #proven: Pick<Proven, 'size' | 'root' | 'minimum'> = { size: 0, root: EMPTY_ROOT, minimum: 0 }

  constructor(options: PublishedReaderOptions) {
    this.name = options.name
    this.#options = options
    this.#log = new PublishedLog(folderLogFiles(join(options.folder, 'trail')))
  }

  /** How far it was told that the log goes. */
  get proven(): Pick<Proven, 'size' | 'minimum'> {
    return this.#proven
  }

  /** The log goes this far now. */
  advance({ size, root, minimum }: Pick<Proven, 'size' | 'root' | 'minimum'>): void {
    this.#proven = { size, root, minimum }
    for (const wake of [...this.#waiting]) wake()
  }

  /** Keys were destroyed: what they sealed is not read any more, also where it was a moment ago. */
  forget(keys: readonly string[]): void {
    for (const key of keys) this.#open.delete(key)
  }

  /** Entries in order, as `Trail.read` gives them. @throws TrailError GS_TRAIL_DAMAGED */
  async *read(options: Omit<ReadOptions, 'before'> = {}): AsyncGenerator<StoredEntry> {
    for await (const entries of this.#readBefore(this.#endOf(options), options, 1)) yield* entries
  }

  /** The same in pieces, which is cheaper: payloads of one piece are as they were when the first of them was looked for. */
  readPieces(options: Omit<ReadOptions, 'before'> = {}): AsyncGenerator<readonly StoredEntry[]> {
    return this.#readBefore(this.#endOf(options), options, PIECE)
  }

  #endOf({ follow }: Pick<ReadOptions, 'follow'>): number {
    return follow ? Number.POSITIVE_INFINITY : this.#proven.size
  }

  async *#readBefore(end: number, { from = 0, signal }: Omit<ReadOptions, 'before'>, most: number): AsyncGenerator<readonly StoredEntry[]> {
    let next = from < 0 ? Math.max(0, this.#proven.size + from) : from
    const { origin, payloads } = this.#options
    const sources = { origin, payloads, log: this.#log, published: () => this.#proven, keys: { find: (id: string) => this.#find(id) } }
    while (!signal?.aborted && next < end) {
      next = Math.max(next, this.#proven.minimum)
      for await (const entries of piecesOfBundles(sources, next, most)) {
        const first = entries[0]!.index
        if (signal?.aborted || first >= end) return
        next = Math.min(first + entries.length, end)
        yield next - first < entries.length ? entries.slice(0, next - first) : entries
      }
      if (next < this.#proven.size || next >= end) continue
      await this.#more(next, signal)
    }
  }

  #more(seen: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (this.#proven.size > seen || signal?.aborted) return resolve()
      const wake = () => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }

  #find(id: string): OpenPayloadKey | undefined {
    const open = this.#open.get(id)
    if (open) return open
    const stored = this.#options.keys.find(id)
    if (!stored) return undefined
    const key = new OpenPayloadKey(id, openKey(this.#options.masterKey, stored))
    if (this.#open.size >= KEPT_OPEN) this.#open.clear()
    this.#open.set(id, key)
    return key
  }
}
