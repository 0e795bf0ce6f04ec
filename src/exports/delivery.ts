import { batchOf, type ExportedEvent } from './batch.ts'
import type { CursorStore, ExportCursor, Gap } from './cursor-store.ts'
import { ExportError } from './errors.ts'
import type { ExportCounts, ExportFailure, ExportNews, ExportReading, ExportTested } from './export-state.ts'
import { type BatchBounds, type Gathered, Gathering } from './gathering.ts'
import { failureOf, type SendParts, type Sent, send } from './send.ts'
import type { ExportedLog, Rest } from './source.ts'

/** How long is waited; ms. */
export interface Patience {
  /** Between attempts: the first, doubled each time, up to the last; half of it by chance. */
  readonly first: number
  readonly last: number
  /** How long it takes nothing before the trail is told. */
  readonly failing: number
  /** For one answer. */
  readonly answer: number
}

const PATIENCE: Patience = { first: 1_000, last: 300_000, failing: 30_000, answer: 30_000 }
const BOUNDS: BatchBounds = { events: 500, bytes: 512 * 1024 }
/** Somebody waits for the outcome of a test; ms. */
const TEST_MS = 10_000
/** The longest pause that a receiver may ask for; ms. */
const LONGEST_PAUSE = 3_600_000

export interface DeliveryParts extends Omit<SendParts, 'timeout'> {
  readonly log: ExportedLog
  readonly cursors: Pick<CursorStore, 'find' | 'last' | 'put'>
  readonly rest: Rest
  /** Its reading is another one. */
  readonly changed: () => void
  readonly tell: (news: ExportNews) => void
  /** What was counted under its name before, with other settings. */
  readonly counted?: ExportCounts
  readonly patience?: Patience
  readonly bounds?: BatchBounds
}

/**
 * Sends the log to one receiver: in order, one batch at a time, each until it is taken. What is sent is kept nowhere but in the log; the cursor says how far
 * that was, so that a crash means that a receiver gets some of it twice, and never that it misses something.
 */
export class Delivery {
  readonly #parts: DeliveryParts
  readonly #patience: Patience
  readonly #bounds: BatchBounds
  #cursor: ExportCursor
  #delivered: number
  #failed: number
  #failure: ExportFailure | undefined
  #failingSince: number | undefined
  #isFailingTold = false
  #refused: number | undefined
  /** Which of them the trail was told of. */
  #stuckTold: number | undefined
  #oldest: number | undefined
  #deliveredAt: number | undefined
  /** Events of a batch: fewer after one was refused, until others are taken. */
  #most: number
  #running: { readonly abort: AbortController; readonly over: Promise<void> } | undefined
  /** One move after the other: two would begin it twice. */
  #moving: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #wake: () => void = () => undefined

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#patience = parts.patience ?? PATIENCE
    this.#bounds = parts.bounds ?? BOUNDS
    this.#most = this.#bounds.events
    this.#delivered = parts.counted?.delivered ?? 0
    this.#failed = parts.counted?.failed ?? 0
    this.#cursor = this.#found()
    this.#failingSince = this.#cursor.failingSince
    this.#isFailingTold = this.#failingSince !== undefined
  }

  get reading(): ExportReading {
    const { name, kind } = this.#parts.settings
    // Where the log cannot be read, nobody knows how old the next entry is: at least as old as that.
    const oldest = this.#oldest ?? this.#failingSince
    return {
      ...{ name, kind, state: this.#refused !== undefined ? 'stuck' : this.#failure ? 'failing' : 'running' },
      ...{ cursor: this.#cursor.at, delivered: this.#delivered, failed: this.#failed },
      ...(this.#failure && { lastError: this.#failure }),
      ...(this.#refused !== undefined && { refused: this.#refused }),
      ...(oldest !== undefined && { oldest }),
      ...(this.#deliveredAt !== undefined && { deliveredAt: this.#deliveredAt }),
    }
  }

  start(): void {
    const abort = new AbortController()
    this.#running = { abort, over: this.#run(abort.signal) }
  }

  /** For good. What is on its way is given up: it is sent again after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#moving
    await this.#halt()
  }

  async #halt(): Promise<void> {
    this.#running?.abort.abort()
    await this.#running?.over
    this.#running = undefined
  }

  /** Sends a test event now, whatever else waits. It is none of the log, and says so. */
  async test(id: string, signal: AbortSignal): Promise<ExportTested> {
    const { at } = this.#cursor
    const batch = {
      ...batchOf(this.#parts.log.name, { from: at, to: at }, [], [], Date.now()),
      notices: [{ notice: 'test', id, at: Date.now() } as const],
    }
    const sent = await send(batch, { ...this.#parts, timeout: Math.min(this.#patience.answer, TEST_MS) }, signal)
    const { posted, latency } = sent
    if (sent.outcome === 'taken') this.#wake()
    return {
      ...{ taken: sent.outcome === 'taken', latency },
      ...(posted && { status: posted.status }),
      ...(posted?.tls !== undefined && { tls: posted.tls }),
      ...(sent.outcome !== 'taken' && { error: sent.failure }),
    }
  }

  /** Goes back: what was sent from there on is sent again. @throws ExportError GS_EXPORTS_POSITION, GS_EXPORTS_UNAVAILABLE */
  rewind(to: number): Promise<void> {
    return this.#move((cursor) => {
      if (to < 0 || to > cursor.at) throw new ExportError('GS_EXPORTS_POSITION')
      // What the entries there refer to may have been said anywhere before.
      const { leaf: _, ...rest } = cursor
      return { ...rest, from: to, at: to, context: 0 }
    })
  }

  /** Leaves out the entry that is refused. The receiver is told that it is missing. @throws ExportError GS_EXPORTS_NOT_REFUSED, GS_EXPORTS_UNAVAILABLE */
  skip(entry: number): Promise<void> {
    return this.#move((cursor) => {
      if (this.#refused !== entry) throw new ExportError('GS_EXPORTS_NOT_REFUSED')
      const gap: Gap = { log: this.#parts.log.name, from: entry, to: entry + 1, why: 'skipped' }
      const { leaf: _, ...rest } = cursor
      return { ...rest, at: entry + 1, gaps: [...cursor.gaps, gap] }
    })
  }

  /** @param to where it goes on, from where it stands once nothing is on its way; what it throws leaves it there */
  #move(to: (cursor: ExportCursor) => ExportCursor): Promise<void> {
    const moved = this.#moving.then(async () => {
      if (this.#isClosed) throw new ExportError('GS_EXPORTS_UNAVAILABLE')
      await this.#halt()
      try {
        this.#put(to(this.#cursor))
        this.#refused = undefined
        this.#stuckTold = undefined
        this.#failure = undefined
        this.#oldest = undefined
      } finally {
        this.start()
        this.#parts.changed()
      }
    })
    this.#moving = moved.catch(() => undefined)
    return moved
  }

  /** Where it was, or where it begins. */
  #found(): ExportCursor {
    const { settings, log, cursors, tell } = this.#parts
    const known = cursors.find(settings.name, log.name)
    if (known) return known
    const before = cursors.last(settings.name)
    const at = settings.from === 'now' && !before ? log.published : 0
    const gaps: readonly Gap[] = before ? [...before.gaps, { log: before.log, from: before.at, why: 'set-aside' }] : []
    const failingSince = before?.failingSince
    const cursor: ExportCursor = {
      ...{ export: settings.name, log: log.name, from: at, at, context: 0, gaps },
      ...(failingSince !== undefined && { failingSince }),
    }
    cursors.put(cursor)
    tell({ news: 'begun', from: at, ...(before && { left: { log: before.log, at: before.at } }) })
    return cursor
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { at } = this.#cursor
      try {
        await this.#follow(signal)
      } catch (error) {
        // The log cannot be read, or the cursor not be kept.
        if (signal.aborted) return
        if (this.#cursor.at > at) attempt = 0
        this.#fail(failureOf(error))
        await this.#sleep(this.#wait(attempt), signal)
      }
    }
  }

  /** Reads and sends until the signal aborts. @throws TrailError; what the store throws */
  async #follow(signal: AbortSignal): Promise<void> {
    const { log, settings, rest } = this.#parts
    const gathering = new Gathering(log, settings, rest)
    if (!(await gathering.isOf(this.#cursor, signal))) throw new ExportError('GS_EXPORTS_OTHER_LOG')
    await gathering.learn(this.#cursor, signal)
    while (!signal.aborted) {
      const gathered = await gathering.next(this.#cursor.at, this.#bounds, signal)
      if (signal.aborted) return
      this.#oldest = gathered.oldest
      if (gathered.to === this.#cursor.at && gathered.gaps.length + this.#cursor.gaps.length === 0) {
        this.#parts.changed()
        await log.more(gathered.to, signal)
      } else await this.#deliver(gathered, signal)
    }
  }

  /** Everything that was gathered, in as many batches as it takes. */
  async #deliver({ events, to, leaf, context, gaps }: Gathered, signal: AbortSignal): Promise<void> {
    await this.#untilHeard([...this.#cursor.gaps, ...gaps], signal)
    const whole = { at: to, context: context.after, ...(leaf !== undefined && { leaf }) }
    let left = events
    while (left.length > 0 && !signal.aborted) {
      const part = left.slice(0, this.#most)
      const next = left[part.length]
      const end = next ? next.entry.index : to
      const isTaken = await this.#untilTaken({ from: this.#cursor.from, to: end }, part, signal)
      if (!isTaken) continue
      const { leaf: _, ...before } = this.#cursor
      this.#put({ ...before, ...(next ? { at: end, context: context.before } : whole), from: end })
      this.#delivered += part.length
      this.#oldest = next ? Date.parse(next.entry.at) : undefined
      this.#most = Math.min(this.#bounds.events, this.#most * 2)
      left = left.slice(part.length)
    }
    if (signal.aborted) return
    // What the filter left out behind the last that was sent.
    if (this.#cursor.at < to) this.#put({ ...this.#cursor, ...whole })
    this.#parts.changed()
  }

  /**
   * Tells what the receiver does not get, by itself: whoever refuses to hear it is none the less sent the entries, among which the log says it too.
   */
  async #untilHeard(gaps: readonly Gap[], signal: AbortSignal): Promise<void> {
    const { from } = this.#cursor
    for (let attempt = 0; gaps.length > 0; attempt++) {
      const sent = await this.#attempt(batchOf(this.#parts.log.name, { from, to: from }, [], gaps, Date.now()), signal)
      if (sent === undefined) return
      if (sent.outcome !== 'again') {
        if (sent.outcome === 'taken') this.#succeed()
        else this.#failed++
        return this.#put({ ...this.#cursor, gaps: [] })
      }
      this.#fail(sent.failure)
      await this.#sleep(Math.max(this.#wait(attempt), Math.min(sent.pause ?? 0, LONGEST_PAUSE)), signal)
      if (signal.aborted) return
    }
  }

  /** @returns false where it is refused and should be sent in smaller parts, or the signal aborted */
  async #untilTaken(
    range: { readonly from: number; readonly to: number },
    events: readonly ExportedEvent[],
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      const sent = await this.#attempt(batchOf(this.#parts.log.name, range, events, [], Date.now()), signal)
      if (sent === undefined) return false
      if (sent.outcome === 'taken') {
        this.#succeed()
        return true
      }
      if (sent.outcome === 'refused' && events.length > 1) {
        this.#most = Math.max(1, Math.floor(events.length / 2))
        this.#failed++
        return false
      }
      this.#fail(sent.failure)
      const [alone] = events
      this.#refuse(sent.outcome === 'refused' ? alone?.entry.index : undefined, sent)
      this.#parts.changed()
      const pause = sent.outcome === 'again' ? Math.min(sent.pause ?? 0, LONGEST_PAUSE) : 0
      await this.#sleep(Math.max(this.#wait(attempt), pause), signal)
    }
  }

  async #attempt(batch: ReturnType<typeof batchOf>, signal: AbortSignal): Promise<Sent | undefined> {
    try {
      return await send(batch, this.#sending, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  get #sending(): SendParts {
    return { ...this.#parts, timeout: this.#patience.answer }
  }

  #put(cursor: ExportCursor): void {
    this.#parts.cursors.put(cursor)
    this.#cursor = cursor
  }

  /** What may be told twice, where there is no room for it now. */
  #keep(cursor: ExportCursor): void {
    this.#cursor = cursor
    try {
      this.#parts.cursors.put(cursor)
    } catch {
      // The cursor moves on no disk without room either: that is the failure that is told.
    }
  }

  #succeed(): void {
    const { tell } = this.#parts
    if (this.#isFailingTold) {
      tell({ news: 'recovered', cursor: this.#cursor.at, seconds: Math.round((Date.now() - (this.#failingSince ?? Date.now())) / 1_000) })
      const { failingSince: _, ...cursor } = this.#cursor
      this.#keep(cursor)
    }
    this.#isFailingTold = false
    this.#failingSince = undefined
    this.#failure = undefined
    this.#refused = undefined
    this.#deliveredAt = Date.now()
  }

  #fail(failure: Omit<ExportFailure, 'at'>): void {
    const now = Date.now()
    this.#failed++
    this.#failure = { ...failure, at: now }
    this.#failingSince ??= now
    if (!this.#isFailingTold && now - this.#failingSince >= this.#patience.failing) {
      this.#isFailingTold = true
      this.#parts.tell({ news: 'failing', code: failure.code, cursor: this.#cursor.at })
      this.#keep({ ...this.#cursor, failingSince: this.#failingSince })
    }
    this.#parts.changed()
  }

  /** @param entry that is refused; undefined where none is any more */
  #refuse(entry: number | undefined, { posted }: Sent): void {
    if (entry !== undefined && entry !== this.#stuckTold) {
      this.#stuckTold = entry
      this.#parts.tell({ news: 'stuck', entry, status: posted?.status ?? 0 })
    }
    this.#refused = entry
  }

  #wait(attempt: number): number {
    const { first, last } = this.#patience
    return Math.min(last, first * 2 ** Math.min(attempt, 20)) * (0.5 + Math.random() / 2)
  }

  /** Ends early where somebody found that the receiver takes what is sent. */
  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', over)
        this.#wake = () => undefined
        resolve()
      }
      const timer = setTimeout(over, ms)
      this.#wake = over
      if (signal.aborted) over()
      else signal.addEventListener('abort', over, { once: true })
    })
  }
}
