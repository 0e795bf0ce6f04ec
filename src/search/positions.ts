/*
 * Sets of entries. The log is cut into segments of fixed length; within one, a set is either the gaps between its positions (the first
 * counts from -1), each a varint of 7 bits per byte with the lowest first, or, where that would be as long, one bit per entry. The form
 * follows from the set alone, so two sets are equal exactly where their bytes are.
 */

/** Entries per segment. */
export const SEGMENT_ENTRIES = 32_768
const BITMAP_BYTES = SEGMENT_ENTRIES / 8

/** The segment that an entry is in. */
export function segmentOf(index: number): number {
  return Math.floor(index / SEGMENT_ENTRIES)
}

/** A set of positions in one segment, one bit each. */
export class PositionSet {
  readonly words = new Uint32Array(SEGMENT_ENTRIES / 32)

  add(position: number): void {
    this.words[position >>> 5] = (this.words[position >>> 5] as number) | (1 << (position & 31))
  }

  has(position: number): boolean {
    return ((this.words[position >>> 5] as number) & (1 << (position & 31))) !== 0
  }

  clear(): void {
    this.words.fill(0)
  }

  /** Adds what is between `from` (included) and `to` (excluded). */
  addRange(from: number, to: number): void {
    for (let position = from; position < to; ) {
      if ((position & 31) === 0 && position + 32 <= to) {
        this.words[position >>> 5] = 0xffff_ffff
        position += 32
      } else this.add(position++)
    }
  }

  /** Keeps what is in the other one too. @returns whether anything is left */
  keep(other: PositionSet): boolean {
    let any = 0
    for (let at = 0; at < this.words.length; at++) {
      const both = (this.words[at] as number) & (other.words[at] as number)
      this.words[at] = both
      any |= both
    }
    return any !== 0
  }

  /** Adds what is in the other one. */
  join(other: PositionSet): void {
    for (let at = 0; at < this.words.length; at++) this.words[at] = (this.words[at] as number) | (other.words[at] as number)
  }

  /** Takes away what is in the other one. */
  remove(other: PositionSet): void {
    for (let at = 0; at < this.words.length; at++) this.words[at] = (this.words[at] as number) & ~(other.words[at] as number)
  }

  delete(position: number): void {
    this.words[position >>> 5] = (this.words[position >>> 5] as number) & ~(1 << (position & 31))
  }

  /** Whether anything is between `from` (included) and `to` (excluded), both multiples of 32. */
  someIn(from: number, to: number): boolean {
    for (let at = from / 32; at < to / 32; at++) if (this.words[at] !== 0) return true
    return false
  }

  /** Whether it has this many positions. */
  atLeast(count: number): boolean {
    let found = 0
    for (let word of this.words) for (; word !== 0; word &= word - 1) if (++found >= count) return true
    return false
  }

  *ascending(): Generator<number> {
    for (let at = 0; at < this.words.length; at++) {
      for (let word = this.words[at] as number; word !== 0; word &= word - 1) yield at * 32 + 31 - Math.clz32(word & -word)
    }
  }

  *descending(): Generator<number> {
    for (let at = this.words.length - 1; at >= 0; at--) {
      for (let word = this.words[at] as number; word !== 0; ) {
        const bit = 31 - Math.clz32(word)
        yield at * 32 + bit
        word &= ~(1 << bit)
      }
    }
  }
}

/** @param positions rising, each below SEGMENT_ENTRIES */
export function encodePositions(positions: readonly number[]): Buffer {
  return appendPositions(undefined, positions)
}

/**
 * A set with more in it.
 * @param bytes as encoded; undefined for the empty set
 * @param added rising; where one is not behind all that are there, it still comes to its place
 * @throws RangeError where the bytes are no set
 */
export function appendPositions(bytes: Uint8Array | undefined, added: readonly number[]): Buffer {
  const last = bytes === undefined ? -1 : bytes.byteLength === BITMAP_BYTES ? SEGMENT_ENTRIES : lastOfGaps(bytes)
  if ((added[0] ?? 0) <= last) return encodeSet(union(bytes as Uint8Array, added))
  const before = bytes?.byteLength ?? 0
  // A gap takes three bytes at most.
  const gaps = Buffer.allocUnsafe(Math.min(before + added.length * 3, BITMAP_BYTES + 3))
  if (bytes) gaps.set(bytes)
  let at = before
  let previous = last
  for (const position of added) {
    if (at >= BITMAP_BYTES) return encodeSet(union(bytes, added))
    let gap = position - previous - 1
    for (; gap > 0x7f; gap >>>= 7) gaps[at++] = (gap & 0x7f) | 0x80
    gaps[at++] = gap
    previous = position
  }
  return at >= BITMAP_BYTES ? encodeSet(union(bytes, added)) : gaps.subarray(0, at)
}

/** @throws RangeError where one of them is no set */
export function mergePositions(one: Uint8Array, other: Uint8Array): Buffer {
  const set = new PositionSet()
  readPositions(one, set)
  readPositions(other, set)
  return encodeSet(set)
}

/** @returns undefined where nothing is left. @throws RangeError where the bytes are no set */
export function removePositions(bytes: Uint8Array, gone: PositionSet): Buffer | undefined {
  const set = new PositionSet()
  readPositions(bytes, set)
  set.remove(gone)
  const left = encodeSet(set)
  return left.byteLength === 0 ? undefined : left
}

/** Adds the encoded positions to a set. @throws RangeError where the bytes are no set */
export function readPositions(bytes: Uint8Array, into: PositionSet): void {
  if (bytes.byteLength === BITMAP_BYTES) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, BITMAP_BYTES)
    for (let at = 0; at < into.words.length; at++) into.words[at] = (into.words[at] as number) | view.getUint32(at * 4, true)
    return
  }
  for (let at = 0, position = -1; at < bytes.byteLength; ) {
    let gap = 0
    let shift = 0
    let byte: number
    do {
      byte = bytes[at++] ?? 0x80
      gap |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f && shift < 21)
    position += gap + 1
    if (byte > 0x7f || position >= SEGMENT_ENTRIES) throw notASet()
    into.add(position)
  }
}

export function encodeSet(set: PositionSet): Buffer {
  // The gaps are at least as many bytes as there are positions.
  const gaps = set.atLeast(BITMAP_BYTES) ? undefined : encodeGaps([...set.ascending()])
  if (gaps) return gaps
  const bitmap = Buffer.allocUnsafe(BITMAP_BYTES)
  for (let at = 0; at < set.words.length; at++) bitmap.writeUInt32LE(set.words[at] as number, at * 4)
  return bitmap
}

/** Undefined where it would be as long as a bitmap. */
function encodeGaps(positions: readonly number[]): Buffer | undefined {
  const bytes: number[] = []
  let previous = -1
  for (const position of positions) {
    let gap = position - previous - 1
    for (; gap > 0x7f; gap >>>= 7) bytes.push((gap & 0x7f) | 0x80)
    bytes.push(gap)
    previous = position
  }
  return bytes.length < BITMAP_BYTES ? Buffer.from(bytes) : undefined
}

function union(bytes: Uint8Array | undefined, added: readonly number[]): PositionSet {
  const set = new PositionSet()
  if (bytes) readPositions(bytes, set)
  for (const position of added) set.add(position)
  return set
}

/** Where a list of gaps ends. */
function lastOfGaps(bytes: Uint8Array): number {
  let position = -1
  let gap = 0
  let shift = 0
  for (let at = 0; at < bytes.byteLength; at++) {
    const byte = bytes[at] as number
    gap |= (byte & 0x7f) << shift
    shift += 7
    if (byte > 0x7f) {
      if (shift >= 21) throw notASet()
      continue
    }
    position += gap + 1
    gap = 0
    shift = 0
  }
  if (shift !== 0 || position >= SEGMENT_ENTRIES) throw notASet()
  return position
}

function notASet(): RangeError {
  return new RangeError('these bytes are no set of positions')
}
