import { classOf, DIGIT, LETTER, runEnd } from '../characters.ts'
import {
  BITS,
  DOLLAR,
  ESCAPED,
  NUMBER,
  OPERATOR,
  PARAMETER,
  PUNCTUATION,
  QUOTED,
  QUOTED_UNICODE,
  STRAY,
  STRING,
  Tokens,
  UNICODE,
  WORD,
} from './tokens.ts'

export interface Lexed {
  readonly tokens: Tokens
  /** Start, end, start, end … */
  readonly comments: readonly number[]
  /** A comment, literal or quoted name does not end; the last token goes to the end. */
  readonly unterminated: boolean
  /** A backslash stands before a quote: with `standard_conforming_strings = off` the literal ends elsewhere. */
  readonly ambiguous: boolean
}

const QUOTE = 0x27
const DOUBLE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a
const RETURN = 0x0d
const DASH = 0x2d
const SLASH = 0x2f
const STAR = 0x2a
const AND = 0x26
const DOT = 0x2e
const COLON = 0x3a
const MONEY = 0x24
const UNDERSCORE = 0x5f

const WORD_START = 1
const WORD_PART = 2
const OPERATOR_PART = 4
const SPACE = 8
const SELF = 16
const kinds = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte)
  if (/[A-Za-z_\x80-\xff]/.test(character)) kinds[byte] = WORD_START | WORD_PART
  else if (/[0-9$]/.test(character)) kinds[byte] = WORD_PART
  else if ('~!@#^&|`?+-*/%<>='.includes(character)) kinds[byte] = OPERATOR_PART
  else if (' \t\n\r\f\v'.includes(character)) kinds[byte] = SPACE
  else if ('()[],;.:'.includes(character)) kinds[byte] = SELF
}

/**
 * PostgreSQL's tokens as src/backend/parser/scan.l of PostgreSQL 18 reads them, with `standard_conforming_strings = on`; one pass.
 * What the server would refuse is a token here as well: a statement that fails holds its password all the same.
 */
export function lex(bytes: Uint8Array): Lexed {
  const lexer = new Lexer(bytes)
  lexer.run()
  return lexer
}

class Lexer implements Lexed {
  readonly tokens = new Tokens()
  readonly comments: number[] = []
  unterminated = false
  ambiguous = false
  readonly #bytes: Uint8Array
  readonly #end: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  run(): void {
    let at = 0
    while (at < this.#end) at = this.#token(at)
  }

  /** @returns one past the token that begins here */
  #token(at: number): number {
    const bytes = this.#bytes
    const byte = bytes[at] as number
    const kind = kinds[byte] as number
    const next = bytes[at + 1]
    if (kind & SPACE) return at + 1
    if (kind & WORD_START) return this.#wordOrLiteral(at, byte, next)
    if (byte === QUOTE) return this.#string(STRING, at, at + 1)
    if (byte === DOUBLE) return this.#quoted(QUOTED, at, at + 1)
    if (classOf(byte) & DIGIT || (byte === DOT && classOf(next) & DIGIT)) return this.#number(at)
    if (byte === MONEY) return this.#dollar(at, next)
    if (byte === DASH && next === DASH) return this.#lineComment(at)
    if (byte === SLASH && next === STAR) return this.#blockComment(at)
    if (kind & OPERATOR_PART) return this.#operator(at)
    if (byte === COLON && (next === COLON || next === 0x3d)) return this.#add(OPERATOR, at, at + 2)
    return this.#add(kind & SELF ? PUNCTUATION : STRAY, at, at + 1)
  }

  #add(kind: number, start: number, end: number): number {
    this.tokens.add(kind, start, end)
    return end
  }

  #wordOrLiteral(at: number, byte: number, next: number | undefined): number {
    const letter = byte | 0x20
    if (next === QUOTE) {
      if (letter === 0x65) return this.#string(ESCAPED, at, at + 2)
      if (letter === 0x6e) return this.#string(STRING, at, at + 2)
      if (letter === 0x62 || letter === 0x78) return this.#string(BITS, at, at + 2)
    }
    if (letter === 0x75 && next === AND) {
      if (this.#bytes[at + 2] === QUOTE) return this.#string(UNICODE, at, at + 3)
      if (this.#bytes[at + 2] === DOUBLE) return this.#quoted(QUOTED_UNICODE, at, at + 3)
    }
    let end = at + 1
    while (end < this.#end && ((kinds[this.#bytes[end] as number] as number) & WORD_PART) !== 0) end++
    return this.#add(WORD, at, end)
  }

  /** Up to its quote, and on through what continues it: a literal may go on in another line. */
  #string(kind: number, start: number, open: number): number {
    const bytes = this.#bytes
    let at = open
    for (;;) {
      const close = this.#closingQuote(kind, at)
      if (close < 0) {
        this.unterminated = true
        this.tokens.add(kind, start, this.#end, open, this.#end)
        return this.#end
      }
      if (kind !== BITS && bytes[close + 1] === QUOTE) {
        at = close + 2
        continue
      }
      const continued = this.#continuation(close + 1)
      if (continued < 0) {
        this.tokens.add(kind, start, close + 1, open, close)
        return close + 1
      }
      at = continued
    }
  }

  #closingQuote(kind: number, from: number): number {
    const bytes = this.#bytes
    if (kind === ESCAPED) {
      for (let at = from; at < this.#end; at++) {
        if (bytes[at] === BACKSLASH) at++
        else if (bytes[at] === QUOTE) return at
      }
      return -1
    }
    const close = bytes.indexOf(QUOTE, from)
    if (kind === STRING && close > from) {
      let slashes = 0
      while (close - slashes > from && bytes[close - slashes - 1] === BACKSLASH) slashes++
      if (slashes % 2 === 1) this.ambiguous = true
    }
    return close
  }

  /** White space with a line break in it, comments of one line, and a quote: the literal goes on behind it. @returns -1 where it does not */
  #continuation(from: number): number {
    const bytes = this.#bytes
    let broken = false
    let at = from
    for (; at < this.#end; at++) {
      const byte = bytes[at] as number
      if (byte === NEWLINE || byte === RETURN) broken = true
      else if (broken && byte === DASH && bytes[at + 1] === DASH) {
        at = this.#lineEnd(at)
        // A comment of the last line ends nothing.
        if (at >= this.#end) return -1
      } else if (((kinds[byte] as number) & SPACE) === 0) break
    }
    return broken && bytes[at] === QUOTE ? at + 1 : -1
  }

  #quoted(kind: number, start: number, open: number): number {
    const bytes = this.#bytes
    let at = open
    for (;;) {
      const close = bytes.indexOf(DOUBLE, at)
      if (close < 0) {
        this.unterminated = true
        this.tokens.add(kind, start, this.#end, open, this.#end)
        return this.#end
      }
      if (bytes[close + 1] !== DOUBLE) {
        this.tokens.add(kind, start, close + 1, open, close)
        return close + 1
      }
      at = close + 2
    }
  }

  #number(start: number): number {
    const bytes = this.#bytes
    const prefixed = bytes[start] === 0x30 && [0x78, 0x6f, 0x62].includes((bytes[start + 1] as number) | 0x20)
    if (prefixed && isHex(bytes[start + 2])) {
      let end = start + 2
      while (isHex(bytes[end])) end++
      return this.#add(NUMBER, start, end)
    }
    let end = this.#digits(start)
    if (bytes[end] === DOT && bytes[end + 1] !== DOT) end = this.#digits(end + 1)
    if (((bytes[end] as number) | 0x20) === 0x65) {
      const sign = bytes[end + 1] === 0x2b || bytes[end + 1] === DASH ? 1 : 0
      if (classOf(bytes[end + 1 + sign]) & DIGIT) end = this.#digits(end + 1 + sign)
    }
    return this.#add(NUMBER, start, end)
  }

  #digits(from: number): number {
    let at = from
    while (classOf(this.#bytes[at]) & DIGIT || (this.#bytes[at] === UNDERSCORE && classOf(this.#bytes[at + 1]) & DIGIT)) at++
    return at
  }

  #dollar(start: number, next: number | undefined): number {
    const bytes = this.#bytes
    if (classOf(next) & DIGIT) return this.#add(PARAMETER, start, runEnd(bytes, start + 1, DIGIT))
    let tagEnd = start + 1
    if (((kinds[next ?? 0] as number) & WORD_START) !== 0) {
      while (bytes[tagEnd] !== MONEY && ((kinds[bytes[tagEnd] ?? 0] as number) & WORD_PART) !== 0) tagEnd++
    }
    if (bytes[tagEnd] !== MONEY) return this.#add(STRAY, start, start + 1)
    const open = tagEnd + 1
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const close = view.indexOf(view.subarray(start, open), open)
    if (close < 0) {
      this.unterminated = true
      this.tokens.add(DOLLAR, start, this.#end, open, this.#end)
      return this.#end
    }
    const end = close + (open - start)
    this.tokens.add(DOLLAR, start, end, open, close)
    return end
  }

  /** A comment may begin within what looks like an operator. */
  #operator(start: number): number {
    const bytes = this.#bytes
    let at = start + 1
    for (; at < this.#end && ((kinds[bytes[at] as number] as number) & OPERATOR_PART) !== 0; at++) {
      if (bytes[at] === DASH && bytes[at + 1] === DASH) break
      if (bytes[at] === SLASH && bytes[at + 1] === STAR) break
    }
    return this.#add(OPERATOR, start, at)
  }

  #lineComment(start: number): number {
    const end = this.#lineEnd(start)
    this.comments.push(start, end)
    return end
  }

  #lineEnd(from: number): number {
    let at = from
    while (at < this.#end && this.#bytes[at] !== NEWLINE && this.#bytes[at] !== RETURN) at++
    return at
  }

  #blockComment(start: number): number {
    const bytes = this.#bytes
    let depth = 1
    let at = start + 2
    while (depth > 0 && at < this.#end) {
      if (bytes[at] === STAR && bytes[at + 1] === SLASH) {
        depth--
        at += 2
      } else if (bytes[at] === SLASH && bytes[at + 1] === STAR) {
        depth++
        at += 2
      } else at++
    }
    if (depth > 0) this.unterminated = true
    this.comments.push(start, at)
    return at
  }
}

function isHex(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    (byte === UNDERSCORE || (classOf(byte) & DIGIT) !== 0 || ((classOf(byte) & LETTER) !== 0 && (byte | 0x20) <= 0x66))
  )
}
