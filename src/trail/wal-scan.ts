import { BATCH_HEADER_BYTES, readBatch } from './batch.ts'
import { TrailError } from './errors.ts'
import type { WalPlace } from './published.ts'
import { type LogRecord, readRecords } from './record.ts'
import { SEGMENT_HEADER_BYTES, segmentName } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

const CHUNK_BYTES = 4 << 20

/** A batch's records, and the place behind it. */
export interface ScannedBatch {
  readonly records: readonly LogRecord[]
  readonly next: WalPlace
}

/**
 * The batches between two places, each checked against its MAC and the one before it.
 *
 * @param from a place up to which everything is known
 * @param to the durable end
 * @throws TrailError GS_TRAIL_DAMAGED
 */
export async function* scanBatches(files: SegmentFiles, key: Uint8Array, from: WalPlace, to: WalPlace): AsyncGenerator<ScannedBatch> {
  let place = from
  let chunk: Buffer = Buffer.alloc(0)
  let chunkAt = 0
  const bytesAt = async (length: number): Promise<Buffer> => {
    const start = place.offset - chunkAt
    if (start >= 0 && start + length <= chunk.byteLength) return chunk.subarray(start, start + length)
    const room = place.segment === to.segment ? to.offset - place.offset : Number.POSITIVE_INFINITY
    chunk = await files.readAt(segmentName(place.segment), place.offset, Math.min(Math.max(length, CHUNK_BYTES), room))
    chunkAt = place.offset
    return chunk.subarray(0, length)
  }
  while (place.batches < to.batches) {
    const header = await bytesAt(BATCH_HEADER_BYTES)
    const length = header.byteLength < BATCH_HEADER_BYTES ? 0 : header.readUInt32BE(4)
    if (length === 0 && place.segment < to.segment) {
      place = { ...place, segment: place.segment + 1, offset: SEGMENT_HEADER_BYTES }
      chunk = Buffer.alloc(0)
      continue
    }
    const batch = readBatch(await bytesAt(BATCH_HEADER_BYTES + length), 0, key)
    if (!batch || batch.number !== place.batches || !batch.previous.equals(place.mac)) throw damaged(place)
    place = {
      segment: place.segment,
      offset: place.offset + BATCH_HEADER_BYTES + length,
      batches: place.batches + 1,
      mac: Buffer.from(batch.mac),
    }
    yield { records: [...readRecords(batch.content)], next: place }
  }
}

function damaged({ batches, segment, offset }: WalPlace): TrailError {
  return new TrailError('GS_TRAIL_DAMAGED', `Batch ${batches} in segment ${segmentName(segment)} at byte ${offset} cannot be read.`)
}
