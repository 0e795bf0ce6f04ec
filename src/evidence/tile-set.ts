import { edgeTiles, TILE_WIDTH, type TileId } from '../tlog/index.ts'

/** Which tiles prove a set of entries. Tiles that stand side by side take no more room than one. */
export class TileSet {
  /** Of level 0, in order: first tile and last. */
  readonly #spans: [first: number, last: number][] = []

  /** Indexes must rise. */
  add(index: number): void {
    const tile = Math.floor(index / TILE_WIDTH)
    const newest = this.#spans.at(-1)
    if (newest && tile <= newest[1] + 1) newest[1] = tile
    else this.#spans.push([tile, tile])
  }

  /** In a tree of `size`, from level 0 up: those of the entries, those above them, and the right edge, which gives the root. */
  *tiles(size: number): Generator<TileId> {
    const edge = new Map(edgeTiles(size).map((tile) => [tile.level as number, tile]))
    let spans: readonly (readonly [number, number])[] = this.#spans
    for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const last = Math.ceil(hashes / TILE_WIDTH) - 1
      const partial = edge.get(level)
      let isEdgeOut = false
      for (const [first, end] of spans) {
        for (let n = first; n <= Math.min(end, last); n++) {
          if (n === partial?.n) isEdgeOut = true
          yield { level, n, width: Math.min(TILE_WIDTH, hashes - n * TILE_WIDTH) }
        }
      }
      if (partial && !isEdgeOut) yield partial
      spans = above(spans)
    }
  }
}

function above(spans: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const parents: [number, number][] = []
  for (const [first, last] of spans) {
    const [low, high] = [Math.floor(first / TILE_WIDTH), Math.floor(last / TILE_WIDTH)]
    const newest = parents.at(-1)
    if (newest && low <= newest[1] + 1) newest[1] = high
    else parents.push([low, high])
  }
  return parents
}
