/*
 * An entry bundle of C2SP tlog-tiles: entries one behind the other, each with its length in two bytes, big-endian, before it.
 */

/** The entries of a bundle that is being filled. */
export class OpenBundle {
  #parts: Buffer[] = []

  /** @param entries of a bundle that was begun earlier; their bytes are kept */
  constructor(entries: readonly Buffer[] = []) {
    for (const entry of entries) this.push(entry)
  }

  /** Entries in it. */
  get width(): number {
    return this.#parts.length / 2
  }

  /** @param entry kept, not copied */
  push(entry: Buffer): void {
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16BE(entry.byteLength)
    this.#parts.push(length, entry)
  }

  /** The whole of it as a file. */
  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  clear(): void {
    this.#parts = []
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
