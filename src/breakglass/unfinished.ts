import { Alarm } from '../approvals/index.ts'
import type { PayloadDraft, TrailWriter } from '../trail/index.ts'
import { overEntry } from './entries.ts'
import { OpenNow } from './open-now.ts'
import type { ClosedWhy, OpeningId, Openings } from './openings.ts'
import type { PersonsOf } from './persons.ts'
import { type BreakGlassRecord, type BreakGlassStore, type BreakGlassView, isUnfinished, viewOf } from './record.ts'
import type { BreakGlassSettings } from './settings.ts'

/** What could not be written is tried again after so many ms. */
const AGAIN_MS = 1_000
/** So often it is looked what has run out, ms: a clock that is set, or a machine that slept, delays no end. */
const LOOKS_EVERY = 500

/** How many wait for somebody. */
export interface BreakGlassCounts {
  readonly requested: number
  readonly open: number
  /** Closed, and nobody has looked at what was done. */
  readonly unreviewed: number
}

/** One that somebody is still to do something about. */
export interface Unfinished {
  record: BreakGlassRecord
  /** Of one that is closed already when it is taken up, they are looked for only when it is reviewed. */
  persons?: PersonsOf
  /** When what is open is over whatever the clock says by then; by `performance.now()`. */
  endsBy?: number
}

export interface UnfinishedOptions {
  readonly store: BreakGlassStore
  readonly trail: Pick<TrailWriter, 'note'>
  /** In force now; what is open is over where they say something else. */
  readonly settings: () => Pick<BreakGlassSettings, 'who'> | undefined
  /** ms since the epoch */
  readonly now: () => number
}

/** How one ends. */
export interface Ending {
  readonly why: ClosedWhy
  /** As entries name them. */
  readonly by?: string | undefined
  /** What becomes of it where it was never open; default: `expired` or `withdrawn`. */
  readonly unopened?: 'withdrawn' | 'denied'
  /** Made once it is over: that must not depend on them. */
  readonly payloads?: () => readonly PayloadDraft[]
}

/** What is asked for, open, or closed and not reviewed: in memory and in the store, and ended when its time is over. */
export class AllUnfinished {
  readonly #options: UnfinishedOptions
  readonly #byId = new Map<OpeningId, Unfinished>()
  readonly #open = new OpenNow()
  readonly #alarm: Alarm
  readonly #listeners = new Set<(view: BreakGlassView) => void>()
  readonly #unkept = new Map<OpeningId, Unfinished>()
  #again: NodeJS.Timeout | undefined

  constructor(options: UnfinishedOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.now, () => this.expire(), LOOKS_EVERY)
  }

  get openings(): Openings {
    return this.#open
  }

  get counts(): BreakGlassCounts {
    const count = (...of: readonly string[]) => [...this.#byId.values()].filter(({ record }) => of.includes(record.state)).length
    return { requested: count('requested', 'opening'), open: count('open'), unreviewed: count('closed') }
  }

  /** Called with what became of one, after each change. `listener` must not throw. @returns ends that */
  onChange(listener: (view: BreakGlassView) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  find(id: string): Unfinished | undefined {
    return this.#byId.get(id as OpeningId)
  }

  all(...states: readonly BreakGlassRecord['state'][]): readonly Unfinished[] {
    return [...this.#byId.values()].filter(({ record }) => states.includes(record.state))
  }

  /** What may come to be open, or is. */
  running(): readonly Unfinished[] {
    return this.all('requested', 'opening', 'open')
  }

  /** Left by an earlier process. What was about to be opened then is over: nobody was told that it is open. */
  takeUp(one: Unfinished): void {
    this.#byId.set(one.record.id, one)
    if (one.record.untold) this.#tell(one, undefined)
    else if (one.record.state === 'opening') this.end(one, { why: 'interrupted' })
    else if (one.record.state === 'open') this.#cover(one)
    this.#wake(one.record)
  }

  add(one: Unfinished): void {
    this.#byId.set(one.record.id, one)
    this.become(one, one.record)
  }

  /** Durable when it returns, and told. */
  become(one: Unfinished, record: BreakGlassRecord): void {
    this.keep(one, record)
    this.#wake(record)
    if (record.state === 'open') this.#cover(one)
    this.#told(one.record)
  }

  /** Durable when it returns; of what is nothing to tell. Where the store takes nothing it stays what it was. */
  keep(one: Unfinished, record: BreakGlassRecord): void {
    this.#options.store.put(record)
    one.record = record
    if (!isUnfinished(record)) this.#byId.delete(record.id)
    this.#unkept.delete(record.id)
  }

  /** It is what it was before, as what was to follow could not be recorded. */
  goBack(one: Unfinished, record: BreakGlassRecord): void {
    this.#keepSoon(one, record)
    this.#wake(record)
  }

  /** It is over when this returns, and whoever listens has been told. Where there is no room for its entry, that is kept until there is. */
  end(one: Unfinished, { why, by, unopened, payloads }: Ending): void {
    const { record } = one
    const state = record.until === undefined ? (unopened ?? (why === 'expired' ? 'expired' : 'withdrawn')) : 'closed'
    one.record = { ...record, state, endedAt: this.#options.now(), ...(by !== undefined && { endedBy: by }), why, untold: true }
    this.#open.end(record.id, why)
    this.#tell(one, payloads)
    this.#keepSoon(one, one.record)
    this.#told(one.record)
  }

  /** Ends what ran out. @returns when the next one will; ms since the epoch */
  expire(): number | undefined {
    for (const one of this.running())
      if (dueOf(one.record) <= this.#options.now() || (one.endsBy ?? Number.POSITIVE_INFINITY) <= performance.now())
        this.end(one, { why: 'expired' })
    const next = Math.min(...this.running().map(({ record }) => dueOf(record)))
    return Number.isFinite(next) ? next : undefined
  }

  /** What could not be kept is tried once more. */
  stop(): void {
    this.#alarm.stop()
    this.#keepAgain()
    clearTimeout(this.#again)
  }

  /** Whose runs it covers is known from the log only: where that does not say so any more, it is over. */
  #cover(one: Unfinished): void {
    const { id, resources, until } = one.record
    const asker = one.persons?.asker
    if (!asker || until === undefined) this.end(one, { why: 'interrupted' })
    else {
      one.endsBy = performance.now() + until - this.#options.now()
      const { issuer, subject } = asker.person
      const groups = this.#options.settings()?.who.groups ?? []
      this.#open.add({ id, issuer, subject, groups, resources, until })
    }
  }

  #tell(one: Unfinished, payloads: Ending['payloads']): void {
    this.#options.trail.note(overEntry(one.record, made(payloads)), (index) => {
      const { untold: _, ...told } = one.record
      if (index !== undefined) this.#keepSoon(one, told)
    })
  }

  /** It counts at once: where it cannot be written now, it is tried again until it can. */
  #keepSoon(one: Unfinished, record: BreakGlassRecord): void {
    one.record = record
    try {
      this.keep(one, record)
    } catch {
      this.#unkept.set(record.id, one)
      this.#again ??= setTimeout(() => this.#keepAgain(), AGAIN_MS).unref()
    }
  }

  #keepAgain(): void {
    this.#again = undefined
    for (const one of [...this.#unkept.values()]) this.#keepSoon(one, one.record)
  }

  #told(record: BreakGlassRecord): void {
    for (const listener of this.#listeners) listener(viewOf(record))
  }

  #wake(record: BreakGlassRecord): void {
    const due = dueOf(record)
    if (Number.isFinite(due)) this.#alarm.noLaterThan(due)
  }
}

/** That it is over is worth more than why: without room for the key of a reason it is recorded without. */
function made(payloads: Ending['payloads']): readonly PayloadDraft[] {
  try {
    return payloads?.() ?? []
  } catch {
    return []
  }
}

/** Until when it waits or is open; ms since the epoch. */
function dueOf({ state, expiresAt, until }: BreakGlassRecord): number {
  if (state === 'requested') return expiresAt
  return state === 'open' && until !== undefined ? until : Number.POSITIVE_INFINITY
}
