/*
 * An entry bundle of C2SP tlog-tiles: entries one behind the other, each with its length in two bytes, big-endian, before it.
 */

/** As many bytes as 256 entries mostly take. */
const FIRST_CAPACITY = 64 * 1024

/** The entries of a bundle that is being filled. */
export class OpenBundle {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #length = 0
  #width = 0

  /** @param entries of a bundle that was begun earlier */
  constructor(entries: readonly Buffer[] = []) {
    for (const entry of entries) this.push(entry)
  }

  /** Entries in it. */
  get width(): number {
    return this.#width
  }

  /** @param entry copied */
  push(entry: Buffer): void {
    const end = this.#length + 2 + entry.byteLength
    if (end > this.#buffer.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#buffer.byteLength))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    entry.copy(this.#buffer, this.#buffer.writeUInt16BE(entry.byteLength, this.#length))
    this.#length = end
    this.#width++
  }

  /** The whole of it as a file: a copy. */
  bytes(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length))
  }

  clear(): void {
    this.#length = 0
    this.#width = 0
  }
}

/**
 * The entries of a bundle, views into its bytes.
 * @throws RangeError where the bytes are not exactly so many entries
 */
export function readBundle(bytes: Buffer, width: number): Buffer[] {
  const entries: Buffer[] = []
  let at = 0
  while (at < bytes.byteLength) {
    const end = at + 2 + (at + 2 <= bytes.byteLength ? bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY)
    if (end > bytes.byteLength) throw new RangeError('an entry reaches beyond its bundle')
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  if (entries.length !== width) throw new RangeError(`a bundle has ${entries.length} entries instead of ${width}`)
  return entries
}
