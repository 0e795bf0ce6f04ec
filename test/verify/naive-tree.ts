import { createHash } from 'node:crypto'

/** RFC 6962 §2.1 and §2.1.1 as they are written there: slow, recursive, and by nobody's code but this file's. */

const sha256 = (...parts: readonly Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

export class NaiveTree {
  readonly #leaves: readonly Buffer[]
  readonly #known = new Map<string, Buffer>()

  constructor(entries: readonly Uint8Array[]) {
    this.#leaves = entries.map((entry) => sha256(Buffer.of(0), entry))
  }

  /** MTH(D[from:to]) */
  hash(from: number, to: number): Buffer {
    if (to - from === 0) return sha256()
    if (to - from === 1) return this.#leaves[from] as Buffer
    const key = `${from}:${to}`
    const known = this.#known.get(key)
    if (known) return known
    const middle = from + split(to - from)
    const hash = sha256(Buffer.of(1), this.hash(from, middle), this.hash(middle, to))
    this.#known.set(key, hash)
    return hash
  }

  /** PATH(index, D[0:size]) */
  proof(index: number, size: number, from = 0): Buffer[] {
    if (size - from === 1) return []
    const middle = from + split(size - from)
    return index < middle
      ? [...this.#path(index, from, middle), this.hash(middle, size)]
      : [...this.#path(index, middle, size), this.hash(from, middle)]
  }

  #path(index: number, from: number, to: number): Buffer[] {
    return this.proof(index, to, from)
  }

  /** tlog-tiles: the hashes of a tile of a tree of this size. */
  tile(level: number, n: number, size: number): Buffer {
    const span = 256 ** level
    const hashes: Buffer[] = []
    for (let at = n * 256; at < (n + 1) * 256 && (at + 1) * span <= size; at++) hashes.push(this.hash(at * span, (at + 1) * span))
    return Buffer.concat(hashes)
  }
}

/** The largest power of two below `count`. */
function split(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}
