import { BLANK, classOf, DIGIT, LETTER, runEnd } from './characters.ts'
import { isMarkAt } from './redacted.ts'
import type { Spans } from './spans.ts'

const AT = 0x40
const COLON = 0x3a
const SLASH = 0x2f
const QUESTION = 0x3f
const HASH = 0x23
const BRACKET = 0x5b

/** A user name of at least so many characters, alone before the host, is a token. */
const TOKEN_LENGTH = 20

/** Passwords in `scheme://user:password@host` (RFC 3986 §3.2.1, which advises against them, and libpq, which allows them). */
export class UriScan {
  readonly #bytes: Uint8Array
  readonly #spans: Spans
  #done = 0
  /** From `#done` to here there is no `@`. */
  #bare = 0

  constructor(bytes: Uint8Array, spans: Spans) {
    this.#bytes = bytes
    this.#spans = spans
  }

  /** @param start one past a `://` */
  at(start: number): void {
    const bytes = this.#bytes
    if (start < this.#done || start < this.#bare || bytes[start] === BRACKET || isMarkAt(bytes, start) || !isSchemeEnd(bytes[start - 4]))
      return
    let first = start
    while (first < bytes.length && !isDelimiter(bytes[first]) && !isStop(bytes[first])) first++
    if (bytes[first] === AT && this.#isToken(start, first)) this.#redact(start, first)
    if (bytes[first] !== COLON || isPort(bytes, first + 1)) return
    const end = this.#userinfoEnd(first + 1)
    if (end !== undefined && end > first + 1 && !isMarkAt(bytes, first + 1)) this.#redact(first + 1, end)
  }

  #isToken(start: number, end: number): boolean {
    return end - start >= TOKEN_LENGTH && this.#bytes.subarray(start, end).some((byte) => (classOf(byte) & DIGIT) !== 0)
  }

  /** The last `@` at all, although the authority ends at the first `/`: somebody may have forgotten to encode a password. */
  #userinfoEnd(from: number): number | undefined {
    const bytes = this.#bytes
    let found: number | undefined
    let at = from
    for (; at < bytes.length && !isStop(bytes[at]); at++) if (bytes[at] === AT) found = at
    if (found === undefined) this.#bare = at
    return found
  }

  #redact(start: number, end: number): void {
    this.#spans.add(start, end, 'connection-string')
    this.#done = end
  }
}

function isSchemeEnd(byte: number | undefined): boolean {
  return (classOf(byte) & (LETTER | DIGIT)) !== 0
}

function isDelimiter(byte: number | undefined): boolean {
  return byte === AT || byte === COLON || byte === SLASH || byte === QUESTION || byte === HASH
}

/** What ends a URI in any text. A `'` does not: it may be part of a password, and ends a literal only where more follows anyway. */
function isStop(byte: number | undefined): boolean {
  return (classOf(byte) & BLANK) !== 0 || byte === 0x22 || byte === 0x3c || byte === 0x3e
}

/** Digits, and behind them what may follow an authority. */
function isPort(bytes: Uint8Array, from: number): boolean {
  const end = runEnd(bytes, from, DIGIT, 6)
  const next = bytes[end]
  const closes =
    next === undefined || isStop(next) || next === SLASH || next === QUESTION || next === HASH || next === 0x27 || next === 0x29
  return end > from && closes
}
