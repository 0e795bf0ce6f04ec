import { TlogError } from './errors.ts'
import { EMPTY_ROOT, HASH_BYTES, type Hash, nodeHash, pairHash } from './merkle.ts'
import { edgeTiles, TILE_HEIGHT, TILE_WIDTH, type TileId, tilePath } from './tile-path.ts'

/** Reads the hashes of one level tile: exactly `width` times 32 bytes. Where only a wider tile is left, its beginning. */
export type ReadTile = (id: TileId) => Promise<Uint8Array>

/** A tile with its hashes, one behind the other. */
export interface BuiltTile {
  readonly id: TileId
  readonly hashes: Buffer
}

/** The tile that is growing at one level, with the roots of the perfect subtrees in it that still wait for their neighbour. */
interface GrowingTile {
  hashes: Buffer
  width: number
  /** By height 1 to 7; height 0 is the last hash, where their number is odd. */
  readonly waiting: (Hash | undefined)[]
  /** Which tile of its level. */
  n: number
  /** How wide it was when it was last taken. */
  taken: number
}

/** A tree that grows leaf by leaf, and gives out its tiles. It holds the right edge only, and the tiles not yet taken. */
export class TreeBuilder {
  #size = 0
  readonly #levels: GrowingTile[] = []
  #full: BuiltTile[] = []

  /**
   * The tree of `size` leaves, ready to grow. What it was loaded from counts as taken.
   * @throws TlogError GS_TLOG_TILE where a tile has another length
   */
  static async load(size: number, read: ReadTile): Promise<TreeBuilder> {
    const builder = new TreeBuilder()
    const tiles = await Promise.all(edgeTiles(size).map(async (id) => ({ id, hashes: await readTile(id, read) })))
    for (const { id, hashes } of tiles) {
      const tile = builder.#level(id.level as number)
      for (let at = 0; at < hashes.length; at += HASH_BYTES) grow(tile, hashes.subarray(at, at + HASH_BYTES))
      tile.taken = tile.width
    }
    for (const [level, tile] of builder.#levels.entries()) tile.n = Math.floor(size / TILE_WIDTH ** (level + 1))
    builder.#size = size
    return builder
  }

  /** Leaves. */
  get size(): number {
    return this.#size
  }

  /** @param leaf copied */
  append(leaf: Hash): void {
    if (leaf.length !== HASH_BYTES) throw new RangeError('A leaf hash has 32 bytes.')
    this.#size++
    let hash: Hash = leaf
    for (let level = 0; ; level++) {
      const tile = this.#level(level)
      const above = grow(tile, hash)
      if (above === undefined) return
      this.#full.push({ id: { level, n: tile.n, width: TILE_WIDTH }, hashes: tile.hashes })
      tile.hashes = Buffer.allocUnsafeSlow(TILE_WIDTH * HASH_BYTES)
      tile.width = 0
      tile.taken = 0
      tile.n++
      hash = above
    }
  }

  /** The root over all leaves appended so far. */
  root(): Hash {
    let root: Hash | undefined
    const add = (left: Hash) => {
      root = root === undefined ? Buffer.from(left) : nodeHash(left, root)
    }
    for (const { hashes, width, waiting } of this.#levels) {
      if (width % 2 === 1) add(hashes.subarray((width - 1) * HASH_BYTES, width * HASH_BYTES))
      for (const hash of waiting) if (hash !== undefined) add(hash)
    }
    return root ?? Buffer.from(EMPTY_ROOT)
  }

  /** The level tiles that changed since they were last taken, full ones first, as they are now; those in part are copies. */
  take(): readonly BuiltTile[] {
    const tiles = this.#full
    this.#full = []
    for (const [level, tile] of this.#levels.entries()) {
      if (tile.width === tile.taken) continue
      tiles.push({ id: { level, n: tile.n, width: tile.width }, hashes: Buffer.from(tile.hashes.subarray(0, tile.width * HASH_BYTES)) })
      tile.taken = tile.width
    }
    return tiles
  }

  #level(level: number): GrowingTile {
    while (this.#levels.length <= level)
      this.#levels.push({
        hashes: Buffer.allocUnsafeSlow(TILE_WIDTH * HASH_BYTES),
        width: 0,
        waiting: new Array<Hash | undefined>(TILE_HEIGHT).fill(undefined),
        n: 0,
        taken: 0,
      })
    return this.#levels[level] as GrowingTile
  }
}

/** Adds a hash to a tile. @returns the tile's root where that made it full */
function grow(tile: GrowingTile, hash: Hash): Hash | undefined {
  const { hashes, waiting } = tile
  hashes.set(hash, tile.width * HASH_BYTES)
  tile.width++
  if (tile.width % 2 === 1) return undefined
  let subtree = pairHash(hashes, (tile.width - 2) * HASH_BYTES)
  for (let height = 1; height < TILE_HEIGHT; height++) {
    const left = waiting[height]
    if (left === undefined) {
      waiting[height] = subtree
      return undefined
    }
    waiting[height] = undefined
    subtree = nodeHash(left, subtree)
  }
  return subtree
}

/** @throws TlogError GS_TLOG_TILE */
export async function readTile(id: TileId, read: ReadTile): Promise<Buffer> {
  const hashes = await read(id)
  if (hashes.length !== id.width * HASH_BYTES)
    throw new TlogError('GS_TLOG_TILE', `${tilePath(id)} has ${hashes.length} bytes instead of ${id.width * HASH_BYTES}.`)
  return Buffer.from(hashes.buffer, hashes.byteOffset, hashes.length)
}
