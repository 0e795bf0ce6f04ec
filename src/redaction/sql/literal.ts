import { DOLLAR, ESCAPED, STRING, type Tokens, UNICODE } from './tokens.ts'

export interface Literal {
  /** What it stands for, as bytes. */
  readonly content: Uint8Array
  /** Whether it can be written again from its content: nothing in it was spelled in another way than a doubled quote. */
  readonly plain: boolean
}

const QUOTE = 0x27
const BACKSLASH = 0x5c

/** @param escapeBy the character that escapes in `U&'…'`; a backslash unless UESCAPE says otherwise */
export function readLiteral(bytes: Uint8Array, tokens: Tokens, at: number, escapeBy = BACKSLASH): Literal {
  const kind = tokens.kinds[at]
  const raw = bytes.subarray(tokens.opens[at], tokens.closes[at])
  if (kind === DOLLAR || raw.indexOf(QUOTE) + raw.indexOf(escapeBy) === -2) return { content: raw, plain: true }
  const { content, continued } = unquote(raw, kind === ESCAPED)
  if (kind === ESCAPED && raw.includes(BACKSLASH)) return { content: withoutEscapes(content), plain: false }
  if (kind === UNICODE && raw.includes(escapeBy)) return { content: withoutUnicodeEscapes(content, escapeBy), plain: false }
  return { content, plain: !continued }
}

/** The literal as it would be read with `standard_conforming_strings = off`; undefined where that makes no difference. */
export function readUnconforming(bytes: Uint8Array, tokens: Tokens, at: number): Uint8Array | undefined {
  const raw = bytes.subarray(tokens.opens[at], tokens.closes[at])
  return tokens.kinds[at] === STRING && raw.includes(BACKSLASH) ? withoutEscapes(unquote(raw, true).content) : undefined
}

/** The name in a `U&"…"`. */
export function readUnicodeName(raw: Uint8Array): Uint8Array {
  return withoutUnicodeEscapes(raw, BACKSLASH)
}

/** What stands within the quotes of a plain literal of this content. */
export function writeLiteral(content: Uint8Array, kind: number): Uint8Array {
  if (kind === DOLLAR || !content.includes(QUOTE)) return content
  const written: number[] = []
  for (const byte of content) {
    if (byte === QUOTE) written.push(QUOTE)
    written.push(byte)
  }
  return Buffer.from(written)
}

/** Doubled quotes become one, and what separates the pieces of a continued literal goes. Escapes stay as they are. */
function unquote(raw: Uint8Array, escapes: boolean): { content: Uint8Array; continued: boolean } {
  const content = Buffer.allocUnsafe(raw.length)
  let length = 0
  let continued = false
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] as number
    if (escapes && byte === BACKSLASH) {
      content[length++] = byte
      if (++at < raw.length) content[length++] = raw[at] as number
      continue
    }
    if (byte === QUOTE) {
      if (raw[at + 1] !== QUOTE) {
        at = nextPiece(raw, at + 1)
        continued = true
        continue
      }
      at++
    }
    content[length++] = byte
  }
  return { content: content.subarray(0, length), continued }
}

/** The lexer ends a literal at a lone quote unless it goes on in another line, behind white space and comments. @returns where its quote is */
function nextPiece(raw: Uint8Array, from: number): number {
  let at = from
  while (at < raw.length && raw[at] !== QUOTE) {
    if (raw[at] === 0x2d && raw[at + 1] === 0x2d) while (at < raw.length && raw[at] !== 0x0a && raw[at] !== 0x0d) at++
    else at++
  }
  return at
}

const CONTROLS: Readonly<Record<number, number>> = { 98: 0x08, 102: 0x0c, 110: 0x0a, 114: 0x0d, 116: 0x09 }

/** PostgreSQL 4.1.2.2: octal, hexadecimal, Unicode and the usual letters; any other character is itself. */
function withoutEscapes(text: Uint8Array): Uint8Array {
  const read: number[] = []
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    if (byte !== BACKSLASH || at + 1 >= text.length) {
      read.push(byte)
      continue
    }
    const letter = text[++at] as number
    const octal = digits(text, at, 3, 8)
    if (octal.length > 0) {
      read.push(Number.parseInt(octal, 8) & 0xff)
      at += octal.length - 1
    } else if (letter === 0x78 && digits(text, at + 1, 2, 16).length > 0) {
      const hex = digits(text, at + 1, 2, 16)
      read.push(Number.parseInt(hex, 16))
      at += hex.length
    } else if (letter === 0x75 || letter === 0x55) {
      const hex = digits(text, at + 1, letter === 0x75 ? 4 : 8, 16)
      read.push(...encoded(hex))
      at += hex.length
    } else read.push(CONTROLS[letter] ?? letter)
  }
  return Buffer.from(read)
}

function withoutUnicodeEscapes(text: Uint8Array, escapeBy: number): Uint8Array {
  const read: number[] = []
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    if (byte !== escapeBy) {
      read.push(byte)
      continue
    }
    if (text[at + 1] === escapeBy) {
      read.push(escapeBy)
      at++
      continue
    }
    const long = text[at + 1] === 0x2b ? 1 : 0
    const hex = digits(text, at + 1 + long, long ? 6 : 4, 16)
    read.push(...encoded(hex))
    at += hex.length + long
  }
  return Buffer.from(read)
}

function digits(text: Uint8Array, from: number, most: number, base: 8 | 16): string {
  let found = ''
  for (let at = from; at < text.length && found.length < most; at++) {
    const character = String.fromCharCode(text[at] as number)
    if (!(base === 8 ? /[0-7]/ : /[0-9A-Fa-f]/).test(character)) break
    found += character
  }
  return found
}

function encoded(hex: string): Uint8Array {
  const point = Number.parseInt(hex, 16)
  return point >= 0 && point <= 0x10ffff ? Buffer.from(String.fromCodePoint(point)) : Buffer.alloc(0)
}
