/** Kinds of tokens. From `STRING` to `BITS` they are constants with a text in quotes. */
export const WORD = 1
/** `"…"` */
export const QUOTED = 2
/** `U&"…"` */
export const QUOTED_UNICODE = 3
export const NUMBER = 4
/** `$1` */
export const PARAMETER = 5
export const OPERATOR = 6
/** `( ) [ ] , ; .` and `:` */
export const PUNCTUATION = 7
/** A byte that begins nothing. */
export const STRAY = 8
/** `'…'`, `N'…'` */
export const STRING = 9
/** `E'…'` */
export const ESCAPED = 10
/** `U&'…'` */
export const UNICODE = 11
/** `$tag$…$tag$` */
export const DOLLAR = 12
/** `B'…'`, `X'…'` */
export const BITS = 13

/** Many small numbers. A short list is quicker to make as an array, a long one needs a third of the memory as this. */
export type Numbers = number[] | Int32Array

const LONG = 1024

/** @param count how many; all of them 0 */
export function numbers(count: number): Numbers {
  return count < LONG ? new Array<number>(count).fill(0) : new Int32Array(count)
}

/** The tokens of one text, without comments; numbers side by side, because a text may have half a million of them. */
export class Tokens {
  count = 0
  kinds: Numbers = []
  starts: Numbers = []
  ends: Numbers = []
  /** Where the text within the quotes begins and ends; for others as `starts` and `ends`. */
  opens: Numbers = []
  closes: Numbers = []

  add(kind: number, start: number, end: number, open = start, close = end): void {
    const at = this.count++
    if (at >= LONG && (at & (at - 1)) === 0) this.#grow(2 * at)
    this.kinds[at] = kind
    this.starts[at] = start
    this.ends[at] = end
    this.opens[at] = open
    this.closes[at] = close
  }

  #grow(room: number): void {
    const grown = (from: Numbers) => {
      const to = new Int32Array(room)
      to.set(from)
      return to
    }
    this.kinds = grown(this.kinds)
    this.starts = grown(this.starts)
    this.ends = grown(this.ends)
    this.opens = grown(this.opens)
    this.closes = grown(this.closes)
  }
}
