/** How many hashes or entries a full tile or bundle has: a tile is a subtree of height 8 (c2sp.org/tlog-tiles). */
export const TILE_WIDTH = 256
export const TILE_HEIGHT = 8

/** One tile of hashes, or one bundle of entries. */
export interface TileId {
  /** 0 holds leaf hashes, each hash of level l+1 is the root of a full tile of level l; `entries` holds the entries themselves. */
  readonly level: number | 'entries'
  /** Which tile of its level, from 0. */
  readonly n: number
  /** How many hashes or entries it has, 1 to 256; 256 is a full one. */
  readonly width: number
}

const MAX_LEVEL = 63
const PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** @returns such as `tile/0/x001/x234/067.p/5`, relative to the log (c2sp.org/tlog-tiles, Merkle Tree) */
export function tilePath({ level, n, width }: TileId): string {
  let elements = String(n % 1000).padStart(3, '0')
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000))
    elements = `x${String(rest % 1000).padStart(3, '0')}/${elements}`
  return `tile/${level}/${elements}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

/** The tile that a path names, or undefined where no tile is written so: a path has one spelling. */
export function parseTilePath(path: string): TileId | undefined {
  const match = PATH.exec(path)
  if (!match) return undefined
  const [, level, elements, width] = match as unknown as [string, string, string, string | undefined]
  const id = {
    level: level === 'entries' ? level : Number(level),
    n: Number(elements.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  } as const
  if (id.level !== 'entries' && id.level > MAX_LEVEL) return undefined
  if (!Number.isSafeInteger(id.n)) return undefined
  return tilePath(id) === path && id.width <= TILE_WIDTH ? id : undefined
}

/** How many hashes a level has in a tree of `size` leaves; only whole tiles below count. */
export function levelWidth(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/**
 * The partial tiles of a tree of `size` leaves, from level 0 up: the right edge, and all that its root, or a tree that goes on
 * from there, is computed from.
 */
export function edgeTiles(size: number): readonly TileId[] {
  const tiles: TileId[] = []
  for (let level = 0; levelWidth(level, size) > 0; level++) {
    const width = levelWidth(level, size) % TILE_WIDTH
    if (width > 0) tiles.push({ level, n: levelWidth(level + 1, size), width })
  }
  return tiles
}

/** The tile that holds hash `index` of `level`, as wide as it is in a tree of `size` leaves. The hash must be in that tree. */
export function tileOf(level: number, index: number, size: number): TileId {
  const n = Math.floor(index / TILE_WIDTH)
  return { level, n, width: Math.min(TILE_WIDTH, levelWidth(level, size) - n * TILE_WIDTH) }
}
