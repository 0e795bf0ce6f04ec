import { BLANK, classOf, latin1, NAME, Runs, runStart } from './characters.ts'
import { isHarmless, type ValueContext } from './harmless-value.ts'
import { isInMark, isMarkAt } from './redacted.ts'
import { Names } from './secret-names.ts'
import type { Spans } from './spans.ts'

const DOUBLE = 0x22
const SINGLE = 0x27
const BACKTICK = 0x60
const BACKSLASH = 0x5c
const EQUALS = 0x3d
const COLON = 0x3a
const GREATER = 0x3e
const LESS = 0x3c
const DASH = 0x2d

/** So much of a long run of name characters is looked at: its end is what stands before the value. Bytes. */
const NAME_WINDOW = 64
/** Blanks that are passed over, at most: more make no pair of a name and its value. */
const MOST_BLANKS = 16

interface Value {
  readonly start: number
  readonly end: number
  readonly quoted: boolean
}

/** Values that are given a name: `password=…`, `"clientSecret": "…"`, `--token …`, `<passwd>…</passwd>`, `PASSWORD '…'`. */
export class NameScan {
  readonly #bytes: Uint8Array
  readonly #spans: Spans
  readonly #runs: Runs
  readonly #names = new Names()
  readonly #context: ValueContext
  #asked = -1
  #done = 0

  /** @param context what the text is, for what counts as no secret in it */
  constructor(bytes: Uint8Array, spans: Spans, context: ValueContext) {
    this.#bytes = bytes
    this.#spans = spans
    this.#context = context
    this.#runs = new Runs(bytes, NAME)
  }

  /** @param start of a word that may be part of such a name */
  at(start: number): void {
    if (start < this.#done) return
    const bytes = this.#bytes
    const end = this.#runs.end(start)
    if (end === this.#asked) return
    this.#asked = end
    const from = runStart(bytes, end, NAME, NAME_WINDOW)
    if (isInMark(bytes, from)) return
    const name = latin1(bytes, from, end)
    const kind = this.#names.kindOf(name)
    if (kind === undefined) return
    const value = this.#valueOf(from, end)
    if (value === undefined || value.start >= value.end || isMarkAt(bytes, value.start)) return
    const text = latin1(bytes, value.start, Math.min(value.end, value.start + 256))
    if (isHarmless({ name, kind, text, quoted: value.quoted, whole: value.end - value.start <= 256 }, this.#context)) return
    this.#spans.add(value.start, value.end, kind)
    this.#done = value.end
  }

  #valueOf(nameStart: number, nameEnd: number): Value | undefined {
    const bytes = this.#bytes
    let at = nameEnd
    while (bytes[at] === BACKSLASH && at < nameEnd + 8) at++
    const closed = isQuote(bytes[at])
    at = closed ? at + 1 : nameEnd
    if (bytes[at] === 0x5d) at++ // Of `settings["password"]`.
    if (bytes[at] === GREATER && bytes[nameStart - 1] === LESS) return this.#element(at + 1)
    const before = at
    at = this.#pastBlanks(at)
    const separator = separatorEnd(bytes, at)
    if (separator > at) return this.#value(this.#pastBlanks(separator), closed)
    if (at === before || closed) return undefined
    if (bytes[at] === SINGLE || bytes[at] === DOUBLE) return this.#value(at)
    return bytes[nameStart] === DASH ? this.#value(at) : undefined
  }

  /** @param closed whether the name was in quotes: then the value may be a number of JSON */
  #value(from: number, closed = false): Value {
    const bytes = this.#bytes
    const literal = closed ? JSON_LITERAL.exec(latin1(bytes, from, Math.min(bytes.length, from + 32))) : null
    if (literal !== null) return { start: from, end: from + (literal[1] as string).length, quoted: false }
    let at = from
    while (bytes[at] === BACKSLASH && at < from + 8) at++
    const quote = bytes[at]
    return isQuote(quote) ? this.#quoted(at + 1, quote as number, at - from) : this.#bare(from)
  }

  /**
   * Up to the quote that closes it. A doubled one and one with more backslashes before it than the opening had belong to the value;
   * a value that nothing closes goes on to the end: too much is better than too little.
   */
  #quoted(start: number, quote: number, level: number): Value {
    const bytes = this.#bytes
    let slashes = 0
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === BACKSLASH) {
        slashes++
        continue
      }
      if (byte === quote) {
        const escaped = level === 0 ? slashes % 2 === 1 : slashes > level
        if (!escaped && bytes[at + 1] === quote && level === 0 && at > start) at++
        else if (!escaped) return { start, end: Math.max(start, at - (level === 0 ? 0 : slashes)), quoted: true }
      }
      slashes = 0
    }
    return { start, end: bytes.length, quoted: true }
  }

  /** Up to a blank (a backslash takes what follows with it, as in libpq), or the quotes around all of it. `&`, `;` and `,` may be part of it. */
  #bare(start: number): Value {
    const bytes = this.#bytes
    let at = start
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if ((classOf(byte) & BLANK) !== 0) break
      if (byte === BACKSLASH && at + 1 < bytes.length) at++
      else if (isQuote(byte) && closesQuotes(bytes[at + 1])) break
    }
    return { start, end: Math.min(at, bytes.length), quoted: false }
  }

  #element(start: number): Value {
    const end = this.#bytes.indexOf(LESS, start)
    return { start, end: end < 0 ? this.#bytes.length : end, quoted: true }
  }

  #pastBlanks(from: number): number {
    let at = from
    while (at < from + MOST_BLANKS && (this.#bytes[at] === 0x20 || this.#bytes[at] === 0x09)) at++
    return at
  }
}

/** `=`, `:`, `:=`, `=>`, `==`, `%3D`; not `::`, which is a cast in SQL. */
function separatorEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x25 && bytes[at + 1] === 0x33 && ((bytes[at + 2] as number) | 0x20) === 0x64) return at + 3
  if (bytes[at] === COLON) return bytes[at + 1] === COLON ? at : bytes[at + 1] === EQUALS ? at + 2 : at + 1
  if (bytes[at] !== EQUALS) return at
  return bytes[at + 1] === EQUALS || bytes[at + 1] === GREATER ? at + 2 : at + 1
}

function isQuote(byte: number | undefined): boolean {
  return byte === DOUBLE || byte === SINGLE || byte === BACKTICK
}

/** What follows quotes that were around more than the value. */
function closesQuotes(next: number | undefined): boolean {
  return next === undefined || (classOf(next) & BLANK) !== 0 || isQuote(next) || CLOSING.has(next)
}

/** RFC 8259 §3, and what follows it. */
const JSON_LITERAL = /^(null|true|false|-?\d[\d.eE+-]*)\s{0,8}[,}\]]/

const CLOSING = new Set(Buffer.from(',;)]}:|'))
