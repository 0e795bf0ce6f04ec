import { type Batch, findBatch, genesis, readBatch } from './batch.ts'
import { parseEntry } from './entry.ts'
import { TrailError } from './errors.ts'
import type { TrailState } from './key-store.ts'
import { OpenSessions } from './open-sessions.ts'
import type { Published } from './published.ts'
import { readRecords } from './record.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentName, segmentNumber } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { EntryKind } from './trail.ts'
import type { LogEnd } from './write-ahead.ts'

export interface RecoveryOptions {
  readonly files: SegmentFiles
  readonly origin: string
  readonly instance: string
  readonly key: Uint8Array
  /** What is known to have been durable. */
  readonly state: TrailState | undefined
  /** What is published: nothing before it is looked for. */
  readonly published?: Published | undefined
}

/** A torn last batch: it was never acknowledged. */
export interface TornTail {
  readonly segment: number
  readonly offset: number
  readonly bytes: number
}

export interface Recovered {
  /** Undefined where there is no log yet. */
  readonly end: LogEnd | undefined
  readonly nextExists: boolean
  readonly torn: TornTail | undefined
  readonly open: OpenSessions
  /** Kind of the last entry, where it is not published yet. */
  readonly last: EntryKind | undefined
  /** Ids of the keys that the payloads in the write-ahead file are sealed under. */
  readonly payloadKeys: ReadonlySet<string>
}

/**
 * Reads the write-ahead file from the segment that is published last, checks every batch, and says where to go on. Changes nothing.
 *
 * @throws TrailError GS_TRAIL_DAMAGED, GS_TRAIL_ROLLED_BACK; both say where
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { files, state, published } = options
  const from = published?.wal.segment ?? 1
  // Older ones are published to their last byte: an interruption may have left any of them.
  const segments = contiguous(
    files
      .list()
      .flatMap((name) => segmentNumber(name) ?? [])
      .filter((segment) => segment >= from),
  )
  const last = segments.at(-1)
  const open = new OpenSessions(published?.open)
  if (last === undefined) {
    const known = Math.max(state?.batches ?? 0, published?.wal.batches ?? 0)
    if (known > 0) throw new TrailError('GS_TRAIL_ROLLED_BACK', `The log is gone; it is known to have had ${known} batches.`)
    return { end: undefined, nextExists: false, torn: undefined, open, last: undefined, payloadKeys: new Set() }
  }
  for (const segment of segments) await checkHeader(options, segment)
  const needed = Math.max(state?.segment ?? from, from)
  if (needed > last || (segments[0] as number) > from) {
    const missing = needed > last ? needed : from
    throw new TrailError('GS_TRAIL_ROLLED_BACK', `Segment ${segmentName(missing)}, which is not published yet, is missing.`)
  }
  const scan = new Scan(options, from, open)
  for (let segment = from; segment <= last; segment++) scan.segment(segment)
  const { end, torn } = scan.finish()
  return { end, nextExists: end.segment < last, torn, open, last: scan.last, payloadKeys: scan.payloadKeys }
}

/** A batch count, the MAC of the last batch then, and where it ended: at the beginning of a segment, where that had just been begun. */
interface Anchor {
  readonly segment: number
  readonly offset: number
  readonly batches: number
  readonly mac: Uint8Array
}

class Scan {
  readonly payloadKeys = new Set<string>()
  last: EntryKind | undefined
  readonly #options: RecoveryOptions
  readonly #open: OpenSessions
  /** What is known of the chain of batches. */
  readonly #anchors: readonly Anchor[]
  #end: LogEnd | undefined
  #torn: TornTail | undefined

  constructor(options: RecoveryOptions, from: number, open: OpenSessions) {
    this.#options = options
    this.#open = open
    const { state, published, key } = options
    this.#anchors = [state, published?.wal].filter((anchor) => anchor !== undefined)
    const begin = { segment: from, offset: SEGMENT_HEADER_BYTES }
    const known = [published && { ...published.wal, entries: published.size }, state].find(
      (place) => place && place.segment === from && place.offset === SEGMENT_HEADER_BYTES,
    )
    if (from === 1) this.#end = { ...begin, batches: 0, entries: 0, mac: genesis(key) }
    // Known before anything was written to this segment.
    else if (known) this.#end = { ...begin, batches: known.batches, entries: known.entries, mac: Buffer.from(known.mac) }
  }

  segment(segment: number): void {
    const bytes = this.#options.files.read(segmentName(segment))
    let at = SEGMENT_HEADER_BYTES
    for (let batch = this.#read(bytes, at); batch; batch = this.#read(bytes, at)) {
      if (this.#torn) throw this.#damaged(this.#torn.segment, this.#torn.offset, 'a whole batch stands behind a bad one')
      this.#take(batch, segment, at)
      at = batch.end
    }
    const used = lastByte(bytes, at)
    if (used === at) return
    const next = findBatch(bytes, at, this.#options.key)
    if (next) throw this.#damaged(segment, at, `a whole batch stands behind it at byte ${next.at}`)
    if (this.#torn) throw this.#damaged(this.#torn.segment, this.#torn.offset, 'something was written behind it')
    this.#torn = { segment, offset: at, bytes: used - at }
  }

  finish(): { end: LogEnd; torn: TornTail | undefined } {
    const end = this.#end
    const known = Math.max(0, ...this.#anchors.map(({ batches }) => batches))
    if (!end || end.batches < known) {
      const where = this.#torn ?? end
      throw new TrailError(
        'GS_TRAIL_ROLLED_BACK',
        `${known} batches are known to have been durable, but the log has ${end?.batches ?? 'none'}` +
          `${where ? `: it ends in segment ${segmentName(where.segment)} at byte ${where.offset}` : ''}.`,
      )
    }
    if (!this.#torn) return { end, torn: undefined }
    return { end: { ...end, segment: this.#torn.segment, offset: this.#torn.offset }, torn: this.#torn }
  }

  #read(bytes: Buffer, at: number): Batch | undefined {
    return readBatch(bytes, at, this.#options.key)
  }

  #take(batch: Batch, segment: number, at: number): void {
    const before = this.#end
    if (before && (batch.number !== before.batches || batch.firstIndex !== before.entries || !batch.previous.equals(before.mac))) {
      throw this.#damaged(segment, at, `batch ${batch.number} stands where batch ${before.batches} belongs`)
    }
    const { published } = this.#options
    // Publishing stands behind the first batch of this segment: what is in front of it may not be cut out.
    if (!before && published && batch.number >= published.wal.batches) {
      throw this.#damaged(segment, at, `batches before it are missing: ${published.wal.batches} are published`)
    }
    for (const anchor of this.#anchors) {
      if (!isSeenBy(anchor, batch, segment)) {
        throw this.#damaged(segment, at, 'it is not the batch that is known to have been durable there')
      }
    }
    let entries = batch.firstIndex
    for (const { entry, payloads } of readRecords(batch.content)) {
      for (const { key } of payloads) this.payloadKeys.add(key)
      // What is published already was followed then.
      if (entries >= (published?.size ?? 0)) {
        const parsed = parseEntry(entry)
        this.#open.see(parsed)
        this.last = parsed.kind
      }
      entries++
    }
    this.#end = { segment, offset: batch.end, batches: batch.number + 1, entries, mac: Buffer.from(batch.mac) }
  }

  #damaged(segment: number, offset: number, why: string): TrailError {
    const { batches, entries } = this.#end ?? { batches: '?', entries: '?' }
    return new TrailError(
      'GS_TRAIL_DAMAGED',
      `Batch ${batches} (from entry ${entries}) in segment ${segmentName(segment)} at byte ${offset} is bad: ${why}.`,
    )
  }
}

/** Whether a batch is the one that is known, at its place; any other is. */
function isSeenBy({ batches, mac, segment, offset }: Anchor, batch: Batch, where: number): boolean {
  if (batch.number === batches) return batch.previous.equals(mac)
  if (batch.number !== batches - 1) return true
  return batch.mac.equals(mac) && (offset === SEGMENT_HEADER_BYTES || (segment === where && offset === batch.end))
}

async function checkHeader({ files, origin, instance }: RecoveryOptions, segment: number): Promise<void> {
  const name = segmentName(segment)
  const header = await files.readAt(name, 0, SEGMENT_HEADER_BYTES)
  if (!header.equals(segmentHeader(origin, instance, segment))) {
    throw new TrailError('GS_TRAIL_DAMAGED', `The header of segment ${name} is not that of ${origin}, instance ${instance}.`)
  }
}

function contiguous(numbers: number[]): number[] {
  const segments = numbers.sort((a, b) => a - b)
  for (let i = 1; i < segments.length; i++) {
    const expected = (segments[i - 1] as number) + 1
    if (segments[i] !== expected) throw new TrailError('GS_TRAIL_DAMAGED', `Segment ${segmentName(expected)} is missing.`)
  }
  return segments
}

/** Where the bytes that are not zero end, at `from` or behind. */
function lastByte(bytes: Buffer, from: number): number {
  let end = bytes.byteLength
  // Zeros are compared a page at a time: the tail of a segment may be long.
  const page = Buffer.alloc(4096)
  while (end - page.byteLength >= from && bytes.compare(page, 0, page.byteLength, end - page.byteLength, end) === 0) end -= page.byteLength
  while (end > from && bytes[end - 1] === 0) end--
  return end
}
