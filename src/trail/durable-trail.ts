import { randomBytes } from 'node:crypto'
import { EntryClock, type TrailClock } from './entry-clock.ts'
import { EntryWriter } from './entry-writer.ts'
import { TrailError } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { LogReader } from './log-reader.ts'
import type { SessionOpenFields } from './operation-entries.ts'
import type { Recovered } from './recovery.ts'
import { SavedState } from './saved-state.ts'
import type { SegmentFiles } from './segment-files.ts'
import { storedEntry } from './stored-entry.ts'
import type { EntryDraft, EntryId, PayloadKey, ReadOptions, StoredEntry, Trail } from './trail.ts'
import type { TrailLog } from './trail-log.ts'
import { type LogEnd, largestRecord, WriteAhead } from './write-ahead.ts'

/** Entries kept while there is no room, bytes; what comes after that is counted in a `gap`. */
const KEPT_WITHOUT_ROOM = 16 * 1024 * 1024

export interface DurableTrailOptions {
  readonly files: SegmentFiles
  readonly store: KeyStore
  readonly keys: KeyRing
  /** Of the batches. */
  readonly key: Uint8Array
  readonly origin: string
  readonly instance: string
  readonly segmentBytes: number
  readonly clock: TrailClock
  readonly log: TrailLog
  readonly recovered: Recovered
  readonly end: LogEnd
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
  readonly #saved: SavedState
  readonly #watchers = new Set<() => void>()
  #counter = 0
  #closing = false
  /** Why the entry appended last was not staged; told to whoever waits next. */
  #refused: TrailError | undefined
  #missing = 0
  #savesWhenResumed = false
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
      advanced: () => this.#wakeWatchers(),
      full: (dropped, cause) => this.#onFull(dropped, cause),
      resumed: () => this.#onResumed(),
      failed: (error) => this.#onFailed(error),
    })
    this.#saved = new SavedState(options.store, () => this.#log.end, options.log)
  }

  /** From now on the state is saved, once what recovery found open is closed in the log: then the next start need not look for it. */
  saveStates(): void {
    this.#savesWhenResumed = this.#log.state === 'full'
    if (!this.#savesWhenResumed) this.#saved.start()
  }

  get state(): 'open' | 'full' | 'failed' | 'closed' {
    return this.#closing ? 'closed' : this.#log.state
  }

  append(draft: EntryDraft): EntryId {
    if (this.#closing || this.#log.state !== 'open') {
      this.#refused = this.#unavailable()
      return this.#nextId()
    }
    return this.#stage(draft, false)
  }

  note(draft: EntryDraft): EntryId {
    const { state } = this.#log
    if (this.#closing || state === 'failed' || state === 'closed') return this.#nextId()
    if (state === 'full' && this.#log.stagedBytes > KEPT_WITHOUT_ROOM) {
      this.#missing++
      return this.#nextId()
    }
    return this.#stage(draft, true)
  }

  whenDurable(then: (error: TrailError | undefined) => void): void {
    const refused = this.#refused
    this.#refused = undefined
    if (this.#closing || this.#log.state !== 'open') then(refused ?? this.#unavailable())
    else if (refused) this.#log.whenDurable((error) => then(error ?? refused))
    else this.#log.whenDurable(then)
  }

  durable(draft: EntryDraft): Promise<EntryId> {
    return new Promise((resolve, reject) => {
      const id = this.append(draft)
      this.whenDurable((error) => (error ? reject(error) : resolve(id)))
    })
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

  async *read({ from = 0, follow = false, signal, before }: ReadOptions = {}): AsyncGenerator<StoredEntry> {
    const first = from < 0 ? Math.max(0, this.#log.end.entries + from) : from
    const reader = new LogReader(this.#options.files, this.#options.key, () => this.#log.end)
    await reader.seek(before ? 0 : first)
    while (!signal?.aborted) {
      const seen = this.#log.end
      const records = await reader.next()
      if (records) {
        for (const record of records) {
          if (signal?.aborted) return
          const entry = () => storedEntry(record, this.#options.origin, this.#keys)
          if (record.index >= first) yield entry()
          else before?.(entry())
        }
      } else if (!follow || this.state === 'closed' || this.state === 'failed') return
      else await this.#more(seen, signal)
    }
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#saved.stop()
    const full = this.#log.state === 'full'
    if (full) this.#options.log.error({}, 'the trail closes without room: what was noted since is not written')
    await this.#log.close()
    // Without room, ends of sessions are missing: the next start looks for them as after a crash.
    if (this.#log.state === 'closed' && !full) this.#saved.saveClean()
    this.#wakeWatchers()
    this.#keys.close()
  }

  #stage(draft: EntryDraft, kept: boolean): EntryId {
    this.#checkClock()
    const id = this.#nextId()
    try {
      this.#writer.write(draft, id, this.#log.staging, kept)
      if (draft.kind === 'session.open') this.#saved.opened((draft.fields as SessionOpenFields).session)
      else if (draft.kind === 'session.close') this.#saved.closed((draft.fields as SessionOpenFields).session)
    } catch (error) {
      // A draft that cannot be an entry leaves a gap with its id: what is known to be missing, and why.
      this.#options.log.error({ kind: draft.kind, reason: (error as Error).message }, 'an entry could not be written')
      if (!kept) this.#refused = new TrailError('GS_TRAIL_ENTRY', undefined, { cause: error })
      this.#writer.write({ kind: 'gap', fields: { reason: 'GS_TRAIL_ENTRY', of: draft.kind } }, id, this.#log.staging, true)
    }
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
    if (this.#savesWhenResumed) this.#log.whenDurable((error) => !error && !this.#closing && this.saveStates())
  }

  #onFailed(error: TrailError): void {
    this.#saved.stop()
    this.#options.log.error({ cause: (error.cause as Error).message }, error.message)
    this.#fail(error)
    this.#wakeWatchers()
  }

  /** Resolves when there is more than `seen`, the trail has ended, or the signal aborts. */
  #more(seen: LogEnd, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (this.#log.end !== seen) return resolve()
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
