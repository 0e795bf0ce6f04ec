import { type CopyEnd, CopySent } from './copy-sent.ts'
import { KeptResult } from './kept-result.ts'
import type { Reel } from './reel.ts'
import type { RecordingCap } from './settings.ts'
import type { Tape } from './tape.ts'

const NO_BYTES = new Uint8Array(0)

/**
 * Collects what one client is sent, and what it sends as copy data, in order. Costs a message some comparisons and a copy; encoding, compression and encryption come later,
 * elsewhere. Whoever writes to the client tells it of each range before it is sent, then of the write.
 */
export class SessionRecorder {
  readonly reel: Reel
  readonly #tape: Tape
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
  /** In which segment it was said last. */
  #opTaken = 0
  readonly #result: KeptResult
  readonly #cap: RecordingCap
  /** Most sessions copy nothing. */
  #copy: CopySent | undefined
  /** Went to the target while a write to the client was being put together, and comes behind that. */
  #after: (() => void)[] = []

  constructor(reel: Reel, cap: RecordingCap) {
    this.reel = reel
    this.#tape = reel.tape
    this.#cap = cap
    this.#result = new KeptResult(cap)
  }

  /** Results are shown once they are recorded durably. */
  get strict(): boolean {
    return this.reel.strict
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
    this.reel.keep()
    if (this.#after.length > 0) this.#tellAfter()
  }

  /** What was added since the last write is never written. */
  dropped(): void {
    this.#bytes = NO_BYTES
    this.#start = 0
    this.#end = 0
    this.reel.drop()
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
      this.#copy.data(this.reel.now(), bytes, start, end, continues)
      this.reel.keep()
    }
  }

  /** CopyDone or CopyFail went to the target. @param reason what CopyFail says, without its NUL */
  copyEnded(how: Exclude<CopyEnd, 'over'>, reason?: Uint8Array): void {
    if (this.#adding) this.#after.push(() => this.copyEnded(how, reason))
    else {
      this.#copy ??= new CopySent(this.#cap, this.#tape, () => this.#tapeOp())
      this.#copy.end(this.reel.now(), how, reason)
      this.reel.keep()
    }
  }

  /** Nothing comes any more: what is not kept of a result that was under way is told. */
  end(): void {
    this.#endRows()
    this.wrote()
  }

  /** As `Reel.crowded`. */
  get crowded(): boolean {
    return this.reel.crowded
  }

  /** As `Reel.onRoom`. */
  onRoom(call: () => void): void {
    this.reel.onRoom(call)
  }

  /** As `Reel.onLost`. */
  onLost(call: () => void): void {
    this.reel.onLost(call)
  }

  /** As `Reel.whenShown`. */
  whenShown(call: () => void): void {
    this.reel.whenShown(call)
  }

  /** Whether something was added that may be dropped again. */
  get #adding(): boolean {
    return this.#end !== this.#start || this.reel.adding
  }

  /** The server ended it, or something else begins. What goes to the client now may yet be dropped; that it was over stays. */
  #endCopy(copy: CopySent): void {
    const stays = !this.#adding
    this.#tapeRange()
    copy.end(this.reel.now(), 'over')
    if (stays) this.reel.keep()
  }

  #tellAfter(): void {
    for (const tell of this.#after.splice(0)) tell()
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
    this.#ms ||= this.reel.now()
    this.#tape.bytes(this.#ms, this.#whole, this.#bytes, this.#start, this.#end)
    this.#bytes = NO_BYTES
    this.#start = 0
    this.#end = 0
  }

  #tapeOp(): void {
    // Each segment says whose answer it begins with.
    const { taken } = this.reel
    if (!this.#opDue && (this.#operation === 0 || this.#opTaken === taken)) return
    this.#opDue = false
    this.#opTaken = taken
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
    this.#tape.capped(this.reel.now(), beyond.rows, beyond.bytes, beyond.digest)
  }
}

const ROW = 0x44
const COPY_DATA = 0x64
const NOTICE = 0x4e
const NOTIFICATION = 0x41
const SETTING = 0x53
