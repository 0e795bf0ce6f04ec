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

/** The tokens of one text, without comments; numbers side by side, because a text may have half a million of them. */
export class Tokens {
  count = 0
  kinds = new Uint8Array(64)
  starts = new Int32Array(64)
  ends = new Int32Array(64)
  /** Where the text within the quotes begins and ends; for others as `starts` and `ends`. */
  opens = new Int32Array(64)
  closes = new Int32Array(64)

  add(kind: number, start: number, end: number, open = start, close = end): void {
    const at = this.count++
    if (at === this.kinds.length) this.#grow()
    this.kinds[at] = kind
    this.starts[at] = start
    this.ends[at] = end
    this.opens[at] = open
    this.closes[at] = close
  }

  #grow(): void {
    const size = this.kinds.length * 2
    const grown = (from: Int32Array) => {
      const to = new Int32Array(size)
      to.set(from)
      return to
    }
    const kinds = new Uint8Array(size)
    kinds.set(this.kinds)
    this.kinds = kinds
    this.starts = grown(this.starts)
    this.ends = grown(this.ends)
    this.opens = grown(this.opens)
    this.closes = grown(this.closes)
  }
}
