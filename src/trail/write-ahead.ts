import { finishBatch } from './batch.ts'
import { TrailError } from './errors.ts'
import { Gathering, type Loop } from './gathering.ts'
import { SEGMENT_HEADER_BYTES, segmentName } from './segment.ts'
import type { SegmentFiles, WritableSegment } from './segment-files.ts'
import { SegmentSupply } from './segment-supply.ts'
import { StagedBatch, type Waiter } from './staged-batch.ts'
import type { EntryKind } from './trail.ts'

/** A batch takes no more records once it has this many bytes, or a quarter of a segment. */
const BATCH_BYTES = 1 << 20

/** The largest record that a segment of this size is sure to hold, behind a batch that was nearly full. */
export function largestRecord(segmentBytes: number): number {
  return Math.floor(segmentBytes / 2)
}

/** Where the log ends: everything before is durable. */
export interface LogEnd {
  readonly segment: number
  readonly offset: number
  readonly batches: number
  readonly entries: number
  readonly mac: Buffer
}

/** Is told of what is written, so that somebody can count. Takes no time and never throws. */
export interface TrailMeter {
  /** An entry was staged. */
  staged(kind: EntryKind): void
  /**
   * A batch became durable.
   * @param waited ms from the moment its first entry was staged
   * @param wrote ms of that, the write alone
   */
  wrote(entries: number, bytes: number, waited: number, wrote: number): void
}

export interface WriteAheadOptions {
  readonly files: SegmentFiles
  readonly origin: string
  readonly instance: string
  readonly key: Uint8Array
  readonly segmentBytes: number
  /** Where to go on. The segment exists. */
  readonly end: LogEnd
  /** Whether the segment after it exists. */
  readonly nextExists: boolean
  /** Absent where nobody counts. */
  readonly meter?: TrailMeter | undefined
  /** By default this thread's. */
  readonly loop?: Loop
  /** More is durable. */
  readonly advanced: () => void
  /** No room for another segment. */
  readonly full: (cause: Error) => void
  /** No room: an entry that was staged is not kept. What should stand in its place is put into the batch. */
  readonly dropped: (entry: Buffer, batch: StagedBatch) => void
  /** There is room again; what was kept is written next. */
  readonly resumed: () => void
  readonly failed: (error: TrailError) => void
}

/**
 * Batches to disk, one write at a time: what is staged while a write runs, or in the same turns of the event loop (`gathering.ts`), is the next batch.
 * There is no linger timer.
 */
export class WriteAhead {
  readonly #options: WriteAheadOptions
  readonly #supply: SegmentSupply
  readonly #gathering: Gathering
  readonly #written = (error: Error | undefined) => this.#onWritten(error)
  readonly #pump = () => this.#write()
  readonly #batchBytes: number
  #segment: WritableSegment
  #end: LogEnd
  /** The first is written next, records go to the last. */
  #staged: StagedBatch[] = [new StagedBatch()]
  #spare: StagedBatch[] = []
  #flying: StagedBatch | undefined
  #flyingMac: Buffer
  /** When its write began; ms of the monotonic clock. */
  #flyingSince = 0
  /** Who is being told of the last batch, in order: whoever asks meanwhile is told after them. */
  #telling: Waiter[] | undefined
  #scheduled = false
  #rolls = false
  #state: 'open' | 'full' | 'failed' | 'closed' = 'open'
  #allocationError: Error = new Error('no segment could be made')

  constructor(options: WriteAheadOptions) {
    this.#options = options
    this.#gathering = new Gathering(options.loop)
    this.#batchBytes = Math.min(BATCH_BYTES, options.segmentBytes / 4)
    this.#end = options.end
    this.#flyingMac = options.end.mac
    this.#segment = options.files.openForWriting(segmentName(options.end.segment))
    this.#supply = new SegmentSupply(
      {
        files: options.files,
        origin: options.origin,
        instance: options.instance,
        size: options.segmentBytes,
        ready: () => this.#onRoom(),
        failed: (error) => this.#onNoRoom(error),
      },
      options.end.segment + 1,
    )
    this.#supply.start(options.nextExists)
  }

  get state(): 'open' | 'full' | 'failed' | 'closed' {
    return this.#state
  }

  get end(): LogEnd {
    return this.#end
  }

  /** Bytes staged and not yet being written. */
  get stagedBytes(): number {
    return this.#staged.reduce((sum, batch) => sum + batch.length, 0)
  }

  /** The batch to put a record into; `staged()` says that it is there. */
  get staging(): StagedBatch {
    const last = this.#staged[this.#staged.length - 1] as StagedBatch
    if (last.length < this.#batchBytes) return last
    const fresh = this.#spare.pop() ?? new StagedBatch()
    this.#staged.push(fresh)
    return fresh
  }

  staged(): void {
    if (this.#options.meter !== undefined) {
      const last = this.#staged[this.#staged.length - 1] as StagedBatch
      if (last.entries === 1) last.since = performance.now()
    }
    if (!this.#scheduled && this.#flying === undefined && this.#state === 'open') this.#schedule()
  }

  /** Calls back once everything staged so far is durable; at once where it already is. Only while the state is `open`. */
  whenDurable(then: Waiter): void {
    const last = this.#staged[this.#staged.length - 1] as StagedBatch
    if (last.entries > 0) last.waiters.push(then)
    else if (this.#staged.length > 1) (this.#staged[this.#staged.length - 2] as StagedBatch).waiters.push(then)
    else if (this.#flying) this.#flying.waiters.push(then)
    else if (this.#telling) this.#telling.push(then)
    else then(undefined)
  }

  /** The next batch goes to a segment of its own, so that the one before it can be removed once it is published. @returns false where there is no room for one */
  roll(): boolean {
    if (this.#end.offset === SEGMENT_HEADER_BYTES) return true
    this.#rolls = this.#supply.state !== 'failed'
    return this.#rolls
  }

  /** Publishing failed for good: nothing is written any more. */
  abandon(error: TrailError): void {
    if (this.#state === 'open' || this.#state === 'full') this.#failWith(error)
  }

  /** Writes what is staged, as far as there is room, and closes the segment. @returns whether all of it was written */
  async close(): Promise<boolean> {
    if (this.#state === 'open') await new Promise<void>((resolve) => this.whenDurable(() => resolve()))
    const whole = this.#state === 'open'
    if (this.#state !== 'failed') this.#state = 'closed'
    await this.#supply.stop()
    this.#segment.close()
    return whole
  }

  #schedule(): void {
    this.#scheduled = true
    this.#gathering.begin()
    setImmediate(this.#pump)
  }

  #write(): void {
    const batch = this.#staged[0] as StagedBatch
    // One that is full waits for nobody.
    if (this.#state === 'open' && this.#staged.length === 1 && this.#gathering.waits(batch.waiters.length)) {
      setImmediate(this.#pump)
      return
    }
    this.#scheduled = false
    if (this.#flying || this.#state !== 'open' || batch.entries === 0) return
    this.#gathering.writes(batch.waiters.length)
    // Where there is no other segment, the one that is open still has room: only who wanted another one goes without.
    if (this.#supply.state === 'failed') this.#rolls = false
    while (this.#rolls || this.#end.offset + batch.length > this.#segment.size) if (!this.#roll()) return
    this.#staged.shift()
    if (this.#staged.length === 0) this.#staged.push(this.#spare.pop() ?? new StagedBatch())
    this.#flying = batch
    const mac = finishBatch(batch.bytes, this.#options.key, this.#end.batches, this.#end.entries, this.#end.mac)
    // Another batch overwrites this buffer: what outlives it is copied.
    this.#flyingMac = Buffer.from(mac)
    if (this.#options.meter !== undefined) this.#flyingSince = performance.now()
    this.#segment.write(batch.bytes, this.#end.offset, this.#written)
  }

  #onWritten(error: Error | undefined): void {
    const batch = this.#flying
    // Abandoned meanwhile: whoever waited has been told.
    if (batch === undefined) return
    if (error) {
      this.#fail(error)
      return
    }
    const { segment, offset, batches, entries } = this.#end
    this.#end = {
      segment,
      offset: offset + batch.length,
      batches: batches + 1,
      entries: entries + batch.entries,
      mac: this.#flyingMac,
    }
    this.#flying = undefined
    this.#count(batch)
    const { waiters, placed } = batch
    batch.firstIndex = entries
    batch.reset()
    this.#spare.push(batch)
    this.#telling = waiters
    for (const [place, tell] of placed) tell(entries + place)
    for (const waiter of waiters) waiter(undefined)
    this.#telling = undefined
    this.#options.advanced()
    if ((this.#staged[0] as StagedBatch).entries > 0) this.staged()
  }

  #count({ entries, length, since }: StagedBatch): void {
    const { meter } = this.#options
    if (meter === undefined) return
    const now = performance.now()
    // What was kept without room waited for the room, and not for the disk.
    meter.wrote(entries, length, since === 0 ? now - this.#flyingSince : now - since, now - this.#flyingSince)
  }

  /** @returns whether there is a new segment to write to */
  #roll(): boolean {
    if (this.#supply.state !== 'ready') {
      if (this.#supply.state === 'failed') this.#becomeFull()
      return false
    }
    const segment = this.#supply.take()
    try {
      const next = this.#options.files.openForWriting(segmentName(segment))
      this.#segment.close()
      this.#segment = next
    } catch (error) {
      this.#fail(error as Error)
      return false
    }
    this.#end = { ...this.#end, segment, offset: SEGMENT_HEADER_BYTES }
    this.#rolls = false
    return true
  }

  #onRoom(): void {
    if (this.#state === 'full') {
      this.#state = 'open'
      this.#options.resumed()
    }
    this.staged()
  }

  #onNoRoom(error: Error): void {
    this.#allocationError = error
    // The segment in hand may have room still; a batch that does not fit into it finds out in #roll.
    this.staged()
  }

  #becomeFull(): void {
    this.#state = 'full'
    const batches = this.#staged
    // Batch by batch: together they may be larger than a segment.
    this.#staged = batches.map((batch) => {
      const kept = new StagedBatch()
      kept.takeKept(batch, (entry) => this.#options.dropped(entry, kept))
      return kept
    })
    this.#staged = this.#staged.filter((batch, at) => batch.entries > 0 || at === batches.length - 1)
    this.#options.full(this.#allocationError)
    const error = new TrailError('GS_TRAIL_FULL')
    for (const batch of batches) for (const waiter of batch.waiters) waiter(error)
  }

  #fail(cause: Error): void {
    this.#failWith(new TrailError('GS_TRAIL_FAILED', `Writing to segment ${segmentName(this.#end.segment)} failed.`, { cause }))
  }

  #failWith(error: TrailError): void {
    this.#state = 'failed'
    const batches = this.#flying ? [this.#flying, ...this.#staged] : this.#staged
    this.#flying = undefined
    this.#staged = [new StagedBatch()]
    this.#options.failed(error)
    for (const { placed, waiters } of batches) {
      for (const [, tell] of placed) tell(undefined)
      for (const waiter of waiters) waiter(error)
    }
  }
}
