import { createHash, type Hash } from 'node:crypto'
import type { RecordingCap } from './settings.ts'

const NO_BYTES = new Uint8Array(0)
/** A range shorter than this is gathered with others: a call that digests costs more than a copy of it. */
const SHORT = 512
const GATHERED = 16 * 1024

/** What is not kept of a result. */
export interface Beyond {
  readonly rows: number
  readonly bytes: number
  readonly digest: Uint8Array
}

/** One result after the other: how much of each is kept, and what is counted and digested of the rest. */
export class KeptResult {
  readonly #cap: RecordingCap
  /** As far as it is kept. */
  #rows = 0
  #bytes = 0
  /** Of what is not; undefined while everything is. */
  #hash: Hash | undefined
  #rowsBeyond = 0
  #bytesBeyond = 0
  /** Short ranges that are not digested yet. */
  #gathered: Uint8Array | undefined
  #gatheredBytes = 0
  /** A range that is not digested yet: rows lie one behind the other, and a call per range costs less than one per row. */
  #range: Uint8Array = NO_BYTES
  #start = 0
  #end = 0

  constructor(cap: RecordingCap) {
    this.#cap = cap
  }

  /** Whether something of it has come. */
  get begun(): boolean {
    return this.#rows > 0 || this.#hash !== undefined
  }

  /** @param bytes of a row. @returns whether it is kept: none is behind one that is not */
  keeps(bytes: number): boolean {
    if (this.#hash || this.#rows >= this.#cap.rows || this.#bytes + bytes > this.#cap.bytes) return false
    this.#rows += 1
    this.#bytes += bytes
    return true
  }

  /** @param bytes of a piece that may be cut. @param rows 1 where it begins one. @returns how many of its first bytes are kept */
  keepsOf(bytes: number, rows: 0 | 1): number {
    if (this.#hash || this.#rows + rows > this.#cap.rows) return 0
    const kept = Math.min(bytes, this.#cap.bytes - this.#bytes)
    this.#rows += rows
    this.#bytes += kept
    return kept
  }

  /** A row that is not kept, or a piece of one. @param rows 1 where it begins one */
  leaveOut(bytes: Uint8Array, start: number, end: number, rows: number): void {
    this.#hash ??= createHash('sha256')
    this.#rowsBeyond += rows
    this.#bytesBeyond += end - start
    if (this.#range === bytes && this.#end === start) {
      this.#end = end
      return
    }
    this.digest()
    this.#range = bytes
    this.#start = start
    this.#end = end
  }

  /** The memory that was given may be used for something else from now on. */
  digest(): void {
    if (this.#end > this.#start) this.#update(this.#range, this.#start, this.#end)
    this.forget()
  }

  /** What was given since the last `digest` never came. */
  forget(): void {
    this.#range = NO_BYTES
    this.#start = 0
    this.#end = 0
  }

  /** It is over, and another one begins. @returns what was not kept of it; undefined where all of it was */
  end(): Beyond | undefined {
    if (!this.begun) return undefined
    this.digest()
    this.#updateGathered()
    this.#gathered = undefined
    const beyond = this.#hash && { rows: this.#rowsBeyond, bytes: this.#bytesBeyond, digest: this.#hash.digest() }
    this.#rows = 0
    this.#bytes = 0
    this.#hash = undefined
    this.#rowsBeyond = 0
    this.#bytesBeyond = 0
    return beyond
  }

  #update(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    if (size >= SHORT) {
      this.#updateGathered()
      this.#hash?.update(bytes.subarray(start, end))
      return
    }
    this.#gathered ??= new Uint8Array(GATHERED)
    if (this.#gatheredBytes + size > GATHERED) this.#updateGathered()
    this.#gathered.set(bytes.subarray(start, end), this.#gatheredBytes)
    this.#gatheredBytes += size
  }

  #updateGathered(): void {
    if (this.#gathered && this.#gatheredBytes > 0) this.#hash?.update(this.#gathered.subarray(0, this.#gatheredBytes))
    this.#gatheredBytes = 0
  }
}
