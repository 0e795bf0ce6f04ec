/** Many byte strings that are looked for at once: the haystack is gone through once, not once for each. */
export class Needles {
  readonly #needles: readonly Buffer[]
  /** Which of them end with these two bytes: how they begin is often zeros, of which files are full. */
  readonly #byEnd = new Map<number, number[]>()
  /** Whether any does. */
  readonly #ends = new Uint8Array(1 << 16)

  /** @param needles of two bytes at least */
  constructor(needles: readonly Buffer[]) {
    this.#needles = needles
    for (const [at, needle] of needles.entries()) {
      if (needle.length < 2) throw new RangeError('a needle has two bytes at least')
      const end = needle.readUInt16BE(needle.length - 2)
      this.#ends[end] = 1
      this.#byEnd.set(end, [...(this.#byEnd.get(end) ?? []), at])
    }
  }

  /** Adds the positions of those needles that stand in these bytes. */
  find(bytes: Buffer, found: Set<number>): void {
    const ends = this.#ends
    let end = bytes[0] ?? 0
    for (let at = 1; at < bytes.length; at += 1) {
      end = ((end << 8) | (bytes[at] as number)) & 0xffff
      if (ends[end] === 0) continue
      for (const which of this.#byEnd.get(end) ?? []) {
        if (found.has(which)) continue
        const needle = this.#needles[which] as Buffer
        const from = at + 1 - needle.length
        if (from >= 0 && bytes.compare(needle, 0, needle.length, from, at + 1) === 0) found.add(which)
      }
    }
  }
}
