import { randomBytes } from 'node:crypto'
import { EntryClock, type TrailClock } from './entry-clock.ts'
import { EntryWriter } from './entry-writer.ts'
import { TrailError } from './errors.ts'
import type { Placed, StagedBatch } from './staged-batch.ts'
import type { EntryDraft, EntryId, Recorded } from './trail.ts'
import type { TrailLog } from './trail-log.ts'
import { type LogEnd, largestRecord, WriteAhead, type WriteAheadOptions } from './write-ahead.ts'

/** Entries kept while there is no room, bytes; what comes after that is counted in a `gap`. */
const KEPT_WITHOUT_ROOM = 16 * 1024 * 1024

export interface AppendingOptions
  extends Pick<WriteAheadOptions, 'files' | 'origin' | 'instance' | 'key' | 'segmentBytes' | 'end' | 'nextExists' | 'meter'> {
  readonly clock: TrailClock
  readonly log: TrailLog
  /** More is durable. */
  readonly advanced: () => void
  /** There is room again; what was kept is written next. */
  readonly resumed: () => void
  readonly failed: (error: TrailError) => void
}

/** From drafts to durable entries: gives each its id and its time, and says what is missing where one cannot be written. */
export class Appending {
  readonly #options: AppendingOptions
  readonly #log: WriteAhead
  readonly #clock: EntryClock
  readonly #writer: EntryWriter
  readonly #boot = randomBytes(5).toString('hex')
  #counter = 0
  #closing = false
  /** Why the entry appended last was not staged; told to whoever waits next. */
  #refused: TrailError | undefined
  /** Noted beyond what is kept without room. */
  #missing = 0
  /** Where the entry staged last is. */
  #stagedIn: StagedBatch
  #stagedAt = 0

  constructor(options: AppendingOptions) {
    this.#options = options
    this.#clock = new EntryClock(options.clock)
    this.#writer = new EntryWriter(options.origin, this.#clock, largestRecord(options.segmentBytes))
    this.#log = new WriteAhead({
      ...options,
      full: (cause) => options.log.error({ cause: cause.message }, 'no room for the next segment of the trail: nothing is forwarded'),
      // What was staged and is not kept leaves a gap with its id, so that no crash can leave a hole that nobody explains.
      dropped: (entry, batch) => this.#writer.writeGap(entry, 'GS_TRAIL_FULL', batch),
      resumed: () => this.#onResumed(),
    })
    this.#stagedIn = this.#log.staging
  }

  get state(): 'open' | 'full' | 'failed' | 'closed' {
    return this.#closing ? 'closed' : this.#log.state
  }

  /** Where the durable part ends. */
  get end(): LogEnd {
    return this.#log.end
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
    if (this.#closing || state === 'failed' || state === 'closed') {
      placed?.(undefined)
      return this.#nextId()
    }
    if (state === 'full' && this.#log.stagedBytes > KEPT_WITHOUT_ROOM) {
      this.#missing++
      placed?.(undefined)
      return this.#takeId()
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

  /** The next batch goes to a segment of its own. @returns false where there is no room for one */
  roll(): boolean {
    return this.#log.roll()
  }

  /** Nothing is written any more. */
  abandon(error: TrailError): void {
    this.#log.abandon(error)
  }

  /** Writes what is staged, as far as there is room. @returns whether all of it was written */
  async close(): Promise<boolean> {
    this.#closing = true
    const whole = await this.#log.close()
    if (!whole && this.#log.state === 'closed')
      this.#options.log.error({}, 'the trail closes without room: what was noted since is not written')
    return whole
  }

  #stage(draft: EntryDraft, kept: boolean): EntryId {
    this.#checkClock()
    const id = this.#takeId()
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
    this.#options.meter?.staged(draft.kind)
    this.#log.staged()
    return id
  }

  /** A step of the wall clock is an entry of its own, before the first entry after it. */
  #checkClock(): void {
    const step = this.#clock.step()
    if (step === undefined) return
    this.#writer.write({ kind: 'clock.step', fields: { ms: step } }, this.#takeId(), this.#log.staging, true)
    this.#log.staged()
  }

  #nextId(): EntryId {
    return `${this.#boot}.${this.#counter}`
  }

  #takeId(): EntryId {
    const id = this.#nextId()
    this.#counter++
    return id
  }

  #unavailable(): TrailError {
    if (this.#closing || this.#log.state === 'closed') return new TrailError('GS_TRAIL_CLOSED')
    return new TrailError(this.#log.state === 'full' ? 'GS_TRAIL_FULL' : 'GS_TRAIL_FAILED')
  }

  #onResumed(): void {
    this.#options.log.warn({ missing: this.#missing }, 'there is room for the trail again')
    const entries = this.#missing
    this.#missing = 0
    // It is the first entry behind the hole that it tells of: they are durable together.
    if (entries > 0) this.note({ kind: 'gap', fields: { reason: 'GS_TRAIL_FULL', entries } })
    this.#options.resumed()
  }
}
