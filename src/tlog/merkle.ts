import { createHash, hash } from 'node:crypto'

/** A SHA-256 digest: 32 bytes. */
export type Hash = Buffer

export const HASH_BYTES = 32

/** The root of a log without entries: the hash of nothing (RFC 6962 §2.1). */
export const EMPTY_ROOT: Hash = hash('sha256', '', 'buffer')

const LEAF_PREFIX = 0
const NODE_PREFIX = 1

// Both hashes are computed at once and never overlap, so the bytes to hash are put together in one place instead of a new one each time.
const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX)
const leaf = Buffer.alloc(1 << 16, LEAF_PREFIX)

/** @param entry as stored. Its leaf hash: SHA-256(0x00 ‖ entry) (RFC 6962 §2.1) */
export function leafHash(entry: Uint8Array): Hash {
  if (entry.length >= leaf.length) return createHash('sha256').update(Buffer.of(LEAF_PREFIX)).update(entry).digest()
  leaf.set(entry, 1)
  return hash('sha256', leaf.subarray(0, entry.length + 1), 'buffer')
}

/** @param left and right: hashes of two neighbouring subtrees. SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1) */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  node.set(left, 1)
  node.set(right, 1 + HASH_BYTES)
  return hash('sha256', node, 'buffer')
}

/** @param hashes 2^k hashes, one behind the other. The hash of the perfect subtree above them; a single one is its own */
export function perfectRoot(hashes: Buffer): Hash {
  if (hashes.length === HASH_BYTES) return Buffer.from(hashes)
  const level = Buffer.from(hashes)
  for (let bytes = level.length; bytes > 2 * HASH_BYTES; bytes /= 2)
    for (let at = 0; at < bytes; at += 2 * HASH_BYTES) pairHash(level, at).copy(level, at / 2)
  return pairHash(level, 0)
}

/** The hash above two hashes that lie next to each other, from byte `at` on. */
export function pairHash(hashes: Buffer, at: number): Hash {
  hashes.copy(node, 1, at, at + 2 * HASH_BYTES)
  return hash('sha256', node, 'buffer')
}
