import { leafHash, type ReadTile, rootAt, TILE_WIDTH, type TileId, tilePath } from '../tlog/index.ts'
import { AuthenticTiles } from './authentic-tiles.ts'
import { readBundle } from './bundle.ts'
import { TrailError } from './errors.ts'
import type { LogFiles } from './log-files.ts'

/** The folder within the trail's that holds nothing but what C2SP tlog-tiles defines, and could be served as it is. */
const FOLDER = 'log/'
export const CHECKPOINT_PATH = `${FOLDER}checkpoint`
/** The newest checkpoint that enough witnesses cosigned. */
export const WITNESSED_PATH = `${FOLDER}witnessed`

export function logPath(id: TileId): string {
  return `${FOLDER}${tilePath(id)}`
}

/** The width of tile or bundle `n` at a level in a tree of `size`; 0 where it has none. */
export function widthAt(level: number, n: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - n * TILE_WIDTH))
}

/** Reads what is published. The size it reads at comes from whoever knows how far the log has come. */
export class PublishedLog {
  readonly #files: LogFiles
  /** The tree that was read from last. */
  #tree: AuthenticTiles | undefined

  constructor(files: LogFiles) {
    this.#files = files
  }

  /** A tile of hashes, as wide as asked for: cut from the full one where the partial one is gone. @throws TrailError GS_TRAIL_DAMAGED */
  readonly tile: ReadTile = async (id) => {
    const bytes = await this.#narrowest(id)
    if (!bytes || bytes.byteLength < id.width * 32 || bytes.byteLength % 32 !== 0) throw damaged(`${tilePath(id)} is missing or cut`)
    return bytes.subarray(0, id.width * 32)
  }

  /**
   * The entries of bundle `n` in a tree of `size`, each held against its hash in the tree.
   * @param root of that tree, where its hashes are to be held against it too: files that were changed together do not pass then
   * @throws TrailError GS_TRAIL_DAMAGED, which names the first bad entry
   */
  async bundle(n: number, size: number, root?: Uint8Array): Promise<readonly Buffer[]> {
    const width = widthAt(0, n, size)
    const id: TileId = { level: 'entries', n, width }
    const bytes = await this.#narrowest(id)
    if (!bytes) throw damaged(`${tilePath(id)} is missing`)
    const hashes = await (root ? this.#authentic(n, size, root) : this.tile({ level: 0, n, width }))
    let entries: readonly Buffer[]
    try {
      entries = cut(bytes, width)
    } catch (cause) {
      throw damaged(`${tilePath(id)} is not whole`, cause)
    }
    for (let at = 0; at < entries.length; at++) {
      const hash = hashes.subarray(at * 32, at * 32 + 32)
      if (!leafHash(entries[at] as Buffer).equals(hash)) throw damaged(`entry ${n * TILE_WIDTH + at} does not match its hash`)
    }
    return entries
  }

  /** The root of the tree of `size`, from the tiles as they stand in a tree of `of`. @throws TrailError GS_TRAIL_DAMAGED */
  root(size: number, of: number = size): Promise<Buffer> {
    return rootAt(size, this.tile, of)
  }

  async checkpoint(): Promise<string | undefined> {
    return (await this.#files.read(CHECKPOINT_PATH))?.toString()
  }

  async witnessed(): Promise<string | undefined> {
    return (await this.#files.read(WITNESSED_PATH))?.toString()
  }

  /** The hashes of bundle `n`, which lead to the root. @throws TrailError GS_TRAIL_DAMAGED */
  async #authentic(n: number, size: number, root: Uint8Array): Promise<Uint8Array> {
    const { size: knownSize, root: knownRoot } = this.#tree ?? {}
    if (knownSize !== size || !knownRoot || Buffer.compare(knownRoot, root) !== 0) this.#tree = new AuthenticTiles(this.tile, size, root)
    const width = widthAt(0, n, size)
    const hashes = await (this.#tree as AuthenticTiles).tile({ level: 0, n, width })
    if (hashes) return hashes
    const first = n * TILE_WIDTH
    throw damaged(`the hashes of the entries ${first} to ${first + width - 1}, or those above them, do not come to the root`)
  }

  /** The file of exactly this width, else the full one. */
  async #narrowest(id: TileId): Promise<Buffer | undefined> {
    const exact = await this.#files.read(logPath(id))
    return exact ?? (id.width < TILE_WIDTH ? this.#files.read(logPath({ ...id, width: TILE_WIDTH })) : undefined)
  }
}

/** The first `width` entries: the file may be the full bundle. */
function cut(bytes: Buffer, width: number): readonly Buffer[] {
  let at = 0
  for (let n = 0; n < width; n++) {
    if (at + 2 > bytes.byteLength) break
    at += 2 + bytes.readUInt16BE(at)
  }
  return readBundle(bytes.subarray(0, at), width)
}

function damaged(why: string, cause?: unknown): TrailError {
  return new TrailError('GS_TRAIL_DAMAGED', `The published log is not as it was: ${why}.`, { cause })
}
