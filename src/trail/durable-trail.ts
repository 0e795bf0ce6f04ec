import type { Checkpoint, ReadTile } from '../tlog/index.ts'
import { Appending } from './appending.ts'
import type { DurableTrailOptions } from './durable-trail-options.ts'
import { Erasure } from './erasure.ts'
import type { TrailError } from './errors.ts'
import { storedKey } from './key-ring.ts'
import { KeyRotation } from './key-rotation.ts'
import { rememberElsewhere } from './known-elsewhere.ts'
import { prune } from './pruning.ts'
import { PublishClock } from './publish-clock.ts'
import { PublishedLog, WITNESSED_PATH } from './published-log.ts'
import { Readings } from './readings.ts'
import type { Placed } from './staged-batch.ts'
import type {
  CheckStep,
  EntryDraft,
  EntryId,
  EraseAlso,
  LogKey,
  PayloadKey,
  Proven,
  Pruning,
  ReadOptions,
  Recorded,
  StoredEntry,
  Trail,
} from './trail.ts'
import { Watchers } from './watchers.ts'

/** The trail over a write-ahead file: see docs/trail.md. */
export class DurableTrail implements Trail {
  readonly #failed = Promise.withResolvers<TrailError>()
  readonly failure = this.#failed.promise
  readonly #options: DurableTrailOptions
  readonly #log: Appending
  readonly #publishing: PublishClock
  readonly #published: PublishedLog
  readonly #erasure: Erasure
  readonly #rotation: KeyRotation
  readonly #readings: Readings
  readonly #watchers = new Watchers()
  readonly #listeners = new Set<(proven: Proven) => void>()
  #closed: Promise<void> | undefined
  #startsWhenResumed = false

  constructor(options: DurableTrailOptions) {
    this.#options = options
    this.#log = new Appending({
      ...options,
      nextExists: options.recovered.nextExists,
      advanced: () => {
        this.#publishing.advanced()
        this.#watchers.wake()
      },
      resumed: () => this.#onResumed(),
      failed: (error) => this.#onFailed(error),
    })
    let maySign = options.mayBeSigned === undefined
    void options.mayBeSigned?.then(() => {
      maySign = true
    })
    this.#published = new PublishedLog(options.logFiles)
    this.#publishing = new PublishClock({
      ...options,
      end: () => this.#log.end,
      maySign: () => maySign,
      advanced: () => {
        this.#rotation.published()
        for (const tell of this.#listeners) tell(this.proven)
      },
      failed: (error) => this.#log.abandon(error),
    })
    this.#erasure = new Erasure({ ...options, publishing: this.#publishing, log: this.#log, trail: this })
    this.#rotation = new KeyRotation({ ...options, trail: this, now: () => options.clock.wall(), entries: () => this.#log.end.entries })
    this.#readings = new Readings({
      ...{ options, log: this.#published, trail: this },
      now: {
        end: () => this.#log.end,
        published: () => this.#publishing.published,
        over: () => this.state === 'closed' || this.state === 'failed',
        more: async (seen, signal) => {
          if (this.#log.end === seen) await this.#watchers.next(signal)
        },
      },
    })
  }

  /** From now on the log is published, once what recovery found open is closed in it: then the next start need not look for it. */
  startPublishing(): void {
    this.#startsWhenResumed = this.#log.state === 'full'
    if (this.#startsWhenResumed) return
    this.#publishing.start()
    this.#rotation.start()
  }

  get state(): 'open' | 'full' | 'failed' | 'closed' {
    return this.#log.state
  }

  append(draft: EntryDraft): EntryId | undefined {
    return this.#log.append(draft)
  }

  note(draft: EntryDraft, placed?: Placed): EntryId {
    return this.#log.note(draft, placed)
  }

  whenDurable(then: (error: TrailError | undefined) => void): void {
    this.#log.whenDurable(then)
  }

  durable(draft: EntryDraft): Promise<Recorded> {
    return this.#log.durable(draft)
  }

  get name(): string {
    return this.#options.name
  }

  get proven(): Proven {
    return this.#publishing.proven
  }

  get written(): number {
    return this.#log.end.entries
  }

  async publish(): Promise<Proven> {
    await this.#publishing.publish()
    return this.proven
  }

  onPublished(tell: (proven: Proven) => void): () => void {
    this.#listeners.add(tell)
    return () => void this.#listeners.delete(tell)
  }

  abandon(error: TrailError, elsewhere?: Pick<Checkpoint, 'size' | 'root'>): void {
    this.#log.abandon(error)
    const { store, log } = this.#options
    if (elsewhere) rememberElsewhere(store, elsewhere, log)
  }

  get tile(): ReadTile {
    return this.#published.tile
  }

  verifierKeys(): readonly string[] {
    return this.logKeys().flatMap(({ vkey, state }) => (state === 'signs' ? [vkey] : []))
  }

  logKeys(): readonly LogKey[] {
    return this.#options.signing.all(this.name, this.#options.clock.wall())
  }

  rotateKey(until: number): Promise<Recorded> {
    return this.#rotation.rotate(until)
  }

  witnessed(): Promise<string | undefined> {
    return this.#published.witnessed()
  }

  keepWitnessed(note: string): Promise<void> {
    return this.#options.logFiles.replace({ path: WITNESSED_PATH, bytes: Buffer.from(note) })
  }

  indexKey(): Uint8Array {
    return storedKey(() => this.#options.keys.only('index'))
  }

  hasKey(id: string): boolean {
    return this.#options.store.find(id) !== undefined
  }

  subjectKeyId(pseudonym: string): string | undefined {
    return this.#options.keys.subjectKeyId(pseudonym)
  }

  erase(keys: readonly string[], entry: EntryDraft, also: EraseAlso): Promise<Recorded> {
    return this.#erasure.erase(keys, entry, also)
  }

  finishErasing(also: EraseAlso): Promise<number> {
    return this.#erasure.finish(also)
  }

  prune(order: Pruning, entry: EntryDraft, also: EraseAlso): Promise<Proven> {
    return prune({ ...this.#options, publishing: this.#publishing, log: this.#log, trail: this }, order, entry, also)
  }

  readAside(before?: number): AsyncIterable<StoredEntry> {
    return this.#options.aside.entries(before)
  }

  reopen(index: number, bytes: Uint8Array): StoredEntry {
    return this.#readings.reopen(index, Buffer.from(bytes))
  }

  sessionKey(): PayloadKey {
    return storedKey(() => this.#options.keys.sessionKey())
  }

  subjectKey(pseudonym: string): PayloadKey {
    return storedKey(() => this.#options.keys.subjectKey(pseudonym))
  }

  pseudonym(issuer: string, subject: string): string {
    return this.#options.keys.pseudonymOf(issuer, subject)
  }

  read(options: ReadOptions = {}): AsyncGenerator<StoredEntry> {
    return this.#readings.read(options)
  }

  check(payloads: boolean, signal: AbortSignal): AsyncGenerator<CheckStep> {
    return this.#readings.check(payloads, signal)
  }

  /** Whoever calls it again waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const whole = await this.#log.close()
    await this.#publishing.stop()
    // Without room, ends of sessions are missing: the next start looks for them as after a crash.
    if (whole) {
      await this.#publishing.publish().catch(() => undefined)
      this.#publishing.saveClean()
    }
    await this.#rotation.stop()
    await this.#options.publishing.close()
    this.#options.payloads.close()
    this.#watchers.wake()
    this.#options.keys.close()
  }

  #onResumed(): void {
    if (this.#startsWhenResumed) this.#log.whenDurable((error) => !error && !this.#closed && this.startPublishing())
  }

  #onFailed(error: TrailError): void {
    void this.#publishing.stop()
    this.#options.log.error({ cause: (error.cause as Error | undefined)?.message }, error.message)
    this.#failed.resolve(error)
    this.#watchers.wake()
  }
}
