import type { ChannelLog } from './channel.ts'

/** It was not taken; thrown by `send` where more is known than that. */
export class NotTaken extends Error {
  /** How long nothing at all should be sent, ms. */
  readonly pause: number | undefined

  constructor(message: string, pause?: number) {
    super(message)
    this.pause = pause
  }
}

export interface OutboxOptions<Item> {
  /** Delivers one; throws where it was not taken, and is called with it again later. */
  readonly send: (item: Item, signal: AbortSignal) => Promise<void>
  readonly log: ChannelLog
  /** What lines call it: `webhook`. */
  readonly name: string
  /** Sent at the same time, of different lanes. */
  readonly atOnce: number
  /** Between the starts of two; ms. */
  readonly gap?: number
  /** Of a lane only the latest counts. */
  readonly latestOnly?: boolean
  /** Waits between attempts, ms: the first, doubled each time, up to the last. */
  readonly backOff?: { readonly first: number; readonly last: number }
  /** How many may wait. */
  readonly most?: number
  /** How long one is tried for, ms. */
  readonly lasts?: number
}

interface Lane<Item> {
  readonly key: string
  readonly waiting: { readonly item: Item; readonly since: number }[]
  isSending: boolean
  failures: number
  notBefore: number
}

/** The longest pause that somebody outside may ask for; ms. */
const LONGEST_PAUSE = 3_600_000
/** How long a close waits; ms. */
const GRACE_MS = 1_000

/**
 * What is on its way to somebody outside who may be slow or gone: in memory, bounded, in order within a lane, tried again for a day. Whoever puts
 * something in never waits.
 */
export class Outbox<Item> {
  readonly #options: Required<OutboxOptions<Item>>
  readonly #lanes = new Map<string, Lane<Item>>()
  readonly #ending = new AbortController()
  #count = 0
  #sending = 0
  #dropped = 0
  /** Why the last one was not taken. */
  #failure: string | undefined
  #isClosing = false
  /** Until when somebody outside wants to be left alone, and until when the last one sent keeps the next; ms since the epoch. */
  #pausedUntil = 0
  #gapUntil = 0
  #timer: NodeJS.Timeout | undefined
  #idle: (() => void) | undefined

  constructor(options: OutboxOptions<Item>) {
    const backOff = { first: 1_000, last: 300_000 }
    this.#options = { gap: 0, latestOnly: false, most: 5_000, lasts: 24 * 3_600_000, backOff, ...options }
  }

  /** How many wait, and why the last one was not taken, where it was not. */
  get state(): { readonly waiting: number; readonly failure: string | undefined } {
    return { waiting: this.#count, failure: this.#failure }
  }

  /** @param key of the lane: within it nothing overtakes */
  push(key: string, item: Item): void {
    if (this.#ending.signal.aborted) return
    const lane = this.#lanes.get(key) ?? { key, waiting: [], isSending: false, failures: 0, notBefore: 0 }
    if (this.#options.latestOnly) this.#count -= lane.waiting.splice(0).length
    if (this.#count >= this.#options.most) {
      this.#drop('more waits than may')
      return
    }
    this.#count++
    lane.waiting.push({ item, since: Date.now() })
    this.#lanes.set(key, lane)
    this.#pump()
  }

  /** Sends what can be sent at once, then gives up. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#pump()
    if (this.#sending > 0 || this.#next(Date.now()) !== undefined) {
      const grace = setTimeout(() => this.#idle?.(), GRACE_MS)
      await new Promise<void>((idle) => {
        this.#idle = idle
      })
      clearTimeout(grace)
    }
    clearTimeout(this.#timer)
    this.#ending.abort()
    if (this.#count > 0)
      this.#options.log.warn({ channel: this.#options.name, dropped: this.#count }, 'notifications were not delivered before the end')
    this.#lanes.clear()
    this.#count = 0
  }

  #pump(): void {
    for (;;) {
      const now = Date.now()
      const lane = this.#sending < this.#options.atOnce && now >= this.#notBefore ? this.#next(now) : undefined
      if (lane === undefined) break
      this.#gapUntil = now + this.#options.gap
      void this.#deliver(lane)
    }
    if (this.#isClosing && this.#sending === 0 && this.#next(Date.now()) === undefined) this.#idle?.()
    this.#wake()
  }

  /** A burst at the end is better than not to be told. */
  get #notBefore(): number {
    return this.#isClosing ? this.#pausedUntil : Math.max(this.#pausedUntil, this.#gapUntil)
  }

  #next(now: number): Lane<Item> | undefined {
    for (const lane of this.#lanes.values()) if (!lane.isSending && lane.waiting.length > 0 && lane.notBefore <= now) return lane
    return undefined
  }

  /** Looks again when the earliest of those that wait may go. */
  #wake(): void {
    clearTimeout(this.#timer)
    if (this.#ending.signal.aborted || this.#sending >= this.#options.atOnce) return
    let earliest = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes.values())
      if (!lane.isSending && lane.waiting.length > 0) earliest = Math.min(earliest, Math.max(lane.notBefore, this.#notBefore))
    if (earliest === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, earliest - Date.now())).unref()
  }

  async #deliver(lane: Lane<Item>): Promise<void> {
    const one = lane.waiting.shift()!
    this.#count--
    this.#sending++
    lane.isSending = true
    try {
      await this.#options.send(one.item, this.#ending.signal)
      lane.failures = 0
      lane.notBefore = 0
      this.#tellFailing(undefined)
    } catch (error) {
      this.#tellFailing(error)
      this.#again(lane, one, error)
    }
    lane.isSending = false
    this.#sending--
    if (lane.waiting.length === 0) this.#lanes.delete(lane.key)
    this.#pump()
  }

  #again(lane: Lane<Item>, one: Lane<Item>['waiting'][number], error: unknown): void {
    const { latestOnly, backOff, lasts } = this.#options
    const now = Date.now()
    lane.failures++
    // Between half of it and all of it, so that many do not come at once.
    const wait = Math.min(backOff.last, backOff.first * 2 ** Math.min(lane.failures - 1, 20)) * (0.5 + Math.random() / 2)
    lane.notBefore = now + wait
    if (error instanceof NotTaken && error.pause !== undefined) {
      this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(error.pause, LONGEST_PAUSE))
    }
    if (this.#ending.signal.aborted) return
    if (latestOnly && lane.waiting.length > 0) return
    if (now - one.since >= lasts) {
      this.#drop('it was tried for too long')
      return
    }
    lane.waiting.unshift(one)
    this.#count++
  }

  #drop(why: string): void {
    this.#dropped++
    // Every doubling: a flood of them is no flood of lines.
    if ((this.#dropped & (this.#dropped - 1)) === 0)
      this.#options.log.warn({ channel: this.#options.name, dropped: this.#dropped, why }, 'notifications are dropped')
  }

  /** Once when it begins to fail, and once when it is over. */
  #tellFailing(error: unknown): void {
    const { log, name } = this.#options
    const failure = error === undefined ? undefined : reasonOf(error)
    if (failure === undefined && this.#failure !== undefined)
      log.info({ channel: name }, 'a channel for approvals takes what is sent again')
    if (failure !== undefined && this.#failure === undefined)
      log.warn({ channel: name, why: failure }, 'a channel for approvals does not take what is sent; it is tried again')
    this.#failure = failure
  }
}

/** Errors of ours say nothing of content; of others only the code is told. */
export function reasonOf(error: unknown): string {
  if (error instanceof NotTaken) return error.message
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'nobody answered in time'
}
