import type { EntryDraft, EntryFields, PayloadKey, TrailWriter } from '../trail/index.ts'
import { leakedInRecording, segmentEntry, segmentMissing } from './entries.ts'
import { ExchangeRecorder } from './exchange-recorder.ts'
import type { Encoded, Order } from './messages.ts'
import { Reel, type SegmentMaker } from './reel.ts'
import { SessionRecorder } from './session-recorder.ts'
import type { RecordingSettings } from './settings.ts'

/** Where tapes become segments: in another thread. */
export interface RecordingThread {
  take(order: Order): void
  close(): Promise<void>
}

export interface ThreadListener {
  encoded(encoded: Encoded): void
  /** What it was given and did not answer is lost. */
  failed(error: Error): void
}

export interface RecordingParts {
  readonly trail: Pick<TrailWriter, 'note' | 'sessionKey'>
  /** Those in force now; a session keeps what it began with. */
  readonly settings: () => RecordingSettings
  readonly startThread: (listener: ThreadListener) => RecordingThread
  readonly log: { warn(fields: object, message: string): void }
}

/** The recording of one session: as messages, or as exchanges. */
export interface SessionRecording {
  /** Takes down what a client of a protocol of messages is sent. */
  readonly recorder: SessionRecorder
  /** Takes down requests, answers and streams of HTTP. */
  readonly exchanges: ExchangeRecorder
  /** What `session.open` says of it. */
  readonly opened: EntryFields
  /**
   * Nothing more is shown. Calls back once, within two seconds, when all segments are noted in the trail, or known to be missing there.
   * @param done told how many segments there are
   */
  finish(done: (segments: number) => void): void
}

/** How far the recordings are, since the start. */
export interface RecordingState {
  /** Sessions that are being recorded. */
  readonly sessions: number
  /** Bytes of tapes that are cut and not durable as segments. */
  readonly waitingBytes: number
  /** How old the oldest of what is shown and not in a segment is, ms. */
  readonly lag: number
  /** Segments that were made, those that are missing in the trail too. */
  readonly segments: number
  readonly missing: number
}

/** How often it is looked what has to become a segment, and how old that may be by then; together well under a second. Ms. */
const LOOK_MS = 100
const AGE_MS = 400
/** Bytes of all tapes that are on their way to the disk before every session is slowed down. */
const MOST_BYTES = 32 * 1024 * 1024
/** How long the end of a session waits for its last segments, ms. */
const FINISH_MS = 1_500

/** One session, while something of it is to come. */
interface Live {
  readonly id: string
  readonly protocol: string
  readonly key: PayloadKey
  readonly reel: Reel
  /** One of them is made, when it is asked for. */
  recorder: SessionRecorder | undefined
  exchanges: ExchangeRecorder | undefined
  readonly started: string
  segments: number
  /** Given to the thread and not noted yet. */
  pending: number
  /** Since when something waits on its tape; `performance.now()`. */
  since: number
  done: ((segments: number) => void) | undefined
  /** Segments that the trail had no room for: it is told of them when it has. */
  missing: number[]
}

interface Ordered {
  readonly live: Live
  readonly segment: number
  readonly bytes: number
  /** When it was given to the thread; `performance.now()`. */
  readonly at: number
  readonly shown: readonly (() => void)[]
}

/** Recordings of all sessions: tapes in, entries with segments out. */
export class Recording implements SegmentMaker {
  readonly #parts: RecordingParts
  readonly #live = new Map<Reel, Live>()
  readonly #waiting = new Set<Live>()
  readonly #ordered = new Map<number, Ordered>()
  #thread: RecordingThread | undefined
  #last = 0
  #missing = 0
  /** Of tapes that are not durable as segments yet. */
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #idle: (() => void) | undefined

  constructor(parts: RecordingParts) {
    this.#parts = parts
  }

  /**
   * @param session its id
   * @returns undefined where it is not to be recorded
   * @throws TrailError where no key can be made for it
   */
  begin(session: string, resource: { readonly name: string; readonly kind: string }): SessionRecording | undefined {
    const { strict, cap, resources, stdin } = this.#parts.settings()
    if (resources && !resources.includes(resource.name)) return undefined
    const key = this.#parts.trail.sessionKey()
    const reel = new Reel(session, strict, this)
    const live: Live = {
      ...{ id: session, protocol: resource.kind, key, reel, started: new Date(reel.startedAt).toISOString() },
      ...{ segments: 0, pending: 0, since: 0, done: undefined, missing: [], recorder: undefined, exchanges: undefined },
    }
    this.#live.set(reel, live)
    // It has time to begin until there is something to do for it.
    this.#startThread()
    const opened = strict ? { key: key.id, strict } : { key: key.id }
    return {
      get recorder() {
        live.recorder ??= new SessionRecorder(reel, cap)
        return live.recorder
      },
      get exchanges() {
        live.exchanges ??= new ExchangeRecorder(reel, cap, stdin)
        return live.exchanges
      },
      opened,
      finish: (done) => this.#finish(live, done),
    }
  }

  // For reels

  began(reel: Reel): void {
    const live = this.#live.get(reel)
    if (!live) return
    live.since = performance.now()
    this.#waiting.add(live)
    this.#timer ??= setInterval(this.#look, LOOK_MS).unref()
  }

  full(reel: Reel): void {
    const live = this.#live.get(reel)
    if (live) this.#flush(live)
  }

  get crowded(): boolean {
    return this.#bytes > MOST_BYTES
  }

  get state(): RecordingState {
    const first = this.#ordered.values().next().value?.at
    const oldest = Math.min(first ?? Number.POSITIVE_INFINITY, ...[...this.#waiting].map(({ since }) => since))
    return {
      sessions: this.#live.size,
      waitingBytes: this.#bytes,
      lag: Number.isFinite(oldest) ? performance.now() - oldest : 0,
      segments: this.#last,
      missing: this.#missing,
    }
  }

  /** Waits for what is on its way, a while, and ends the thread. The trail must still be open. */
  async close(): Promise<void> {
    if (this.#ordered.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve
      })
      await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, FINISH_MS).unref())])
    }
    clearInterval(this.#timer)
    await this.#thread?.close()
  }

  readonly #look = (): void => {
    const old = performance.now() - AGE_MS
    for (const live of this.#waiting) if (live.since <= old && live.reel.mayFlush) this.#flush(live)
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #flush(live: Live): void {
    this.#waiting.delete(live)
    const { tape, shown } = live.reel.take()
    const n = ++this.#last
    const segment = ++live.segments
    live.pending += 1
    this.#bytes += tape.length
    this.#ordered.set(n, { live, segment, bytes: tape.length, at: performance.now(), shown })
    const { id: session, protocol, started } = live
    this.#startThread().take({ n, session, protocol, segment, started, tape })
  }

  #startThread(): RecordingThread {
    this.#thread ??= this.#parts.startThread({ encoded: (encoded) => this.#encoded(encoded), failed: (error) => this.#failed(error) })
    return this.#thread
  }

  #encoded(encoded: Encoded): void {
    const ordered = this.#ordered.get(encoded.n)
    if (!ordered) return
    this.#ordered.delete(encoded.n)
    const { trail, log } = this.#parts
    const { live, segment } = ordered
    if (encoded.fault !== undefined) log.warn({ session: live.id, segment, reason: encoded.fault }, 'a segment of a recording is missing')
    const draft = encoded.fault === undefined ? segmentEntry(live.id, segment, live.key, encoded) : segmentMissing(live.id, segment)
    this.#note(draft, ordered)
    for (const door of encoded.leaked) trail.note(leakedInRecording(live.id, segment, door))
    this.#noted(live)
  }

  #note(draft: EntryDraft, ordered: Ordered): void {
    const { live, segment } = ordered
    this.#tellMissing(live)
    const isMissing = draft.kind === 'gap'
    if (isMissing) {
      this.#missing++
      live.reel.missing()
    }
    this.#parts.trail.note(draft, (index) => {
      if (index === undefined) {
        live.missing.push(segment)
        if (!isMissing) this.#missing++
        live.reel.missing()
      }
      this.#settled(ordered, isMissing || index === undefined)
    })
  }

  #tellMissing(live: Live): void {
    for (const segment of live.missing.splice(0)) {
      this.#parts.trail.note(segmentMissing(live.id, segment), (index) => index === undefined && live.missing.push(segment))
    }
  }

  #settled({ live, bytes, shown }: Ordered, isMissing: boolean): void {
    const wasCrowded = this.crowded
    this.#bytes -= bytes
    live.reel.settled(isMissing ? [] : shown)
    if (wasCrowded && !this.crowded) for (const reel of this.#live.keys()) reel.roomAgain()
  }

  #noted(live: Live): void {
    live.pending -= 1
    if (live.done && live.pending === 0) this.#end(live)
    if (this.#ordered.size === 0) this.#idle?.()
  }

  /** The thread is gone, with what it had. The next segment starts another. */
  #failed(error: Error): void {
    this.#thread = undefined
    this.#parts.log.warn({ err: error }, 'the thread that encodes recordings has ended: what it had is missing')
    this.#lose([...this.#ordered.keys()])
  }

  #lose(orders: readonly number[]): void {
    for (const n of orders) {
      const ordered = this.#ordered.get(n)
      if (!ordered) continue
      this.#ordered.delete(n)
      this.#note(segmentMissing(ordered.live.id, ordered.segment), ordered)
      this.#noted(ordered.live)
    }
  }

  #finish(live: Live, done: (segments: number) => void): void {
    live.done = done
    live.recorder?.end()
    live.exchanges?.end()
    if (live.reel.taped > 0) this.#flush(live)
    if (live.pending === 0) {
      this.#end(live)
      return
    }
    setTimeout(() => {
      if (live.done) this.#lose([...this.#ordered].flatMap(([n, ordered]) => (ordered.live === live ? [n] : [])))
    }, FINISH_MS).unref()
  }

  #end(live: Live): void {
    const { done, segments } = live
    live.done = undefined
    this.#tellMissing(live)
    this.#live.delete(live.reel)
    this.#waiting.delete(live)
    this.#thread?.take({ forget: live.id })
    done?.(segments)
  }
}
