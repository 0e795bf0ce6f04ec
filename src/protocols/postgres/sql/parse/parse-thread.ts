import { Worker } from 'node:worker_threads'
import type { Catalog } from '../../catalog/catalog.ts'
import type { SessionView } from '../statement-facts.ts'
import type { Answer, Order } from './messages.ts'
import type { Reading } from './read-text.ts'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './parse-worker.ts' : './parse-worker.js', import.meta.url)

/** Catalogs that a thread keeps: those of the databases in use, and the one before of each. */
const CATALOGS = 8
/** MiB of the thread's heap: a tree is about a hundred times its text. */
const HEAP = 256
/** Bytes of the parser's memory from which on a thread is not used again. */
const WORN = 96 * 1024 * 1024

/** One text, as it is to be read. */
export interface ReadOrder {
  readonly text: Uint8Array
  readonly catalog: Catalog | undefined
  readonly view: SessionView
}

export interface ThreadEvents {
  /** It takes its first order. */
  ready(): void
  /** It begins to read; whatever it had to open before is open. */
  begun(): void
  /** @param worn it should be replaced */
  read(reading: Reading | undefined, worn: boolean): void
  /** It ended by itself. */
  gone(): void
}

/** One thread with a parser. It reads one text at a time, and never keeps the process alive. */
export class ParseThread {
  readonly #worker: Worker
  /** Oldest use first. */
  readonly #catalogs = new Set<string>()

  constructor(events: ThreadEvents) {
    this.#worker = new Worker(ENTRY, {
      name: 'gatescribe parser',
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
      // What a parser would print could quote a text.
      stdout: true,
      stderr: true,
    })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => {
      if (answer.kind === 'ready') events.ready()
      else if (answer.kind === 'begun') events.begun()
      else events.read(answer.reading, answer.reading === undefined || answer.external > WORN)
    })
    this.#worker.on('error', () => undefined)
    this.#worker.once('exit', () => events.gone())
  }

  read({ text, catalog, view }: ReadOrder): void {
    const version = catalog && this.#share(catalog)
    // A view of a larger buffer would be copied with all of the buffer.
    const copy = Uint8Array.prototype.slice.call(text)
    this.#post({ kind: 'read', text: copy, view, ...(version !== undefined && { catalog: version }) }, [copy.buffer])
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  /** @returns its version; undefined where it cannot be shared: then no name is certain */
  #share(catalog: Catalog): string | undefined {
    const { version } = catalog
    if (!this.#catalogs.delete(version)) {
      const bytes = sharedBytes(catalog)
      if (!bytes) return undefined
      this.#post({ kind: 'catalog', version, bytes })
    }
    this.#catalogs.add(version)
    if (this.#catalogs.size > CATALOGS) {
      const [oldest] = this.#catalogs as Set<string> & [string]
      this.#catalogs.delete(oldest)
      this.#post({ kind: 'forget', version: oldest })
    }
    return version
  }

  #post(order: Order, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(order, transfer)
  }
}

function sharedBytes(catalog: Catalog): SharedArrayBuffer | undefined {
  return 'shared' in catalog && catalog.shared instanceof SharedArrayBuffer ? catalog.shared : undefined
}
