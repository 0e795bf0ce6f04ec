import { MAX_ENTRY_BYTES } from './entry.ts'

/*
 * One entry and its payloads within a batch, big-endian:
 *   entry length 2, entry (as in an entry bundle of C2SP tlog-tiles), number of payloads 2,
 *   then per payload: key id 8, length 4, ciphertext and tag.
 * Payloads stand in the order of their names in the entry's text, which is the order of their commitments.
 */

/** A payload as it stands beside its entry. */
export interface SealedPayload {
  /** 16 hexadecimal digits. */
  readonly key: string
  readonly sealed: Buffer
}

export interface LogRecord {
  readonly entry: Buffer
  readonly payloads: readonly SealedPayload[]
}

export const PAYLOAD_HEADER_BYTES = 12

/** What a record takes beyond the entry's text and its sealed payloads. */
export function recordOverhead(payloads: number): number {
  return 4 + payloads * PAYLOAD_HEADER_BYTES
}

/**
 * The records of one batch's content, in order.
 *
 * @throws RangeError where the content is not records to its last byte
 */
export function* readRecords(content: Buffer): Generator<LogRecord> {
  for (let at = 0; at < content.byteLength; ) {
    const entryEnd = at + 2 + content.readUInt16BE(at)
    const entry = slice(content, at + 2, entryEnd)
    const payloads: SealedPayload[] = []
    let next = entryEnd + 2
    for (let left = content.readUInt16BE(entryEnd); left > 0; left--) {
      const end = next + PAYLOAD_HEADER_BYTES + content.readUInt32BE(next + 8)
      payloads.push({ key: content.toString('hex', next, next + 8), sealed: slice(content, next + PAYLOAD_HEADER_BYTES, end) })
      next = end
    }
    yield { entry, payloads }
    at = next
  }
}

function slice(content: Buffer, from: number, to: number): Buffer {
  if (to > content.byteLength || to - from > Math.max(MAX_ENTRY_BYTES, content.byteLength))
    throw new RangeError('a record reaches beyond its batch')
  return content.subarray(from, to)
}
