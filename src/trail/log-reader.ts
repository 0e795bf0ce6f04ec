import { BATCH_HEADER_BYTES, type Batch, readBatch } from './batch.ts'
import { TrailError } from './errors.ts'
import { type LogRecord, readRecords } from './record.ts'
import { SEGMENT_HEADER_BYTES, segmentName, segmentNumber } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { LogEnd } from './write-ahead.ts'

const CHUNK_BYTES = 1 << 20

export interface IndexedRecord extends LogRecord {
  readonly index: number
}

/** Reads the durable part of the log, batch by batch, each checked again, while it grows. */
export class LogReader {
  readonly #files: SegmentFiles
  readonly #key: Uint8Array
  readonly #end: () => LogEnd
  #segment = 0
  #offset = SEGMENT_HEADER_BYTES
  #chunk: Buffer = Buffer.alloc(0)
  #chunkAt = 0
  #next = -1

  /** @param end where the durable part ends now */
  constructor(files: SegmentFiles, key: Uint8Array, end: () => LogEnd) {
    this.#files = files
    this.#key = key
    this.#end = end
  }

  /** Goes to the segment that holds entry `index`. */
  async seek(index: number): Promise<void> {
    const segments = this.#files.list().flatMap((name) => segmentNumber(name) ?? [])
    segments.sort((a, b) => b - a)
    for (const segment of segments) {
      if (segment > this.#end().segment) continue
      this.#segment = segment
      this.#offset = SEGMENT_HEADER_BYTES
      const header = await this.#files.readAt(segmentName(segment), SEGMENT_HEADER_BYTES, BATCH_HEADER_BYTES)
      // A segment that was just begun is empty; its header reads as zeros.
      if (header.readUInt32BE(4) > 0 && Number(header.readBigUInt64BE(16)) <= index) return
    }
  }

  /**
   * The records of the next batch. Undefined at the end, for now.
   *
   * @throws TrailError GS_TRAIL_DAMAGED
   */
  async next(): Promise<IndexedRecord[] | undefined> {
    const batch = await this.#nextBatch()
    if (!batch) return undefined
    if (this.#next !== -1 && batch.number !== this.#next) throw this.#damaged(this.#next)
    this.#next = batch.number + 1
    this.#offset += BATCH_HEADER_BYTES + batch.content.byteLength
    let index = batch.firstIndex
    return [...readRecords(batch.content)].map((record) => ({ ...record, index: index++ }))
  }

  async #nextBatch(): Promise<Batch | undefined> {
    for (;;) {
      const end = this.#end()
      if (this.#segment === end.segment && this.#offset >= end.offset) return undefined
      const header = await this.#bytes(BATCH_HEADER_BYTES)
      const length = header ? header.readUInt32BE(4) : 0
      if (length === 0) {
        if (this.#segment >= end.segment) throw this.#damaged(this.#next)
        this.#segment++
        this.#offset = SEGMENT_HEADER_BYTES
        this.#chunk = Buffer.alloc(0)
        continue
      }
      const bytes = await this.#bytes(BATCH_HEADER_BYTES + length)
      const batch = bytes && readBatch(bytes, 0, this.#key)
      if (!batch) throw this.#damaged(this.#next)
      return batch
    }
  }

  /** `length` bytes from the current place; undefined where the file ends before. */
  async #bytes(length: number): Promise<Buffer | undefined> {
    let from = this.#offset - this.#chunkAt
    if (from < 0 || from + length > this.#chunk.byteLength) {
      // What follows the durable end may be half written: it is never kept in the chunk.
      const end = this.#end()
      const room = this.#segment === end.segment ? end.offset - this.#offset : Number.POSITIVE_INFINITY
      this.#chunk = await this.#files.readAt(segmentName(this.#segment), this.#offset, Math.min(Math.max(length, CHUNK_BYTES), room))
      this.#chunkAt = this.#offset
      from = 0
    }
    return from + length <= this.#chunk.byteLength ? this.#chunk.subarray(from, from + length) : undefined
  }

  #damaged(batch: number): TrailError {
    const which = batch === -1 ? 'A batch' : `Batch ${batch}`
    return new TrailError('GS_TRAIL_DAMAGED', `${which} in segment ${segmentName(this.#segment)} at byte ${this.#offset} cannot be read.`)
  }
}
