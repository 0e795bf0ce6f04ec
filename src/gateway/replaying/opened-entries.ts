import type { HistoryRow, IntentFields, StoredEntry, Trail } from '../../trail/index.ts'
import { Kept } from './kept.ts'

const KEPT_BYTES = 16 * 1024 * 1024
/** What an entry takes besides its payloads; bytes, roughly. */
const ENTRY_BYTES = 512

/** The payloads of one entry: content by name; undefined where it has been erased or pruned. */
export type Opened = ReadonlyMap<string, Uint8Array | undefined>

const NOTHING: Opened = new Map()

/** Opens what stands beside entries, also of earlier ones, and keeps what was opened last. */
export class OpenedEntries {
  readonly #trail: Pick<Trail, 'read'>
  readonly #kept = new Kept<number, { readonly opened: Opened; readonly histories: readonly HistoryRow[] }>(KEPT_BYTES)
  #here: StoredEntry | undefined

  constructor(trail: Pick<Trail, 'read'>) {
    this.#trail = trail
  }

  /** The entry that is read just now: of it, nothing has to be looked for. */
  isAt(entry: StoredEntry): void {
    this.#here = entry
  }

  /** @returns nothing where the entry is gone. @throws TrailError where a payload is not what its entry commits to */
  async at(index: number): Promise<Opened> {
    return (await this.#entry(index))?.opened ?? NOTHING
  }

  /** What its statements have in common with those before, as the entry says it. */
  async histories(index: number): Promise<readonly HistoryRow[]> {
    return (await this.#entry(index))?.histories ?? []
  }

  /** The same of an entry that is at hand. */
  of(entry: StoredEntry): Opened {
    return this.#open(entry).opened
  }

  async #entry(index: number) {
    const kept = this.#kept.get(index)
    if (kept) return kept
    if (this.#here?.index === index) return this.#open(this.#here)
    for await (const entry of this.#trail.read({ from: index })) return entry.index === index ? this.#open(entry) : undefined
    return undefined
  }

  #open(entry: StoredEntry) {
    const kept = this.#kept.get(entry.index)
    if (kept) return kept
    const opened = new Map(entry.payloads().map(({ name, content }) => [name, content]))
    const bytes = [...opened.values()].reduce((sum, content) => sum + (content?.byteLength ?? 0), ENTRY_BYTES)
    const { histories = [] } = entry.fields as unknown as Pick<IntentFields, 'histories'>
    const made = { opened, histories }
    this.#kept.set(entry.index, made, bytes)
    return made
  }
}
