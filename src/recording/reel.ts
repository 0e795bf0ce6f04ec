import { Tape } from './tape.ts'

/** What a reel needs of whoever makes segments of its tapes. */
export interface SegmentMaker {
  /** There is something to be written within a second. */
  began(reel: Reel): void
  /** The tape is full, or is wanted at once. */
  full(reel: Reel): void
  /** Bytes of all sessions that are not durable yet are too many. */
  readonly crowded: boolean
}

/** A tape is given away once it has this many bytes, so that a segment is of a MiB. */
const FULL_BYTES = 1024 * 1024 - 64 * 1024
/** Segments of one session that may be on their way to the disk before it is slowed down. */
const AHEAD = 2

/** The tape of one session, as it is written and given away again and again: what a recorder of any protocol stands on. */
export class Reel {
  /** Of the session. */
  readonly id: string
  /** What is shown is shown once it is recorded durably. */
  readonly strict: boolean
  readonly tape = new Tape()
  readonly #maker: SegmentMaker
  readonly #startedAt = performance.now()
  /** What was written up to here stays, whatever becomes of what was added since. */
  #kept = 0
  /** Segments that were made of it and are not durable. */
  #ahead = 0
  #taken = 0
  #room: (() => void) | undefined
  /** Called where strict recording has become impossible. */
  #onLost: (() => void) | undefined
  #lost = false
  #waiting: (() => void)[] = []

  constructor(id: string, strict: boolean, maker: SegmentMaker) {
    this.id = id
    this.strict = strict
    this.#maker = maker
  }

  // For recorders

  /** What is on the tape stays. */
  keep(): void {
    const { length } = this.tape
    if (length === this.#kept) return
    if (this.#kept === 0) this.#maker.began(this)
    this.#kept = length
    if (length >= FULL_BYTES && this.#ahead < AHEAD) this.#maker.full(this)
  }

  /** What was written since the last `keep` never happened. */
  drop(): void {
    this.tape.cut(this.#kept)
  }

  /** Whether something was written that may be dropped again. */
  get adding(): boolean {
    return this.tape.length !== this.#kept
  }

  /** How many tapes were given away: another one is another segment. */
  get taken(): number {
    return this.#taken
  }

  /** ms since the session began. */
  now(): number {
    return Math.max(0, Math.round(performance.now() - this.#startedAt))
  }

  // For whoever shows what is recorded

  /** Whether more may be added at once; where not, the session is slowed down until `onRoom` is called back. */
  get crowded(): boolean {
    if (this.#ahead === 0 && !this.#maker.crowded) return false
    return this.#maker.crowded || (this.#ahead >= AHEAD && this.tape.length >= FULL_BYTES)
  }

  /** Calls back whenever there is room again. */
  onRoom(call: () => void): void {
    this.#room = call
  }

  /** Calls back where something that was to be shown strictly cannot be recorded: nothing more is ever shown. */
  onLost(call: () => void): void {
    this.#onLost = call
  }

  /** Calls back once all that was written is durable; never, where that cannot be. Strict recordings only; in the order of calling. */
  whenShown(call: () => void): void {
    if (this.#lost) return
    if (this.#kept === 0 && this.#ahead === 0) call()
    else {
      this.#waiting.push(call)
      if (this.#ahead === 0) this.#maker.full(this)
    }
  }

  // For whoever makes segments

  /** Bytes that wait on the tape. */
  get taped(): number {
    return this.#kept
  }

  /** Whether another segment may be made of it now. */
  get mayFlush(): boolean {
    return this.#kept > 0 && this.#ahead < AHEAD
  }

  /** What was recorded since, to become a segment. Between writes only. */
  take(): { readonly tape: Uint8Array<ArrayBuffer>; readonly shown: readonly (() => void)[] } {
    const tape = this.tape.take()
    this.#kept = 0
    this.#ahead += 1
    this.#taken += 1
    const shown = this.#waiting
    this.#waiting = []
    return { tape, shown }
  }

  /** Something of it is known to be missing. Nothing that waits to be shown may be shown then. */
  missing(): void {
    if (!this.strict || this.#lost) return
    this.#lost = true
    this.#waiting = []
    this.#onLost?.()
  }

  /** A segment is durable, or its place is. @param shown as `take` gave it, where it is the segment */
  settled(shown: readonly (() => void)[]): void {
    this.#ahead -= 1
    if (this.#lost) return
    for (const call of shown) call()
    if (this.#waiting.length > 0 && this.#ahead === 0) {
      if (this.#kept > 0) this.#maker.full(this)
      else for (const call of this.#waiting.splice(0)) call()
    } else if (this.#kept >= FULL_BYTES && this.mayFlush) this.#maker.full(this)
    this.roomAgain()
  }

  /** Tells whoever waits for room, where there is some. */
  roomAgain(): void {
    if (!this.crowded) this.#room?.()
  }

  /** ms since the epoch at which the times of its events count from 0. */
  get startedAt(): number {
    return performance.timeOrigin + this.#startedAt
  }
}
