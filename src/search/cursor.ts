import { SearchError } from './errors.ts'

/*
 * Where a search goes on: digest of the query (8 bytes), then the index (8, big-endian), in base64url. Opaque to those who use it; it opens
 * nothing that the query itself would not.
 */

const BYTES = 16

/** @param index where to go on, itself included */
export function cursorOf(digest: Uint8Array, index: number): string {
  const bytes = Buffer.alloc(BYTES)
  bytes.set(digest)
  bytes.writeBigUInt64BE(BigInt(index), BYTES - 8)
  return bytes.toString('base64url')
}

/** @throws SearchError GS_SEARCH_CURSOR where it is not one of this query */
export function readCursor(cursor: string, digest: Uint8Array): number {
  const bytes = /^[\w-]{22}$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0)
  const index = bytes.byteLength === BYTES ? Number(bytes.readBigUInt64BE(BYTES - 8)) : -1
  if (!Number.isSafeInteger(index) || index < 0 || !bytes.subarray(0, 8).equals(digest) || bytes.toString('base64url') !== cursor)
    throw new SearchError('GS_SEARCH_CURSOR')
  return index
}
