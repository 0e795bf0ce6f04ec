import { TrailError } from './errors.ts'
import type { KeyStore } from './key-store.ts'
import type { PruneOrder, Publication, Published, Publishing } from './published.ts'
import type { Proven } from './trail.ts'
import type { TrailLog } from './trail-log.ts'
import type { LogEnd } from './write-ahead.ts'

/** A publication begins this long after the last one began, ms. */
const PUBLISH_MS = 800

/** It begins sooner where so much waits that the oldest entry would have its checkpoint later than this otherwise, ms. */
const LATEST_MS = 850

/** What it takes to publish one entry, ms, as long as nobody knows better. */
const FIRST_GUESS_MS = 0.02

/** A publication of fewer entries than this tells more of the disk than of what an entry takes. */
const ENOUGH_TO_TELL = 1000

export interface PublishClockOptions {
  readonly publishing: Publishing
  readonly published: Published
  readonly store: KeyStore
  /** Where the durable part of the write-ahead file ends now. */
  readonly end: () => LogEnd
  /** Whether checkpoints may be signed by now. */
  readonly maySign: () => boolean
  readonly log: TrailLog
  readonly advanced: (publication: Publication) => void
  /** Publishing failed for good. */
  readonly failed: (error: TrailError) => void
}

/** Has the log published in time, and tells the key store how far it is, so that a log that comes back shorter is noticed. */
export class PublishClock {
  readonly #options: PublishClockOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<Publication> | undefined
  #last: Publication
  /** Batches and published entries that the key store knows of. */
  #saved = ''
  #noRoom = false
  #broken = false
  /** When the oldest entry that no checkpoint covers became durable, as far as is known; ms of the monotonic clock. */
  #behindSince: number | undefined
  /** When the last publication began. */
  #began = 0
  /** What it took lately to publish one entry, ms. */
  #perEntry = FIRST_GUESS_MS

  constructor(options: PublishClockOptions) {
    this.#options = options
    this.#last = { published: options.published, checkpoint: undefined }
  }

  get published(): Published {
    return this.#last.published
  }

  get proven(): Proven {
    const { published, checkpoint } = this.#last
    return { size: published.size, root: published.root, minimum: published.minimum, checkpoint, age: this.age }
  }

  /** How long the oldest entry without a checkpoint has been durable; 0 where every one has one. ms */
  get age(): number {
    return this.#behindSince === undefined ? 0 : performance.now() - this.#behindSince
  }

  /** More is durable. */
  advanced(): void {
    const now = performance.now()
    this.#behindSince ??= now
    if (this.#timer === undefined || this.#running !== undefined || this.#noRoom) return
    const waiting = this.#options.end().entries - this.#last.published.size
    // Where nothing may be signed yet, what is behind may be older than what is not published.
    const oldest = Math.max(this.#behindSince, this.#began)
    if (now - oldest + waiting * this.#perEntry < LATEST_MS) return
    this.#timer.refresh()
    this.#tick()
  }

  /** Publishes now and from now on. */
  start(): void {
    this.#timer = setInterval(() => this.#tick(), PUBLISH_MS)
    this.#timer.unref()
    this.#tick()
  }

  #tick(): void {
    if (this.#running !== undefined) return
    if (this.#options.end().entries > this.#signed()) this.publish().catch(() => undefined)
    else this.#save(false)
  }

  /**
   * Publishes everything that is durable when it is called.
   * @throws TrailError GS_TRAIL_FULL where there is no room, GS_TRAIL_FAILED
   */
  async publish(): Promise<Publication> {
    // What runs may have begun before the newest entry was durable.
    if (this.#running) await this.#running.catch(() => undefined)
    this.#running ??= this.#publish().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Between publications, step by step. */
  async prune(order: PruneOrder): Promise<void> {
    for (let done = false; !done; ) {
      const step = await this.#options.publishing.prune(order)
      // A publication that began meanwhile knows of it too: orders are taken one after the other.
      if (step.published.size >= this.#last.published.size) this.#last = { ...this.#last, published: step.published }
      this.#options.advanced(this.#last)
      done = step.done
    }
  }

  /** The same for what keys sealed. */
  async erase(keys: readonly string[]): Promise<void> {
    while (!(await this.#options.publishing.erase(keys)));
  }

  /** Nothing is under way any more, and nothing begins by itself. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => undefined)
  }

  /** Saves that the log was closed in order. */
  saveClean(): void {
    this.#save(true)
  }

  async #publish(): Promise<Publication> {
    if (this.#broken) throw new TrailError('GS_TRAIL_FAILED')
    const { publishing, end, maySign, log, advanced, failed } = this.#options
    const { segment, offset, batches, mac, entries } = end()
    const since = performance.now()
    this.#began = since
    // Before any of it is signed: a folder that is put back to before this publication is then known to be too short.
    this.#save(false)
    const before = this.#last.published.size
    try {
      const release = this.#last.published.wal.segment
      this.#last = await publishing.publish({ end: { segment, offset, batches, mac, entries }, release, sign: maySign() })
    } catch (cause) {
      if (isNoRoom(cause)) {
        if (!this.#noRoom) log.error({ cause: (cause as Error).message }, 'no room to publish the trail: checkpoints wait')
        this.#noRoom = true
        throw new TrailError('GS_TRAIL_FULL', 'There is no room to publish the log.', { cause })
      }
      this.#broken = true
      const error = cause instanceof TrailError ? cause : new TrailError('GS_TRAIL_FAILED', 'Publishing the trail failed.', { cause })
      failed(error)
      throw error
    }
    this.#noRoom = false
    this.#learn(this.#last.published.size - before, performance.now() - since)
    if (this.#last.checkpoint !== undefined) this.#behindSince = end().entries > this.#last.published.size ? since : undefined
    this.#save(false)
    advanced(this.#last)
    return this.#last
  }

  /** The dearer of now and lately counts: a checkpoint that comes too soon costs little. */
  #learn(entries: number, ms: number): void {
    if (entries >= ENOUGH_TO_TELL) this.#perEntry = Math.max(ms / entries, (this.#perEntry + ms / entries) / 2)
  }

  /** Entries that a checkpoint covers. */
  #signed(): number {
    return this.#last.checkpoint === undefined ? 0 : this.#last.published.size
  }

  #save(clean: boolean): void {
    const { store, end, log } = this.#options
    const { segment, offset, batches, entries, mac } = end()
    const { size, root } = this.#last.published
    const saved = `${batches} ${size}`
    if (!clean && saved === this.#saved) return
    try {
      store.saveState({ segment, offset, batches, entries, mac, size, root, clean })
      this.#saved = saved
    } catch (error) {
      // An older state only makes the next start look at more.
      log.warn({ cause: (error as Error).message }, 'the state of the trail could not be saved')
    }
  }
}

/** Of files and of SQLite. Errors that came from another thread are only their properties. */
function isNoRoom(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === 13
}
