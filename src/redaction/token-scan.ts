import { BASE64URL, BLANK, classOf, DIGIT, LETTER, latin1, Runs, runEnd, TOKEN_DOTTED, TOKEN68 } from './characters.ts'
import { PREFIXES } from './prefixes.ts'
import { isInMark, isMarkAt } from './redacted.ts'
import type { Spans } from './spans.ts'
import { FIRST_PREFIX, triggers } from './triggers.ts'

const QUOTES = new Set([0x22, 0x27, 0x60])

/** Where a digit must be, to tell a token from words in a row. Bytes. */
const TELLING = 64

/**
 * Secrets that show what they are wherever they stand: tokens with a prefix, JSON web tokens, what follows `Authorization:`, private keys.
 * Each look is bounded, or ends in a place that is not looked at again.
 */
export class TokenScan {
  readonly #bytes: Uint8Array
  readonly #spans: Spans
  readonly #parts: readonly [Runs, Runs]
  /** Nothing before it is looked at again. */
  #done = 0

  constructor(bytes: Uint8Array, spans: Spans) {
    this.#bytes = bytes
    this.#spans = spans
    this.#parts = [new Runs(bytes, BASE64URL), new Runs(bytes, BASE64URL)]
  }

  /** A trigger that was found. @param end one past its last byte */
  at(number: number, end: number): void {
    const { text, trigger } = triggers[number] as (typeof triggers)[number]
    const start = end - text.length
    if (start < this.#done) return
    switch (trigger) {
      case 'prefix':
        this.#prefix(number - FIRST_PREFIX, start, end)
        break
      case 'jwt':
        this.#webToken(start)
        break
      case 'bearer':
        this.#bearer(end)
        break
      case 'authorization':
        this.#authorization(start, end)
        break
      case 'pem':
        this.#privateKey(end)
        break
      case 'azure':
        this.#azureSecret(start, end)
        break
      case 'signature':
        this.#signature(start, end)
        break
      default:
    }
  }

  #prefix(index: number, start: number, end: number): void {
    const { prefix, kind, of, least, exact, strict } = PREFIXES[index] as (typeof PREFIXES)[number]
    const bytes = this.#bytes
    if (latin1(bytes, start, end) !== prefix) return
    if ((exact || strict) && this.#letterOrDigit(start - 1)) return
    const stop = runEnd(bytes, end, of, exact ? least + 1 : least)
    if (stop - end < least || (exact && (stop - end > least || this.#letterOrDigit(stop)))) return
    if (strict && !this.#holdsDigit(end, stop)) return
    this.#secret(start, runEnd(bytes, stop, of), kind)
  }

  /** RFC 7519 §3: base64url of a JSON object, a dot, the same, and a dot and a signature that may be empty. RFC 7516 has five parts. */
  #webToken(start: number): void {
    const bytes = this.#bytes
    if (latin1(bytes, start, start + 3) !== 'eyJ') return
    const header = this.#parts[0].end(start)
    if (header - start < 12 || bytes[header] !== DOT) return
    const claims = this.#parts[1].end(header + 1)
    if (claims - header < 5) return
    this.#secret(start, runEnd(bytes, claims, TOKEN_DOTTED), 'json-web-token')
  }

  /** RFC 6750 §2.1. Here without `Authorization` before it: what follows has to look like a token. */
  #bearer(end: number): void {
    const bytes = this.#bytes
    const from = runEnd(bytes, end, BLANK, 4)
    const least = runEnd(bytes, from, TOKEN68, 16)
    if (from === end || least - from < 16 || !this.#holdsDigit(from, runEnd(bytes, from, TOKEN68, TELLING))) return
    this.#secret(from, runEnd(bytes, least, TOKEN68), 'bearer-token')
  }

  /** RFC 9110 §11.6.2, as a header, in JSON, as an option of a command. A scheme and what goes with it, or a bare token. */
  #authorization(start: number, end: number): void {
    const bytes = this.#bytes
    if (isInMark(bytes, start)) return
    let at = this.#past(end, (byte) => byte === BACKSLASH || QUOTES.has(byte), 4)
    at = this.#past(at, blank, 8)
    const separator = bytes[at]
    if (separator !== COLON && separator !== EQUALS && separator !== COMMA) return
    at = this.#past(at + 1, (byte) => blank(byte) || byte === BACKSLASH || QUOTES.has(byte), 16)
    const word = runEnd(bytes, at, TOKEN68)
    const from = runEnd(bytes, word, BLANK, 8)
    if (isMarkAt(bytes, from)) return
    const scheme = latin1(bytes, at, Math.min(word, at + 20)).toLowerCase()
    const known = KNOWN_SCHEMES.has(scheme)
    const more = from > word ? runEnd(bytes, from, TOKEN68) : from
    if (known && more > from) this.#secret(from, more, scheme === 'bearer' ? 'bearer-token' : 'token')
    else if (from > word && more - from >= 8 && word - at <= 32) this.#secret(from, this.#endOfLine(from), 'token')
    else if (!known && word - at >= 8) this.#secret(at, word, 'token')
  }

  /** RFC 7468 §2, and its look-alikes. With line breaks as they are, or written as `\n`. */
  #privateKey(end: number): void {
    const bytes = this.#bytes
    const label = latin1(bytes, end, Math.min(bytes.length, end + 48))
    const closing = /^[A-Z0-9 ]{0,24}PRIVATE KEY( BLOCK)?-----/.exec(label)
    if (closing === null) return
    const from = end + closing[0].length
    if (isMarkAt(bytes, from)) return
    const footer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('-----END ', from, 'latin1')
    this.#secret(from, footer < 0 ? bytes.length : footer, 'private-key')
  }

  /** A client secret of Microsoft Entra: three characters, a digit, `Q~`, and more than thirty. */
  #azureSecret(start: number, end: number): void {
    const bytes = this.#bytes
    const tilde = (at: number) => bytes[at] === 0x7e || (classOf(bytes[at]) & TOKEN_DOTTED) !== 0
    if (bytes[start] !== 0x51 || start < 4 || (classOf(bytes[start - 1]) & DIGIT) === 0) return
    if (!tilde(start - 2) || !tilde(start - 3) || !tilde(start - 4)) return
    let at = end
    while (at < end + 64 && tilde(at)) at++
    if (at - end >= 30) this.#secret(start - 4, at, 'azure-key')
  }

  /** The signature of a shared access signature: it stands in a query, or behind `SharedAccessSignature`. */
  #signature(start: number, end: number): void {
    const before = this.#bytes[start - 1]
    if (before !== 0x3f && before !== 0x26 && before !== 0x3b && before !== 0x20) return
    const stop = this.#past(end, (byte) => (classOf(byte) & TOKEN68) !== 0 || byte === 0x25, Number.POSITIVE_INFINITY)
    if (stop - end >= 20) this.#secret(end, stop, 'azure-key')
  }

  #secret(start: number, end: number, kind: Parameters<Spans['add']>[2]): void {
    this.#spans.add(start, end, kind)
    this.#done = Math.max(this.#done, end)
  }

  #holdsDigit(from: number, end: number): boolean {
    for (let at = from; at < end; at++) if ((classOf(this.#bytes[at]) & DIGIT) !== 0) return true
    return false
  }

  #letterOrDigit(at: number): boolean {
    return (classOf(this.#bytes[at]) & (LETTER | DIGIT)) !== 0
  }

  #past(from: number, which: (byte: number) => boolean, limit: number): number {
    const end = Math.min(this.#bytes.length, from + limit)
    let at = from
    while (at < end && which(this.#bytes[at] as number)) at++
    return at
  }

  /** A line ends at its break, or with the quotes that it is in. */
  #endOfLine(from: number): number {
    return this.#past(from, (byte) => byte !== 0x0a && byte !== 0x0d && !QUOTES.has(byte), Number.POSITIVE_INFINITY)
  }
}

const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const COMMA = 0x2c
const BACKSLASH = 0x5c
const KNOWN_SCHEMES = new Set(['bearer', 'basic', 'token', 'apikey', 'negotiate', 'ntlm'])

function blank(byte: number): boolean {
  return (classOf(byte) & BLANK) !== 0
}
