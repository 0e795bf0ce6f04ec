import type { ExportedLog } from '../../exports/index.ts'
import { type PayloadStore, PublishedReader, type StoredEntry } from '../../trail/index.ts'
import type { Extent } from './messages.ts'

/** What cannot open a payload: exports are made of entries alone. */
const sealed = () => {
  throw new Error('payloads are not exported')
}
const NO_PAYLOADS: PayloadStore = { size: sealed, put: sealed, find: sealed, remove: sealed, prune: sealed, close: sealed }

/** The log as far as it is published, read in another thread than the one that writes it. */
export class PublishedEntries implements ExportedLog {
  readonly #reader: PublishedReader
  readonly #waiting = new Set<() => void>()
  #signed = 0

  constructor(folder: string, origin: string, name: string) {
    const sealer = { seal: sealed, open: sealed }
    this.#reader = new PublishedReader({ folder, origin, name, keys: { find: () => undefined }, payloads: NO_PAYLOADS, masterKey: sealer })
  }

  get name(): string {
    return this.#reader.name
  }

  get minimum(): number {
    return this.#reader.proven.minimum
  }

  get size(): number {
    return this.#signed
  }

  get published(): number {
    return this.#reader.proven.size
  }

  advance({ signed, ...published }: Extent): void {
    this.#reader.advance(published)
    this.#signed = signed
    for (const wake of [...this.#waiting]) wake()
  }

  read(from: number, signal: AbortSignal): AsyncIterable<readonly StoredEntry[]> {
    return this.#reader.readPieces({ from, signal })
  }

  more(size: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#signed <= size && !signal.aborted) return
        this.#waiting.delete(look)
        signal.removeEventListener('abort', look)
        resolve()
      }
      this.#waiting.add(look)
      signal.addEventListener('abort', look)
      look()
    })
  }
}
