import { HASH_BYTES, perfectRoot, type ReadTile, rootAt, TILE_WIDTH, type TileId, tilePath } from '../tlog/index.ts'

/** The hash tiles of one tree, each held against those above it, up to the root: files that were changed together do not pass. */
export class AuthenticTiles {
  readonly size: number
  readonly root: Uint8Array
  readonly #read: ReadTile
  /** The tiles that are not full, which the root is computed from; by path. */
  #edge: Promise<ReadonlyMap<string, Uint8Array>> | undefined
  /** Of each level the one that was asked for last: whoever reads in order finds what is above in here. */
  readonly #last = new Map<number, { readonly n: number; readonly hashes: Uint8Array }>()

  /**
   * @param read tiles as they stand
   * @param root of the tree of `size`
   */
  constructor(read: ReadTile, size: number, root: Uint8Array) {
    this.#read = read
    this.size = size
    this.root = root
  }

  /** @param id of a tile of hashes, as wide as it is in this tree. @returns undefined where it does not lead to the root */
  async tile(id: TileId & { readonly level: number }): Promise<Uint8Array | undefined> {
    if (id.width < TILE_WIDTH) return (await this.#edgeTiles()).get(tilePath(id))
    const last = this.#last.get(id.level)
    if (last?.n === id.n) return last.hashes
    const hashes = await this.#read(id)
    const above = { level: id.level + 1, n: Math.floor(id.n / TILE_WIDTH) }
    const parent = await this.tile({ ...above, width: this.#width(above.level, above.n) })
    const at = (id.n % TILE_WIDTH) * HASH_BYTES
    const expected = parent?.subarray(at, at + HASH_BYTES)
    if (!expected || !perfectRoot(Buffer.from(hashes)).equals(expected)) return undefined
    this.#last.set(id.level, { n: id.n, hashes })
    return hashes
  }

  /** Empty where they do not come to the root. */
  #edgeTiles(): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#edge ??= this.#checkEdge()
    return this.#edge
  }

  async #checkEdge(): Promise<ReadonlyMap<string, Uint8Array>> {
    const seen = new Map<string, Uint8Array>()
    const root = await rootAt(this.size, async (id) => {
      const hashes = await this.#read(id)
      seen.set(tilePath(id), hashes)
      return hashes
    })
    return root.equals(this.root) ? seen : new Map()
  }

  #width(level: number, n: number): number {
    return Math.min(TILE_WIDTH, Math.floor(this.size / TILE_WIDTH ** level) - n * TILE_WIDTH)
  }
}
