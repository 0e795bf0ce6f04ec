import { HASH_BYTES, type Hash, nodeHash, perfectRoot } from './merkle.ts'
import { TILE_HEIGHT, TILE_WIDTH, type TileId, tileOf, tilePath } from './tile-path.ts'
import { type ReadTile, readTile } from './tree-builder.ts'

/** Leaves `start` (in) to `end` (out), as one subtree of the tree: all of its perfect subtrees but the last are of falling size. */
export interface LeafRange {
  readonly start: number
  readonly end: number
}

/** The largest power of two smaller than `leaves`, where RFC 6962 §2.1 splits a tree of that many; from 2 on. */
export function splitPoint(leaves: number): number {
  let half = 1
  while (half * 2 < leaves) half *= 2
  return half
}

/** A perfect subtree: the `index`-th at its height, over 2^height leaves. */
interface Subtree {
  readonly height: number
  readonly index: number
}

/** Left to right, largest first. */
function perfectSubtrees({ start, end }: LeafRange): readonly Subtree[] {
  const subtrees: Subtree[] = []
  for (let at = start; at < end; ) {
    let height = 0
    while (at + 2 ** (height + 1) <= end) height++
    subtrees.push({ height, index: at / 2 ** height })
    at += 2 ** height
  }
  return subtrees
}

/**
 * The hashes of ranges of the tree of `size` leaves, each as RFC 6962 §2.1 has it. Every tile is read once, all at the same time.
 * @throws TlogError GS_TLOG_TILE where a tile has another length
 */
export async function hashRanges(ranges: readonly LeafRange[], size: number, read: ReadTile): Promise<Hash[]> {
  const split = ranges.map(perfectSubtrees)
  const wanted = new Map(
    split
      .flat()
      .map((subtree) => placeOf(subtree, size))
      .map(({ tile }) => [tilePath(tile), tile]),
  )
  const tiles = new Map(await Promise.all([...wanted].map(async ([path, id]) => [path, await readTile(id, read)] as const)))
  const hashOf = (subtree: Subtree) => {
    const { tile, first, count } = placeOf(subtree, size)
    return perfectRoot((tiles.get(tilePath(tile)) as Buffer).subarray(first * HASH_BYTES, (first + count) * HASH_BYTES))
  }
  return split.map((subtrees) => subtrees.map(hashOf).reduceRight((right, left) => nodeHash(left, right)))
}

/** Which hashes of which tile a perfect subtree stands above; never more than one tile. */
function placeOf({ height, index }: Subtree, size: number): { readonly tile: TileId; readonly first: number; readonly count: number } {
  const level = Math.floor(height / TILE_HEIGHT)
  const count = 2 ** (height % TILE_HEIGHT)
  const start = index * count
  return { tile: tileOf(level, start, size), first: start % TILE_WIDTH, count }
}
