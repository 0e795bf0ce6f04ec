import { leafHash } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { STAMP_BYTES } from './search-index.ts'

/** What of an entry's leaf hash (RFC 6962 §2.1) the index keeps. */
export function leafStamp({ bytes }: Pick<StoredEntry, 'bytes'>): Buffer {
  return leafHash(bytes).subarray(0, STAMP_BYTES - 8)
}

/** Time of an entry, ms since the epoch: what is finer than that is left to the entry. */
export function entryTime({ at }: Pick<StoredEntry, 'at'>): number {
  return Date.parse(at)
}
