import { BATCH_HEADER_BYTES } from './batch.ts'
import type { TrailError } from './errors.ts'

const FIRST_CAPACITY = 64 * 1024
/** A batch that grew beyond this gives its memory back after it is written. */
const KEPT_CAPACITY = 4 * 1024 * 1024

/** Called when what was staged before is durable, or with the reason why it will not be. */
export type Waiter = (error: TrailError | undefined) => void

/** Told the index of an entry once it is durable; undefined where it never will be. */
export type Placed = (index: number | undefined) => void

/** Records on their way to disk, one behind the other with room for the batch's header in front, and who waits for them. */
export class StagedBatch {
  buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  /** Bytes in use, the header's room included. */
  length = BATCH_HEADER_BYTES
  waiters: Waiter[] = []
  /** Who wants to know where a record of it ends up, in order: its place in the batch, and whom to tell. */
  placed: (readonly [place: number, tell: Placed])[] = []
  /** Index in the log of its first record, once it is durable; until other records are written with it. */
  firstIndex = 0
  /** When its first record was staged, where somebody counts that; ms of the monotonic clock, 0 where that is not known. */
  since = 0
  /** Per record: where it ends. */
  readonly #ends: number[] = []
  /** Per record: whether it is kept when there is no room. */
  readonly #kept: boolean[] = []

  get entries(): number {
    return this.#ends.length
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** Makes room for a record. @returns where to write it, in `buffer` */
  reserve(bytes: number): number {
    const needed = this.length + bytes
    if (needed > this.buffer.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.byteLength * 2))
      this.buffer.copy(larger, 0, 0, this.length)
      this.buffer = larger
    }
    return this.length
  }

  /** The record written at the reserved place is whole. */
  commit(end: number, kept: boolean): void {
    this.length = end
    this.#ends.push(end)
    this.#kept.push(kept)
  }

  /** Takes over the records of `other` that are kept. @param dropped is called, in their order, with the entry of each that is not */
  takeKept(other: StagedBatch, dropped: (entry: Buffer) => void): void {
    let from = BATCH_HEADER_BYTES
    const moved = new Map<number, number>()
    for (let i = 0; i < other.#ends.length; i++) {
      const end = other.#ends[i] as number
      if (other.#kept[i]) {
        const at = this.reserve(end - from)
        other.buffer.copy(this.buffer, at, from, end)
        moved.set(i, this.entries)
        this.commit(at + end - from, true)
      } else dropped(other.buffer.subarray(from + 2, from + 2 + other.buffer.readUInt16BE(from)))
      from = end
    }
    for (const [place, tell] of other.placed) if (moved.has(place)) this.placed.push([moved.get(place) as number, tell])
  }

  /** Ready for other records. Whoever waited must have been told. */
  reset(): void {
    if (this.buffer.byteLength > KEPT_CAPACITY) this.buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
    this.length = BATCH_HEADER_BYTES
    this.waiters = []
    this.placed = []
    this.since = 0
    this.#ends.length = 0
    this.#kept.length = 0
  }
}
