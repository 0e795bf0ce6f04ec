import {
  type CursorStore,
  Delivery,
  type ExportCounts,
  ExportError,
  type ExportNews,
  type ExportReading,
  type ExportSecrets,
  type ExportSettings,
  type ExportTested,
  failureOf,
} from '../../exports/index.ts'
import { openExportCursors } from '../../store/index.ts'
import { considerate } from '../searching/pace.ts'
import { PublishedEntries } from './exported-log.ts'
import type { ExportStart, Extent } from './messages.ts'

export interface ExporterParts {
  /** Secrets at the moment of use. @throws CredentialsError */
  readonly secretsOf: (name: string) => Promise<ExportSecrets>
  readonly told: (readings: readonly ExportReading[]) => void
  readonly news: (name: string, news: ExportNews) => void
}

/** Readings are told no more often than this; ms. */
const TOLD_MS = 100
/** When one that could not begin is tried again; ms. */
const AGAIN_MS = 5_000

/** All exports of a log, each on its own. */
export class Exporter {
  readonly #start: ExportStart
  readonly #parts: ExporterParts
  readonly #cursors: CursorStore
  readonly #log: PublishedEntries
  readonly #closing = new AbortController()
  readonly #deliveries = new Map<string, { readonly delivery: Delivery; readonly shape: string }>()
  /** Of those that are gone or begin anew with other settings: what is counted only grows. */
  readonly #counted: Map<string, ExportCounts>
  /** Those that could not begin, which are tried again. */
  readonly #unbegun = new Map<string, ExportReading>()
  #again: NodeJS.Timeout | undefined
  #telling: NodeJS.Timeout | undefined

  constructor(start: ExportStart, parts: ExporterParts) {
    this.#start = start
    this.#parts = parts
    this.#cursors = openExportCursors(start.folder)
    this.#counted = new Map(start.counted)
    this.#log = new PublishedEntries(start.folder, start.origin, start.name)
    this.#log.advance(start.extent)
    this.#beginAll(start.exports)
  }

  advance(extent: Extent): void {
    this.#log.advance(extent)
  }

  /** Those that stay as they are go on; one that is gone keeps its cursor, for when it comes back. */
  async use(exports: readonly ExportSettings[]): Promise<void> {
    // Before anything is waited for: it would begin what is taken out meanwhile.
    clearTimeout(this.#again)
    const shapes = new Map(exports.map((each) => [each.name, shapeOf(each)]))
    for (const [name, { delivery, shape }] of [...this.#deliveries]) {
      if (shapes.get(name) === shape) continue
      await delivery.close()
      this.#deliveries.delete(name)
      this.#counted.set(name, delivery.reading)
    }
    this.#beginAll(exports)
  }

  /** @throws ExportError */
  test(name: string, id: string): Promise<ExportTested> {
    return this.#named(name).test(id, this.#closing.signal)
  }

  /** @throws ExportError */
  async rewind(name: string, to: number): Promise<void> {
    await this.#named(name).rewind(to)
    this.#tell()
  }

  /** @throws ExportError */
  async skip(name: string, entry: number): Promise<void> {
    await this.#named(name).skip(entry)
    this.#tell()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#again)
    await Promise.all([...this.#deliveries.values()].map(({ delivery }) => delivery.close()))
    clearTimeout(this.#telling)
    this.#cursors.close()
  }

  /** One that cannot begin, for lack of room for its cursor, keeps no other from it. */
  #beginAll(exports: readonly ExportSettings[]): void {
    clearTimeout(this.#again)
    this.#unbegun.clear()
    for (const settings of exports) {
      if (this.#deliveries.has(settings.name)) continue
      try {
        this.#begin(settings)
      } catch (error) {
        const { name, kind } = settings
        const lastError = { ...failureOf(error), at: Date.now() }
        const { delivered, failed } = this.#counted.get(name) ?? { delivered: 0, failed: 0 }
        this.#counted.set(name, { delivered, failed: failed + 1 })
        this.#unbegun.set(name, { name, kind, state: 'failing', cursor: 0, delivered, failed: failed + 1, lastError })
      }
    }
    if (this.#unbegun.size > 0) this.#again = setTimeout(() => this.#beginAll(exports), AGAIN_MS)
    this.#changed()
  }

  #begin(settings: ExportSettings): void {
    const { version, instance, patience } = this.#start
    const pace = considerate()
    const counted = this.#counted.get(settings.name)
    const delivery = new Delivery({
      ...{ settings, log: this.#log, cursors: this.#cursors, secretsOf: this.#parts.secretsOf },
      sender: { version, instance },
      changed: () => this.#changed(),
      rest: () => pace.rest(false),
      tell: (news) => this.#parts.news(settings.name, news),
      ...(patience && { patience }),
      ...(counted && { counted }),
    })
    this.#deliveries.set(settings.name, { delivery, shape: shapeOf(settings) })
    delivery.start()
  }

  #named(name: string): Delivery {
    const found = this.#deliveries.get(name)
    if (!found) throw new ExportError('GS_EXPORTS_UNKNOWN')
    return found.delivery
  }

  #changed(): void {
    this.#telling ??= setTimeout(() => this.#tell(), TOLD_MS)
  }

  #tell(): void {
    clearTimeout(this.#telling)
    this.#telling = undefined
    this.#parts.told([...this.#deliveries.values()].map(({ delivery }) => delivery.reading).concat(...this.#unbegun.values()))
  }
}

const shapeOf = (settings: ExportSettings) => JSON.stringify(settings)
