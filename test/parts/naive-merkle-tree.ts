import { createHash } from 'node:crypto'
import { type BuiltTile, type ReadTile, TreeBuilder, tilePath } from '../../src/tlog/index.ts'

const sha256 = (...parts: readonly Uint8Array[]) => parts.reduce((digest, part) => digest.update(part), createHash('sha256')).digest()

/** The largest power of two smaller than n. */
const split = (n: number) => 2 ** Math.ceil(Math.log2(n) - 1)

/** The definitions of RFC 6962 §2.1, as they are written there: slow, and plain to see. */
export const naive = {
  leaf: (entry: Uint8Array) => sha256(Buffer.of(0), entry),

  root(leaves: readonly Buffer[]): Buffer {
    if (leaves.length === 0) return sha256()
    if (leaves.length === 1) return leaves[0] as Buffer
    const k = split(leaves.length)
    return sha256(Buffer.of(1), naive.root(leaves.slice(0, k)), naive.root(leaves.slice(k)))
  },

  path(m: number, leaves: readonly Buffer[]): Buffer[] {
    if (leaves.length <= 1) return []
    const k = split(leaves.length)
    const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
    return m < k ? [...naive.path(m, left), naive.root(right)] : [...naive.path(m - k, right), naive.root(left)]
  },

  proof: (m: number, leaves: readonly Buffer[]): Buffer[] => (m === 0 ? [] : subproof(m, leaves, true)),
}

function subproof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [naive.root(leaves)]
  const k = split(leaves.length)
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return m <= k ? [...subproof(m, left, whole), naive.root(right)] : [...subproof(m - k, right, false), naive.root(left)]
}

/** Leaf hashes that differ from one another. */
export const someLeaves = (count: number, salt = ''): Buffer[] =>
  Array.from({ length: count }, (_, index) => naive.leaf(Buffer.from(`${salt}${index}`)))

/** A tree with all the tiles it ever gave out, as a log's folder would keep them. */
export class TreeWithTiles {
  readonly tree = new TreeBuilder()
  readonly tiles = new Map<string, Buffer>()

  /** @param takeEvery how many leaves lie between two publications */
  static of(leaves: readonly Buffer[], takeEvery = 1): TreeWithTiles {
    const grown = new TreeWithTiles()
    for (const [index, leaf] of leaves.entries()) {
      grown.tree.append(leaf)
      if (index % takeEvery === 0) grown.publish()
    }
    grown.publish()
    return grown
  }

  publish(): readonly BuiltTile[] {
    const built = this.tree.take()
    for (const { id, hashes } of built) this.tiles.set(tilePath(id), hashes)
    return built
  }

  readonly read: ReadTile = async (id) => {
    const hashes = this.tiles.get(tilePath(id))
    if (hashes === undefined) throw new Error(`${tilePath(id)} was never published`)
    return hashes
  }
}
