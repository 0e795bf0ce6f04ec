import { randomBytes } from 'node:crypto'
import { ownHeader } from '../../credentials/header-value.ts'
import type { References } from '../../credentials/index.ts'
import {
  ExportError,
  type ExportReading,
  type ExportSecrets,
  type ExportSettings,
  type ExportState,
  type ExportTested,
  lagOf,
  type Patience,
} from '../../exports/index.ts'
import { type Note, parseCheckpoint, parseNote } from '../../tlog/index.ts'
import type { Proven, Trail } from '../../trail/index.ts'
import type { GatewayLog } from '../log.ts'
import { type Exports, ExportThread, type ThreadParts } from './export-thread.ts'
import type { ExportStart, Extent } from './messages.ts'
import { ExportRecords } from './records.ts'

export interface ExportingParts {
  /** `gateway.data`. */
  readonly folder: string
  /** The configured origin and instance. */
  readonly origin: string
  readonly instance: string
  readonly version: string
  readonly exports: readonly ExportSettings[]
  readonly trail: Trail
  readonly references: Pick<References, 'secret' | 'material'>
  readonly log: Pick<GatewayLog, 'warn' | 'info'>
  readonly patience?: Patience
  /** Default: a thread. */
  readonly begin?: (start: ExportStart, parts: ThreadParts) => Exports
}

/** How long a thread that ended by itself stays ended; ms. */
const AGAIN_MS = 5_000

/**
 * Sends the log to those who are configured, in a thread of its own. Only entries that a signed checkpoint covers are sent: what a receiver has, this log
 * can never be without again, unless it is found out.
 */
export class Exporting {
  readonly #parts: ExportingParts
  readonly #records: ExportRecords
  #exports: readonly ExportSettings[]
  #thread: Exports | undefined
  #readings: readonly ExportReading[] = []
  #unsubscribe: () => void = () => undefined
  #again: NodeJS.Timeout | undefined
  #isStarted = false
  #isOver = false

  constructor(parts: ExportingParts) {
    this.#parts = parts
    this.#exports = parts.exports
    this.#records = new ExportRecords(parts.trail, parts.log)
  }

  /** From now on. Without exports nothing runs. */
  start(): void {
    this.#isStarted = true
    if (this.#thread || this.#isOver || this.#exports.length === 0) return
    const { folder, origin, instance, version, trail, patience } = this.#parts
    const named = { folder, origin, instance, version, ...(patience && { patience }) }
    const counted = this.#readings.map(({ name, delivered, failed }) => [name, { delivered, failed }] as const)
    const start = { ...named, name: trail.name, exports: this.#exports, extent: extentOf(trail.proven), counted }
    const begin = this.#parts.begin ?? ((given: ExportStart, parts: ThreadParts) => new ExportThread(given, parts))
    const thread = begin(start, {
      secretsOf: (name) => this.#secretsOf(name),
      told: (readings) => {
        this.#readings = readings
      },
      news: (name, news) => this.#records.note(name, news),
      ended: (error) => this.#ended(error),
    })
    this.#thread = thread
    this.#unsubscribe = trail.onPublished((proven) => thread.advance(extentOf(proven)))
  }

  /** Others may be configured now: what that does to one of them is its state, and keeps no configuration from coming into force. */
  async use(exports: readonly ExportSettings[]): Promise<void> {
    this.#exports = exports
    // A thread that ended meanwhile begins again with these.
    if (this.#thread) await this.#thread.use(exports).catch(() => undefined)
    else if (this.#isStarted) this.start()
  }

  /** Each as configured, in that order; before the thread has said anything, as nothing done. */
  state(): readonly ExportState[] {
    const size = signedSize(this.#parts.trail.proven)
    const known = new Map(this.#readings.map((reading) => [reading.name, reading]))
    return this.#exports.map(({ name, kind }) => {
      const reading = known.get(name) ?? { name, kind, state: 'running', cursor: 0, delivered: 0, failed: 0 }
      return lagOf(this.#thread ? reading : { ...reading, state: 'failing', lastError: unavailable() }, size, Date.now())
    })
  }

  /** Sends an event that says it is a test. Recorded first. @throws ExportError, TrailError */
  async test(name: string, by: string): Promise<ExportTested> {
    const thread = this.#running(name)
    const id = `tst_${randomBytes(12).toString('hex')}`
    await this.#records.tested(name, id, by)
    return thread.test(name, id)
  }

  /** Recorded first. @throws ExportError, TrailError */
  async rewind(name: string, to: number, by: string): Promise<void> {
    const thread = this.#running(name)
    const { cursor } = this.#stateOf(name)
    if (to > cursor) throw new ExportError('GS_EXPORTS_POSITION')
    await this.#records.rewound(name, { from: cursor, to }, by)
    await thread.rewind(name, to)
  }

  /** Recorded first. @throws ExportError, TrailError */
  async skip(name: string, entry: number, by: string): Promise<void> {
    const thread = this.#running(name)
    if (this.#stateOf(name).refused !== entry) throw new ExportError('GS_EXPORTS_NOT_REFUSED')
    await this.#records.skipped(name, entry, by)
    await thread.skip(name, entry)
  }

  async close(): Promise<void> {
    this.#isOver = true
    this.#unsubscribe()
    clearTimeout(this.#again)
    await this.#thread?.close()
  }

  #stateOf(name: string): ExportState {
    const found = this.state().find((state) => state.name === name)
    if (!found) throw new ExportError('GS_EXPORTS_UNKNOWN')
    return found
  }

  #running(name: string): Exports {
    this.#stateOf(name)
    if (!this.#thread) throw new ExportError('GS_EXPORTS_UNAVAILABLE')
    return this.#thread
  }

  #ended(error: Error): void {
    this.#parts.log.warn({ err: error }, 'the thread that exports has ended; it is begun again')
    this.#unsubscribe()
    this.#thread = undefined
    this.#again = setTimeout(() => this.start(), AGAIN_MS).unref()
  }

  /** @throws CredentialsError */
  async #secretsOf(name: string): Promise<ExportSecrets> {
    const { references } = this.#parts
    const settings = this.#exports.find((each) => each.name === name)
    if (!settings) throw new ExportError('GS_EXPORTS_UNKNOWN')
    const reveal = async (reference: Parameters<References['secret']>[0]) => (await references.secret(reference)).secret.reveal()
    const headers = await Promise.all(
      Object.entries(settings.headers).map(
        async ([header, reference]) => [header, ownHeader(header, await reveal(reference)).value] as const,
      ),
    )
    return {
      headers: Object.fromEntries(headers),
      ...(settings.secret && { secret: await reveal(settings.secret) }),
      ...(settings.ca && { ca: await references.material(settings.ca) }),
    }
  }
}

function unavailable() {
  const { code, message, next } = new ExportError('GS_EXPORTS_UNAVAILABLE')
  return { code, message, next, at: Date.now() }
}

function extentOf(proven: Proven): Extent {
  const { size, root, minimum } = proven
  return { size, root, minimum, signed: signedSize(proven) }
}

/** Entries that the newest checkpoint covers: it may be behind what is published, as long as witnesses have not been heard. */
function signedSize({ size, checkpoint }: Pick<Proven, 'size' | 'checkpoint'>): number {
  if (checkpoint === undefined) return 0
  const note: Note = parseNote(checkpoint)
  return Math.min(size, parseCheckpoint(note.text).size)
}
