import { hash } from 'node:crypto'
import { fail } from './verdict.ts'

/** Hashes in a full tile: the factor from one level to the next. */
export const WIDTH = 256
const BYTES = 32
/** A byte, and room for the longest entry. */
const leaf = Buffer.alloc(1 + 65_535)
const pair = Buffer.alloc(1 + 2 * BYTES, 1)

/** What entries are held against: its root, also as it was at an earlier size, and whether it has an entry of this hash. */
export type Tree = { size: number; root: (then?: number) => string; has: (index: number, hash: string) => boolean }

/** RFC 6962 §2.1. Hashes are binary strings: quick to make, compare and keep. An empty one is none: that of what is longer than an entry. */
export const leafHash = (entry: Buffer): string =>
  entry.length < leaf.length ? hash('sha256', leaf.subarray(0, 1 + entry.copy(leaf, 1)), 'latin1') : ''

function nodeHash(left: string, right: string): string {
  if (left.length !== BYTES || right.length !== BYTES) return ''
  pair.write(left + right, 1, 'latin1')
  return hash('sha256', pair, 'latin1')
}

/** RFC 6962 §2.1 over subtrees of the same height, of which the last may be lower. */
function merkle(hashes: readonly string[], from = 0, end = hashes.length): string {
  if (end - from < 2) return hashes[from] ?? hash('sha256', '', 'latin1')
  // Behind the largest power of two that leaves something over.
  const middle = from + 2 ** (31 - Math.clz32(end - from - 1))
  return nodeHash(merkle(hashes, from, middle), merkle(hashes, middle, end))
}

/** Where an inclusion proof leads (RFC 6962 §2.1.1); to none, if it has too many or too few hashes. */
export function rootOfProof(hash: string, index: number, size: number, proof: readonly Buffer[]): string {
  const [sibling, rest] = [proof.at(-1)?.toString('latin1'), proof.slice(0, -1)]
  if (size < 2 || sibling === undefined) return size === 1 && index === 0 && sibling === undefined ? hash : ''
  // The largest power of two below the size.
  const left = 2 ** ((size - 1).toString(2).length - 1)
  if (index < left) return nodeHash(rootOfProof(hash, index, left, rest), sibling)
  return nodeHash(sibling, rootOfProof(hash, index - left, size - left, rest))
}

/** tlog-tiles: `tile/0/x001/x234/067.p/5`, the width only where it is not 256. */
export function tilePath(level: number | 'entries', n: number, width: number): string {
  const digits = `${n}`.padStart(Math.ceil(`${n}`.length / 3) * 3, '0')
  return `tile/${level}/${digits.replace(/\d{3}(?=\d)/g, 'x$&/')}${width === WIDTH ? '' : `.p/${width}`}`
}

/**
 * A tree of known size, through its tiles. Once its `root` is the signed one, whatever else it returns is what was signed.
 * @param read a file of the log by its path; undefined where there is none
 */
export function openTree(size: number, read: (path: string) => Buffer | undefined) {
  const last: { readonly n: number; readonly hashes: readonly string[] }[] = []

  /** The file of a tile or bundle, and how much of it the tree has: as wide a file as that, or else the full one. */
  function file(level: number | 'entries', n: number) {
    const width = Math.min(WIDTH, Math.floor(size / WIDTH ** (level === 'entries' ? 0 : level)) - n * WIDTH)
    const own = read(tilePath(level, n, width))
    return { width, bytes: own ?? read(tilePath(level, n, WIDTH)), has: own ? width : WIDTH }
  }

  /** The hashes of a tile. @throws Failure where they are not there, or are not what the tile above says */
  function tile(level: number, n: number): readonly string[] {
    if (last[level]?.n === n) return last[level].hashes
    const { width, bytes, has } = file(level, n)
    const text = bytes?.length === has * BYTES ? bytes.toString('latin1', 0, width * BYTES) : ''
    const hashes = Array.from({ length: text.length / BYTES }, (_, at) => text.slice(at * BYTES, (at + 1) * BYTES))
    // The root covers the tiles along the right edge, which are not full.
    if (text === '' || (width === WIDTH && merkle(hashes) !== hashAt(level + 1, n))) {
      const [first, end] = [n * WIDTH ** (level + 1), Math.min(size, (n + 1) * WIDTH ** (level + 1))]
      fail(`entries ${first} to ${end - 1}: ${tilePath(level, n, width)} is ${bytes ? 'not the one in the tree' : 'missing'}`, first)
    }
    last[level] = { n, hashes }
    return hashes
  }

  /** One hash of a level: of an entry at level 0. @throws Failure */
  const hashAt = (level: number, at: number): string => tile(level, Math.floor(at / WIDTH))[at % WIDTH] ?? ''

  /** The root at this size or an earlier one, from the tiles along its right edge. @throws Failure where one is missing */
  function root(then: number = size, level = 0, below: readonly string[] = []): string {
    const [n, rest] = [Math.floor(then / WIDTH), then % WIDTH]
    const hashes = rest === 0 ? below : [...tile(level, n).slice(0, rest), ...below]
    return n === 0 ? merkle(hashes) : root(n, level + 1, hashes.length === 0 ? [] : [merkle(hashes)])
  }

  return { size, file, tile, hashAt, root, has: (index: number, hash: string) => hashAt(0, index) === hash }
}
