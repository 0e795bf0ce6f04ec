import { byteAt, isDigit, UNKNOWN, type Window } from '../bytes.ts'

/** Longest number that anybody writes in groups, in groups and in digits of one. */
const MOST_GROUPS = 6
const MOST_DIGITS = 20

/** Digits as they stand in groups with the same single character between them: `4111-1111-1111-1111`, `078 05 1120`. Used again and again. */
export class Groups {
  /** Digits per group. */
  readonly lengths: number[] = []
  /** One past the last digit of each group. */
  readonly ends: number[] = []
  start = 0
  /** Between the groups; undefined with a single one. */
  separator: number | undefined
  /** Whether the end of what has come was reached before they ended. */
  open = false

  read(window: Window, start: number): void {
    this.start = start
    this.lengths.length = 0
    this.ends.length = 0
    this.separator = undefined
    this.open = false
    let at = start
    while (this.lengths.length < MOST_GROUPS) {
      const end = this.#digits(window, at)
      if (end === at) return
      this.lengths.push(end - at)
      this.ends.push(end)
      const next = byteAt(window, end)
      if (next === UNKNOWN) this.open = true
      // A group of more digits than any shape has is the only one.
      if (end - at > 8 || !(next === 0x20 || next === 0x2d || next === 0x2e)) return
      if (this.separator !== undefined && next !== this.separator) return
      const digit = byteAt(window, end + 1)
      if (digit === UNKNOWN) this.open = true
      if (!isDigit(digit)) return
      this.separator = next
      at = end + 1
    }
  }

  /** Whether the first groups have these lengths. @returns one past the last digit, or 0 */
  shaped(lengths: readonly number[]): number {
    if (lengths.length > this.lengths.length) return 0
    for (let group = 0; group < lengths.length; group++) if (this.lengths[group] !== lengths[group]) return 0
    return this.ends[lengths.length - 1] as number
  }

  #digits(window: Window, from: number): number {
    let at = from
    while (at < from + MOST_DIGITS) {
      const byte = byteAt(window, at)
      if (byte === UNKNOWN) this.open = true
      if (!isDigit(byte)) break
      at++
    }
    return at
  }
}

/** The digits from `start` to `end`, without what stands between them. */
export function digitsOf(bytes: Uint8Array, start: number, end: number): string {
  let digits = ''
  for (let at = start; at < end; at++) if (isDigit(bytes[at] as number)) digits += String.fromCharCode(bytes[at] as number)
  return digits
}
