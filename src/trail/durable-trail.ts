import { randomBytes } from 'node:crypto'
import type { Checkpoint, ReadTile } from '../tlog/index.ts'
import type { AsideLogs } from './aside-logs.ts'
import { checkLog } from './check-log.ts'
import { EntryClock, type TrailClock } from './entry-clock.ts'
import { EntryWriter } from './entry-writer.ts'
import { Erasure } from './erasure.ts'
import { TrailError } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import { KeyRotation } from './key-rotation.ts'
import type { KeyStore } from './key-store.ts'
import { rememberElsewhere } from './known-elsewhere.ts'
import type { LogFiles } from './log-files.ts'
import type { PayloadStore } from './payload-store.ts'
import { PublishClock } from './publish-clock.ts'
import type { Published, Publishing } from './published.ts'
import { PublishedLog, WITNESSED_PATH } from './published-log.ts'
import type { Recovered } from './recovery.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Placed, StagedBatch } from './staged-batch.ts'
import { storedEntry } from './stored-entry.ts'
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
import type { TrailLog } from './trail-log.ts'
import { readTrail } from './trail-reader.ts'
import { type LogEnd, largestRecord, WriteAhead } from './write-ahead.ts'

/** Entries kept while there is no room, bytes; what comes after that is counted in a `gap`. */
const KEPT_WITHOUT_ROOM = 16 * 1024 * 1024

export interface DurableTrailOptions {
  readonly files: SegmentFiles
  readonly store: KeyStore
  readonly keys: KeyRing
  readonly signing: SigningKeys
  /** Of the batches. */
  readonly key: Uint8Array
  readonly origin: string
  readonly instance: string
  readonly segmentBytes: number
  readonly clock: TrailClock
  readonly log: TrailLog
  readonly recovered: Recovered
  readonly end: LogEnd
  /** `<origin>/<instance>`. */
  readonly name: string
  readonly published: Published
  readonly publishing: Publishing
  readonly logFiles: LogFiles
  readonly payloads: PayloadStore
  readonly aside: AsideLogs
  /** Resolves once it is known that this log is not an older copy of itself: until then no checkpoint is signed. Undefined where nobody is asked. */
  readonly mayBeSigned: Promise<void> | undefined
}

/** The trail over a write-ahead file: see docs/trail.md. */
export class DurableTrail implements Trail {
  readonly failure: Promise<TrailError>
  readonly #options: DurableTrailOptions
  readonly #keys: KeyRing
  readonly #log: WriteAhead
  readonly #clock: EntryClock
  readonly #writer: EntryWriter
  readonly #boot = randomBytes(5).toString('hex')
  readonly #publishing: PublishClock
  readonly #published: PublishedLog
  readonly #erasure: Erasure
  readonly #aside: AsideLogs
  readonly #rotation: KeyRotation
  #maySign: boolean
  readonly #watchers = new Set<() => void>()
  readonly #listeners = new Set<(proven: Proven) => void>()
  #counter = 0
  #closing = false
  /** Why the entry appended last was not staged; told to whoever waits next. */
  #refused: TrailError | undefined
  #missing = 0
  /** Where the entry staged last is. */
  #stagedIn: StagedBatch
  #stagedAt = 0
  #startsWhenResumed = false
  #fail!: (error: TrailError) => void

  constructor(options: DurableTrailOptions) {
    this.#options = options
    this.#keys = options.keys
    this.failure = new Promise((resolve) => {
      this.#fail = resolve
    })
    this.#clock = new EntryClock(options.clock)
    this.#writer = new EntryWriter(options.origin, this.#clock, largestRecord(options.segmentBytes))
    this.#log = new WriteAhead({
      ...options,
      nextExists: options.recovered.nextExists,
      advanced: () => {
        this.#publishing.advanced()
        this.#wakeWatchers()
      },
      full: (dropped, cause) => this.#onFull(dropped, cause),
      resumed: () => this.#onResumed(),
      failed: (error) => this.#onFailed(error),
    })
    this.#maySign = options.mayBeSigned === undefined
    this.#stagedIn = this.#log.staging
    this.#published = new PublishedLog(options.logFiles)
    this.#publishing = new PublishClock({
      ...options,
      end: () => this.#log.end,
      maySign: () => this.#maySign,
      advanced: () => {
        this.#rotation.published()
        for (const tell of this.#listeners) tell(this.proven)
      },
      failed: (error) => this.#log.abandon(error),
    })
    this.#aside = options.aside
    const { store, keys, aside } = options
    this.#erasure = new Erasure({ store, keys, aside, publishing: this.#publishing, log: this.#log, trail: this })
    this.#rotation = new KeyRotation({
      ...{ signing: options.signing, name: options.name, publishing: options.publishing, log: options.log, trail: this },
      now: () => options.clock.wall(),
      entries: () => this.#log.end.entries,
    })
    void options.mayBeSigned?.then(() => {
      this.#maySign = true
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
    return this.#closing ? 'closed' : this.#log.state
  }

  append(draft: EntryDraft): EntryId | undefined {
    if (this.#closing || this.#log.state !== 'open') {
      this.#refused = this.#unavailable()
      return undefined
    }
    // One before it may have been refused too: whoever waits is told of the first.
    const earlier = this.#refused
    this.#refused = undefined
    const id = this.#stage(draft, false)
    const refused = this.#refused
    this.#refused = earlier ?? refused
    return refused ? undefined : id
  }

  note(draft: EntryDraft, placed?: Placed): EntryId {
    const { state } = this.#log
    const tooMuch = state === 'full' && this.#log.stagedBytes > KEPT_WITHOUT_ROOM
    if (tooMuch) this.#missing++
    if (tooMuch || this.#closing || state === 'failed' || state === 'closed') {
      placed?.(undefined)
      return this.#nextId()
    }
    const id = this.#stage(draft, true)
    if (placed) this.#stagedIn.placed.push([this.#stagedAt, placed])
    return id
  }

  whenDurable(then: (error: TrailError | undefined) => void): void {
    const refused = this.#refused
    this.#refused = undefined
    if (this.#closing || this.#log.state !== 'open') then(refused ?? this.#unavailable())
    else if (refused) this.#log.whenDurable((error) => then(error ?? refused))
    else this.#log.whenDurable(then)
  }

  durable(draft: EntryDraft): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      const id = this.append(draft) ?? this.#nextId()
      const batch = this.#stagedIn
      const place = this.#stagedAt
      this.whenDurable((error) => (error ? reject(error) : resolve({ id, index: batch.firstIndex + place })))
    })
  }

  get name(): string {
    return this.#options.name
  }

  get proven(): Proven {
    const { published, checkpoint, age } = this.#publishing
    return { size: published.size, root: published.root, minimum: published.minimum, checkpoint, age }
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
    try {
      if (elsewhere) rememberElsewhere(this.#options.store, elsewhere)
    } catch (cause) {
      this.#options.log.warn(
        { cause: (cause as Error).message },
        'what somebody else showed of the log could not be kept: the next start must ask again',
      )
    }
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
    return stored(() => this.#keys.only('index'))
  }

  hasKey(id: string): boolean {
    return this.#options.store.find(id) !== undefined
  }

  subjectKeyId(pseudonym: string): string | undefined {
    return this.#keys.subjectKeyId(pseudonym)
  }

  erase(keys: readonly string[], entry: EntryDraft, also: EraseAlso): Promise<Recorded> {
    return this.#erasure.erase(keys, entry, also)
  }

  finishErasing(also: EraseAlso): Promise<number> {
    return this.#erasure.finish(also)
  }

  async prune({ keys, aside = {}, ...order }: Pruning, entry: EntryDraft, also: EraseAlso): Promise<Proven> {
    // Where little happens, one segment may hold what is older than anything that is kept: those before this entry go with its publication.
    this.#log.roll()
    await this.durable(entry)
    this.#keys.destroy(keys)
    await this.publish()
    await this.publish()
    await this.#publishing.prune(order)
    await this.#aside.prune(aside, order.kept)
    await also(keys)
    return this.proven
  }

  readAside(before?: number): AsyncIterable<StoredEntry> {
    return this.#aside.entries(before)
  }

  reopen(index: number, bytes: Uint8Array): StoredEntry {
    const { origin, payloads } = this.#options
    return storedEntry({ index, entry: Buffer.from(bytes), payloads: () => payloads.find(index) }, origin, this.#keys)
  }

  sessionKey(): PayloadKey {
    return stored(() => this.#keys.sessionKey())
  }

  subjectKey(pseudonym: string): PayloadKey {
    return stored(() => this.#keys.subjectKey(pseudonym))
  }

  pseudonym(issuer: string, subject: string): string {
    return this.#keys.pseudonymOf(issuer, subject)
  }

  read(options: ReadOptions = {}): AsyncGenerator<StoredEntry> {
    const { files, key, origin, payloads } = this.#options
    return readTrail(
      {
        files,
        key,
        origin,
        payloads,
        keys: this.#keys,
        log: this.#published,
        end: () => this.#log.end,
        published: () => this.#publishing.published,
        over: () => this.state === 'closed' || this.state === 'failed',
        more: (seen, signal) => this.#more(seen, signal),
      },
      options,
    )
  }

  async *check(payloads: boolean, signal: AbortSignal): AsyncGenerator<CheckStep> {
    await this.publish()
    const { name, origin, payloads: store, signing } = this.#options
    yield* checkLog({
      ...{ log: this.#published, name, verifiers: signing.verifiers(name), signal },
      proven: () => this.proven,
      settled: () =>
        this.publish().then(
          () => undefined,
          () => undefined,
        ),
      open: payloads ? (index, entry) => storedEntry({ index, entry, payloads: () => store.find(index) }, origin, this.#keys) : undefined,
    })
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const whole = await this.#log.close()
    if (!whole && this.#log.state === 'closed')
      this.#options.log.error({}, 'the trail closes without room: what was noted since is not written')
    await this.#publishing.stop()
    // Without room, ends of sessions are missing: the next start looks for them as after a crash.
    if (whole) {
      await this.#publishing.publish().catch(() => undefined)
      this.#publishing.saveClean()
    }
    await this.#rotation.stop()
    await this.#options.publishing.close()
    this.#options.payloads.close()
    this.#wakeWatchers()
    this.#keys.close()
  }

  #stage(draft: EntryDraft, kept: boolean): EntryId {
    this.#checkClock()
    const id = this.#nextId()
    try {
      this.#stagedIn = this.#log.staging
      this.#writer.write(draft, id, this.#stagedIn, kept)
    } catch (error) {
      // A draft that cannot be an entry leaves a gap with its id: what is known to be missing, and why.
      this.#options.log.error({ kind: draft.kind, reason: (error as Error).message }, 'an entry could not be written')
      if (!kept) this.#refused = new TrailError('GS_TRAIL_ENTRY', undefined, { cause: error })
      this.#writer.write({ kind: 'gap', fields: { reason: 'GS_TRAIL_ENTRY', of: draft.kind } }, id, this.#stagedIn, true)
    }
    this.#stagedAt = this.#stagedIn.entries - 1
    this.#counter++
    this.#log.staged()
    return id
  }

  /** A step of the wall clock is an entry of its own, before the first entry after it. */
  #checkClock(): void {
    const step = this.#clock.step()
    if (step === undefined) return
    this.#writer.write({ kind: 'clock.step', fields: { ms: step } }, this.#nextId(), this.#log.staging, true)
    this.#counter++
    this.#log.staged()
  }

  #nextId(): EntryId {
    return `${this.#boot}.${this.#counter}`
  }

  #unavailable(): TrailError {
    if (this.#closing || this.#log.state === 'closed') return new TrailError('GS_TRAIL_CLOSED')
    return new TrailError(this.#log.state === 'full' ? 'GS_TRAIL_FULL' : 'GS_TRAIL_FAILED')
  }

  #onFull(dropped: number, cause: Error): void {
    this.#missing += dropped
    this.#options.log.error({ cause: cause.message }, 'no room for the next segment of the trail: nothing is forwarded')
  }

  #onResumed(): void {
    this.#options.log.warn({ missing: this.#missing }, 'there is room for the trail again')
    const entries = this.#missing
    this.#missing = 0
    if (entries > 0) this.note({ kind: 'gap', fields: { reason: 'GS_TRAIL_FULL', entries } })
    if (this.#startsWhenResumed) this.#log.whenDurable((error) => !error && !this.#closing && this.startPublishing())
  }

  #onFailed(error: TrailError): void {
    void this.#publishing.stop()
    this.#options.log.error({ cause: (error.cause as Error | undefined)?.message }, error.message)
    this.#fail(error)
    this.#wakeWatchers()
  }

  /** Resolves when there is more than `seen`, the trail has ended, or the signal aborts. */
  #more(seen: LogEnd, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (this.#log.end !== seen || signal?.aborted) return resolve()
      const wake = () => {
        this.#watchers.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#watchers.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }

  #wakeWatchers(): void {
    if (this.#watchers.size === 0) return
    for (const wake of [...this.#watchers]) wake()
  }
}

/** Without a durable key there is nothing to seal under; in practice the disk is full. */
function stored<Key>(make: () => Key): Key {
  try {
    return make()
  } catch (cause) {
    throw new TrailError('GS_TRAIL_FULL', 'A key for payloads could not be stored.', { cause })
  }
}
