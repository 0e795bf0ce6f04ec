import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './merkle.ts'

/**
 * Whether `proof` leads from the leaf at `index` to the root of a tree of `size` leaves (RFC 9162 §2.1.3.2, which gives the
 * algorithm for the proofs of RFC 6962). Anything out of range is a no.
 */
export function verifyInclusion(leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[], root: Uint8Array): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash)
      // A node without a right neighbour stands as it is at the levels above, up to where it has a left one.
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equal(hash, root)
}

/**
 * Whether `proof` shows that the tree of `to` leaves begins with that of `from` leaves (RFC 9162 §2.1.4.2). Every tree begins
 * with the empty one and with itself, which takes an empty proof.
 */
export function verifyConsistency(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot) && (to > 0 || equal(toRoot, EMPTY_ROOT))
  if (from === 0) return proof.length === 0 && equal(fromRoot, EMPTY_ROOT)

  let at = from - 1
  let last = to - 1
  while (at % 2 === 1) {
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  // Where the old tree is a perfect one, its root is where both begin, and the proof does not repeat it.
  const [first, ...rest] = at === 0 ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  let oldHash = first
  let newHash = first
  for (const hash of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(hash, oldHash)
      newHash = nodeHash(hash, newHash)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else {
      newHash = nodeHash(newHash, hash)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equal(oldHash, fromRoot) && equal(newHash, toRoot)
}

const isSize = (value: number) => Number.isSafeInteger(value) && value >= 0
const areHashes = (hashes: readonly Uint8Array[]) => hashes.every((hash) => hash.length === HASH_BYTES)
const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
