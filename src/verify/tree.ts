import { hash } from 'node:crypto'
import { Failure } from './verdict.ts'

/** Hashes in a full tile: the factor from one level to the next. */
export const WIDTH = 256
const BYTES = 32
const leaf = Buffer.alloc(1 + 65_535)
const pair = Buffer.alloc(1 + 2 * BYTES, 1)
const work = Buffer.alloc(WIDTH * BYTES)

/** RFC 6962 §2.1. Hashes are binary strings: quick to make, compare and keep. @param entry at most 65,535 bytes */
export const leafHash = (entry: Buffer): string => hash('sha256', leaf.subarray(0, 1 + entry.copy(leaf, 1)), 'binary')

function nodeHash(left: string, right: string): string {
  pair.write(left + right, 1, 'latin1')
  return hash('sha256', pair, 'binary')
}

/** RFC 6962 §2.1 over hashes whose number is a power of two, at most 256. */
function subtreeHash(hashes: Buffer): string {
  hashes.copy(work)
  for (let length = hashes.length; length > BYTES; length /= 2) {
    for (let at = 0; at < length; at += 2 * BYTES) {
      work.copy(pair, 1, at, at + 2 * BYTES)
      work.write(hash('sha256', pair, 'binary'), at / 2, 'latin1')
    }
  }
  return work.toString('latin1', 0, BYTES)
}

/** Where an inclusion proof leads (RFC 9162 §2.1.3.2); undefined where it has too many or too few hashes. */
export function rootOfProof(entry: Buffer, index: number, size: number, proof: readonly Buffer[]): string | undefined {
  if (index >= size) return undefined
  let [node, last, root] = [index, size - 1, leafHash(entry)]
  for (const sibling of proof) {
    if (last === 0) return undefined
    const other = sibling.toString('latin1')
    const isRight = node % 2 === 1 || node === last
    root = isRight ? nodeHash(other, root) : nodeHash(root, other)
    // A node without a right sibling is moved up unhashed.
    while (isRight && node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : undefined
}

/** tlog-tiles: `tile/0/x001/x234/067.p/5`, the width only where it is not 256. */
export function tilePath(level: number | 'entries', n: number, width: number): string {
  const digits = `${n}`.padStart(Math.ceil(`${n}`.length / 3) * 3, '0')
  return `tile/${level}/${digits.replace(/\d{3}(?=\d)/g, 'x$&/')}${width === WIDTH ? '' : `.p/${width}`}`
}

/** A tree of known size, through its tiles. Once its `root` is the signed one, whatever else it returns is what was signed. */
export class Tree {
  readonly size: number
  readonly #read: (path: string) => Buffer | undefined
  readonly #last: { readonly n: number; readonly hashes: Buffer }[] = []

  /** @param read a file of the log by its path; undefined where there is none */
  constructor(size: number, read: (path: string) => Buffer | undefined) {
    this.size = size
    this.#read = read
  }

  /** How many hashes of a tile, or entries of a bundle, the tree has: 0 to 256. */
  width(level: number | 'entries', n: number): number {
    return Math.max(0, Math.min(WIDTH, Math.floor(this.size / WIDTH ** (level === 'entries' ? 0 : level)) - n * WIDTH))
  }

  /** The file that holds them: as wide as the tree has them, or else the full one. */
  file(level: number | 'entries', n: number): { readonly width: number; readonly bytes: Buffer } | undefined {
    for (const width of new Set([this.width(level, n), WIDTH])) {
      const bytes = this.#read(tilePath(level, n, width))
      if (bytes) return { width, bytes }
    }
    return undefined
  }

  /** The hashes of a tile. @throws Failure where they are not there, or are not what the tile above says */
  tile(level: number, n: number): Buffer {
    const last = this.#last[level]
    if (last?.n === n) return last.hashes
    const [width, file, span] = [this.width(level, n), this.file(level, n), WIDTH ** (level + 1)]
    const hashes = file && file.bytes.length === file.width * BYTES ? file.bytes.subarray(0, width * BYTES) : undefined
    // The root covers the tiles along the right edge, which are not full.
    const isRight = hashes && (width < WIDTH || subtreeHash(hashes) === this.hashAt(level + 1, n))
    if (!isRight) {
      const range = `entries ${n * span} to ${Math.min(this.size, (n + 1) * span) - 1}`
      throw new Failure('inclusion', `${range}: ${tilePath(level, n, width)} is ${file ? 'not the one in the tree' : 'missing'}`, n * span)
    }
    this.#last[level] = { n, hashes }
    return hashes
  }

  /** One hash of a level: of an entry at level 0. @throws Failure */
  hashAt(level: number, at: number): string {
    const begin = (at % WIDTH) * BYTES
    return this.tile(level, Math.floor(at / WIDTH)).toString('latin1', begin, begin + BYTES)
  }

  /** The root at this size or an earlier one, from the tiles along its right edge. @throws Failure where one is missing */
  root(size: number = this.size): string {
    let root = size === 0 ? hash('sha256', '', 'binary') : ''
    for (let [level, rest] = [0, size]; rest > 0; level++, rest = Math.floor(rest / WIDTH)) {
      const hashes = rest % WIDTH === 0 ? undefined : this.tile(level, Math.floor(rest / WIDTH))
      // Full subtrees from right to left: each is the left sibling of all to its right.
      for (let end = rest % WIDTH; hashes && end > 0; end &= end - 1) {
        const full = subtreeHash(hashes.subarray((end & (end - 1)) * BYTES, end * BYTES))
        root = root === '' ? full : nodeHash(full, root)
      }
    }
    return root
  }
}
