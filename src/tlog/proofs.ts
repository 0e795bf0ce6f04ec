import { EMPTY_ROOT, type Hash } from './merkle.ts'
import { hashRanges, type LeafRange, splitPoint } from './ranges.ts'
import { edgeTiles, levelWidth, TILE_WIDTH, type TileId, tileOf, tilePath } from './tile-path.ts'
import type { ReadTile } from './tree-builder.ts'

/**
 * The root of the tree of the first `size` leaves.
 * @param of the size of the tree that the tiles are read as: at least `size`, and `size` itself unless said otherwise
 * @throws TlogError GS_TLOG_TILE. @throws RangeError for sizes that do not fit
 */
export async function rootAt(size: number, read: ReadTile, of = size): Promise<Hash> {
  fits(size, of)
  if (size === 0) return Buffer.from(EMPTY_ROOT)
  const [root] = await hashRanges([{ start: 0, end: size }], of, read)
  return root as Hash
}

/**
 * The hashes that lead from the leaf to the root, the leaf's sibling first (RFC 6962 §2.1.1).
 * @throws TlogError GS_TLOG_TILE. @throws RangeError where the tree has no such leaf
 */
export async function inclusionProof(index: number, size: number, read: ReadTile): Promise<Hash[]> {
  if (index >= size) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`)
  fits(index, size)
  const siblings: LeafRange[] = []
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      siblings.unshift({ start: middle, end })
      end = middle
    } else {
      siblings.unshift({ start, end: middle })
      start = middle
    }
  }
  return hashRanges(siblings, size, read)
}

/**
 * The hashes that show that the tree of `to` leaves goes on from that of the first `from` (RFC 6962 §2.1.2). Empty where both are
 * the same or the first is empty.
 * @throws TlogError GS_TLOG_TILE. @throws RangeError for sizes that do not fit
 */
export async function consistencyProof(from: number, to: number, read: ReadTile): Promise<Hash[]> {
  fits(from, to)
  if (from === 0 || from === to) return []
  const ranges: LeafRange[] = []
  let start = 0
  let end = to
  while (end !== from) {
    const middle = start + splitPoint(end - start)
    if (from <= middle) {
      ranges.unshift({ start: middle, end })
      end = middle
    } else {
      ranges.unshift({ start, end: middle })
      start = middle
    }
  }
  // What is left is the old tree itself, whose root the reader knows, or its last part, which must be said.
  if (start > 0) ranges.unshift({ start, end })
  return hashRanges(ranges, to, read)
}

/**
 * The tiles that prove leaf `index` in a tree of `size` leaves: its own, those above it, and the right edge, which gives the root.
 * @throws RangeError where the tree has no such leaf
 */
export function tilesForInclusion(index: number, size: number): readonly TileId[] {
  if (index >= size) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`)
  fits(index, size)
  const tiles = new Map<string, TileId>()
  for (let level = 0, at = index; at < levelWidth(level, size); level++, at = Math.floor(at / TILE_WIDTH)) {
    const tile = tileOf(level, at, size)
    tiles.set(tilePath(tile), tile)
  }
  for (const tile of edgeTiles(size)) tiles.set(tilePath(tile), tile)
  return [...tiles.values()]
}

function fits(smaller: number, larger: number): void {
  if (![smaller, larger].every((size) => Number.isSafeInteger(size) && size >= 0) || smaller > larger)
    throw new RangeError(`A tree of ${larger} leaves does not reach to ${smaller}.`)
}
