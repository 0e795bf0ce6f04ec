import { createHmac, timingSafeEqual } from 'node:crypto'

/*
 * A batch on disk, big-endian:
 *   0  "GSb1"           4
 *   4  content length   4   bytes
 *   8  number           8   of the batch, from 0
 *  16  first index      8   of its first entry in the log
 *  24  previous MAC    32   of the batch before; for batch 0, of the genesis
 *  56  MAC             32   HMAC-SHA256(log key, bytes 0–55 ‖ content)
 *  88  content
 */
export const BATCH_HEADER_BYTES = 88
export const MAC_BYTES = 32
const MAGIC = 0x47536231
const MAC_AT = 56
const PREVIOUS_AT = 24

/** A whole batch whose own MAC is right. */
export interface Batch {
  readonly number: number
  readonly firstIndex: number
  readonly previous: Buffer
  readonly mac: Buffer
  readonly content: Buffer
  /** Where the next one begins. */
  readonly end: number
}

/** The key of one log's batches: bound to its origin and instance, so that batches of another log do not fit. */
export function logKey(key: Uint8Array, origin: string, instance: string): Buffer {
  return createHmac('sha256', key).update(`gatescribe log v1\n${origin}\n${instance}\n`).digest()
}

/** What stands as "previous MAC" in the first batch. */
export function genesis(key: Uint8Array): Buffer {
  return createHmac('sha256', key).update('genesis').digest()
}

/**
 * Writes the header in front of the content that is already in place.
 *
 * @param bytes header room and content, exactly one batch
 * @returns the batch's MAC, a view into `bytes`
 */
export function finishBatch(bytes: Buffer, key: Uint8Array, number: number, firstIndex: number, previous: Uint8Array): Buffer {
  bytes.writeUInt32BE(MAGIC, 0)
  bytes.writeUInt32BE(bytes.byteLength - BATCH_HEADER_BYTES, 4)
  bytes.writeBigUInt64BE(BigInt(number), 8)
  bytes.writeBigUInt64BE(BigInt(firstIndex), 16)
  bytes.set(previous, PREVIOUS_AT)
  const mac = macOf(bytes, key)
  mac.copy(bytes, MAC_AT)
  return mac
}

/** @returns undefined where no whole batch with a right MAC stands at `at`; whether it fits the one before is the caller's to compare */
export function readBatch(bytes: Buffer, at: number, key: Uint8Array): Batch | undefined {
  if (at + BATCH_HEADER_BYTES > bytes.byteLength || bytes.readUInt32BE(at) !== MAGIC) return undefined
  const end = at + BATCH_HEADER_BYTES + bytes.readUInt32BE(at + 4)
  if (end > bytes.byteLength) return undefined
  const whole = bytes.subarray(at, end)
  const mac = whole.subarray(MAC_AT, BATCH_HEADER_BYTES)
  if (!timingSafeEqual(macOf(whole, key), mac)) return undefined
  return {
    number: Number(whole.readBigUInt64BE(8)),
    firstIndex: Number(whole.readBigUInt64BE(16)),
    previous: whole.subarray(PREVIOUS_AT, MAC_AT),
    mac,
    content: whole.subarray(BATCH_HEADER_BYTES),
    end,
  }
}

/** The first whole batch with a right MAC that begins at `from` or later, wherever that is. */
export function findBatch(bytes: Buffer, from: number, key: Uint8Array): { readonly at: number; readonly batch: Batch } | undefined {
  for (let at = bytes.indexOf('GSb1', from, 'latin1'); at !== -1; at = bytes.indexOf('GSb1', at + 1, 'latin1')) {
    const batch = readBatch(bytes, at, key)
    if (batch) return { at, batch }
  }
  return undefined
}

function macOf(whole: Buffer, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(whole.subarray(0, MAC_AT)).update(whole.subarray(BATCH_HEADER_BYTES)).digest()
}
