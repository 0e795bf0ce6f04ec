import { type CopyEnd, CopySent } from './copy-sent.ts'
import { KeptResult } from './kept-result.ts'
import type { RecordingCap } from './settings.ts'
import { Tape } from './tape.ts'

/** What a recorder needs of whoever makes segments of its tapes. */
export interface SegmentMaker {
  /** There is something to be written within a second. */
  began(recorder: SessionRecorder): void
  /** The tape is full, or is wanted at once. */
  full(recorder: SessionRecorder): void
  /** Bytes of all sessions that are not durable yet are too many. */
  readonly crowded: boolean
}

/** A tape is given away once it has this many bytes, so that a segment is of a MiB. */
const FULL_BYTES = 1024 * 1024 - 64 * 1024
/** Segments of one session that may be on their way to the disk before it is slowed down. */
const AHEAD = 2

const NO_BYTES = new Uint8Array(0)

/**
 * Collects what one client is sent, and what it sends as copy data, in order. Costs a message some comparisons and a copy; encoding, compression and encryption come later,
 * elsewhere. Whoever writes to the client tells it of each range before it is sent, then of the write.
 */
export class SessionRecorder {
  /** Of the session. */
  readonly id: string
  /** Results are shown once they are recorded durably. */
  readonly strict: boolean
  readonly #maker: SegmentMaker
  readonly #tape = new Tape()
  readonly #startedAt = performance.now()
  /** What was written up to here stays, whatever becomes of what was added since. */
  #kept = 0
  #ms = 0
  /** A range that was added and is not on the tape. */
  #bytes: Uint8Array = NO_BYTES
  #start = 0
  #end = 0
  /** Bytes that are to come of the message under way, and whether it is left out. */
  #left = 0
  #leavesOut = false
  /** Whether the range that was added begins with a whole message. */
  #whole = true
  #operation = 0
  /** The tape does not say yet which operation it begins with. */
  #opDue = false
  readonly #result: KeptResult
  readonly #cap: RecordingCap
  /** Most sessions copy nothing. */
  #copy: CopySent | undefined
  /** Went to the target while a write to the client was being put together, and comes behind that. */
  #after: (() => void)[] = []
  /** Segments that were made of it and are not durable. */
  #ahead = 0
  #room: (() => void) | undefined
  /** Called where strict recording has become impossible. */
  #onLost: (() => void) | undefined
  #lost = false
  #waiting: (() => void)[] = []

  constructor(id: string, strict: boolean, cap: RecordingCap, maker: SegmentMaker) {
    this.id = id
    this.strict = strict
    this.#cap = cap
    this.#result = new KeptResult(cap)
    this.#maker = maker
  }

  /** A range that goes to the client: one message, or a piece of one, of which the first holds its header. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    if (this.#left > 0) {
      this.#left -= size
      if (this.#leavesOut) this.#result.leaveOut(bytes, start, end, 0)
      else this.#put(bytes, start, end, false)
      return
    }
    const type = bytes[start]!
    const length = 1 + ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!)
    this.#left = length - size
    this.#leavesOut = (type === ROW || type === COPY_DATA) && !this.#result.keeps(length)
    if (this.#leavesOut) {
      this.#result.leaveOut(bytes, start, end, 1)
      return
    }
    if (type !== ROW && type !== COPY_DATA && (this.#copy || this.#result.begun)) this.#betweenRows(type)
    this.#put(bytes, start, end, true)
  }

  /** Whole messages, none of them a row. */
  messages(bytes: Uint8Array): void {
    if (this.#copy || this.#result.begun) this.#betweenRows(bytes[0]!)
    this.#put(bytes, 0, bytes.length, true)
  }

  /** What follows answers this operation of the session; 0: none. */
  op(operation: number): void {
    if (operation === this.#operation) return
    this.#endRows()
    this.#tapeRange()
    this.#operation = operation
    this.#opDue = true
  }

  /** Masks that the columns which were just described went through. */
  masks(names: readonly (string | null)[]): void {
    this.#tapeRange()
    this.#tapeOp()
    this.#tape.masks(names)
  }

  /** What was added is written to the client. */
  wrote(): void {
    this.#tapeRange()
    this.#result.digest()
    this.#ms = 0
    this.#keep()
    if (this.#after.length > 0) this.#tellAfter()
  }

  /** What was added since the last write is never written. */
  dropped(): void {
    this.#bytes = NO_BYTES
    this.#start = 0
    this.#end = 0
    this.#tape.cut(this.#kept)
    this.#result.forget()
    this.#opDue = this.#operation > 0
    // Nobody brings the client to the end of a message that was under way.
    this.#left = 0
    this.#ms = 0
    if (this.#after.length > 0) this.#tellAfter()
  }

  /**
   * Copy data that went to the target: messages one behind the other, or pieces of one, of which the first holds its header.
   * @param continues it begins with the rest of one
   */
  copySent(bytes: Uint8Array, start: number, end: number, continues: boolean): void {
    if (this.#adding) this.#after.push(() => this.copySent(bytes, start, end, continues))
    else {
      this.#copy ??= new CopySent(this.#cap, this.#tape, () => this.#tapeOp())
      this.#copy.data(this.#now(), bytes, start, end, continues)
      this.#keep()
    }
  }

  /** CopyDone or CopyFail went to the target. @param reason what CopyFail says, without its NUL */
  copyEnded(how: Exclude<CopyEnd, 'over'>, reason?: Uint8Array): void {
    if (this.#adding) this.#after.push(() => this.copyEnded(how, reason))
    else {
      this.#copy ??= new CopySent(this.#cap, this.#tape, () => this.#tapeOp())
      this.#copy.end(this.#now(), how, reason)
      this.#keep()
    }
  }

  /** Nothing comes any more: what is not kept of a result that was under way is told. */
  end(): void {
    this.#endRows()
    this.wrote()
  }

  /** Whether more may be added at once; where not, the session is slowed down until `onRoom` is called back. */
  get crowded(): boolean {
    if (this.#ahead === 0 && !this.#maker.crowded) return false
    return this.#maker.crowded || (this.#ahead >= AHEAD && this.#tape.length >= FULL_BYTES)
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
    const tape = this.#tape.take()
    this.#kept = 0
    this.#ahead += 1
    // Each segment says whose answer it begins with.
    this.#opDue = this.#operation > 0
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

  /** Whether something was added that may be dropped again. */
  get #adding(): boolean {
    return this.#end !== this.#start || this.#tape.length !== this.#kept
  }

  /** The server ended it, or something else begins. What goes to the client now may yet be dropped; that it was over stays. */
  #endCopy(copy: CopySent): void {
    const stays = !this.#adding
    this.#tapeRange()
    copy.end(this.#now(), 'over')
    if (stays) this.#keep()
  }

  /** What is on the tape stays. */
  #keep(): void {
    const { length } = this.#tape
    if (length === this.#kept) return
    if (this.#kept === 0) this.#maker.began(this)
    this.#kept = length
    if (length >= FULL_BYTES && this.#ahead < AHEAD) this.#maker.full(this)
  }

  #tellAfter(): void {
    for (const tell of this.#after.splice(0)) tell()
  }

  #now(): number {
    return Math.max(0, Math.round(performance.now() - this.#startedAt))
  }

  #put(bytes: Uint8Array, start: number, end: number, whole: boolean): void {
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end
      return
    }
    this.#tapeRange()
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#whole = whole
  }

  #tapeRange(): void {
    if (this.#end === this.#start) return
    this.#tapeOp()
    // Once per write: the client sees it as one.
    this.#ms ||= this.#now()
    this.#tape.bytes(this.#ms, this.#whole, this.#bytes, this.#start, this.#end)
    this.#bytes = NO_BYTES
    this.#start = 0
    this.#end = 0
  }

  #tapeOp(): void {
    if (!this.#opDue) return
    this.#opDue = false
    this.#tape.op(this.#operation)
  }

  /** Notices, notifications and settings come at any time, also within a result (PostgreSQL protocol, "Asynchronous Operations"). */
  #betweenRows(type: number): void {
    if (type !== NOTICE && type !== NOTIFICATION && type !== SETTING) this.#endRows()
  }

  #endRows(): void {
    if (this.#copy) this.#endCopy(this.#copy)
    const beyond = this.#result.end()
    if (!beyond) return
    this.#tapeRange()
    this.#tapeOp()
    this.#tape.capped(this.#now(), beyond.rows, beyond.bytes, beyond.digest)
  }
}

const ROW = 0x44
const COPY_DATA = 0x64
const NOTICE = 0x4e
const NOTIFICATION = 0x41
const SETTING = 0x53
