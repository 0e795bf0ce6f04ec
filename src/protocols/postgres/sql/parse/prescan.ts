import { isUtf8 } from 'node:buffer'

/** Bytes up to which a text is parsed where it is; longer ones go to a thread that can be ended. */
export const SHORT = 512
/** Levels of comments in comments. The lexer goes back to the start of each. */
const COMMENTS = 16
/** Characters in one run of operators: PostgreSQL's own limit of an operator's name, and what its lexer is quadratic in. */
const OPERATORS = 63
/** Brackets that are open at once: the parser, and whatever walks its tree, goes as deep. */
const BRACKETS = 200

const refused = {
  size: { refused: 'The statement is longer than the gateway reads.' },
  nul: { refused: 'The statement holds a NUL byte.' },
  utf8: { refused: 'The statement is not valid UTF-8.' },
  comments: { refused: 'Comments are nested too deep.' },
  operators: { refused: 'Too many operator characters follow one another.' },
  brackets: { refused: 'Brackets are nested too deep.' },
} as const

/** What a byte begins, outside quotes: scan.l of PostgreSQL. 0 is whatever does not matter. */
const IDENTIFIER = 1
const OPERATOR = 2
const OPEN = 3
const SHUT = 4
const QUOTE = 5
const DOUBLE_QUOTE = 6
const DOLLAR = 7
const DIGIT = 8

const KIND = new Uint8Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  const character = String.fromCharCode(byte)
  if (byte >= 0x80 || /[A-Za-z_]/.test(character)) KIND[byte] = IDENTIFIER
  else if ('~!@#^&|`?+-*/%<>='.includes(character)) KIND[byte] = OPERATOR
  else if ('(['.includes(character)) KIND[byte] = OPEN
  else if (')]'.includes(character)) KIND[byte] = SHUT
  else if (character === "'") KIND[byte] = QUOTE
  else if (character === '"') KIND[byte] = DOUBLE_QUOTE
  else if (character === '$') KIND[byte] = DOLLAR
  else if (/[0-9]/.test(character)) KIND[byte] = DIGIT
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const MINUS = 0x2d
const SLASH = 0x2f
const STAR = 0x2a
const BACKSLASH = 0x5c
const APOSTROPHE = 0x27
const DOLLAR_SIGN = 0x24

/** Why a text is refused, in one sentence that holds nothing of it. */
export interface Refused {
  readonly refused: string
}

/**
 * Judges a text before the parser sees it. A long one has yet to pass `scan`, where it is parsed.
 * @param limit bytes
 */
export function prescan(text: Uint8Array, limit: number): 'short' | 'long' | Refused {
  if (text.length > limit) return refused.size
  if (text.includes(0)) return refused.nul
  if (!isUtf8(text)) return refused.utf8
  if (text.length > SHORT) return 'long'
  return scan(text) ?? 'short'
}

/**
 * Finds what the parser would be slow or deep in, in one pass. It knows strings, names and comments as PostgreSQL's lexer does, so that
 * what stands in them does not count.
 */
export function scan(text: Uint8Array): Refused | undefined {
  const end = text.length
  let depth = 0
  let at = 0
  while (at < end) {
    switch (KIND[text[at]!]) {
      case IDENTIFIER: {
        const start = at
        at = endOfIdentifier(text, at)
        // E'…' is the one kind of string in which a backslash hides the quote.
        if (at - start === 1 && text[at] === APOSTROPHE && (text[start]! | 0x20) === 0x65) at = endOfEscapeString(text, at)
        break
      }
      case DIGIT:
        // Letters in or behind a number are part of it, or an error; a dollar quote may follow at once.
        at = endOfAlphanumeric(text, at)
        break
      case OPERATOR: {
        const run = endOfOperators(text, at)
        if (run - at > OPERATORS) return refused.operators
        if (run > at) at = run
        else if (text[at] === MINUS) at = endOfLine(text, at)
        else {
          at = endOfComment(text, at)
          if (at < 0) return refused.comments
        }
        break
      }
      case OPEN:
        depth += 1
        if (depth > BRACKETS) return refused.brackets
        at += 1
        break
      case SHUT:
        if (depth > 0) depth -= 1
        at += 1
        break
      case QUOTE:
      case DOUBLE_QUOTE:
        at = endOfQuoted(text, at)
        break
      case DOLLAR:
        at = endOfDollar(text, at)
        break
      default:
        at += 1
    }
  }
  return undefined
}

function endOfIdentifier(text: Uint8Array, start: number): number {
  let at = start + 1
  for (; at < text.length; at += 1) {
    const kind = KIND[text[at]!]
    if (kind !== IDENTIFIER && kind !== DIGIT && kind !== DOLLAR) break
  }
  return at
}

/** Letters and digits, without `$`. */
function endOfAlphanumeric(text: Uint8Array, start: number): number {
  let at = start + 1
  for (; at < text.length; at += 1) {
    const kind = KIND[text[at]!]
    if (kind !== IDENTIFIER && kind !== DIGIT) break
  }
  return at
}

/** @returns `start` where it is a comment that begins there */
function endOfOperators(text: Uint8Array, start: number): number {
  let at = start
  for (; at < text.length && KIND[text[at]!] === OPERATOR; at += 1) {
    const byte = text[at]
    if ((byte === MINUS && text[at + 1] === MINUS) || (byte === SLASH && text[at + 1] === STAR)) break
  }
  return at
}

function endOfLine(text: Uint8Array, start: number): number {
  let at = start
  while (at < text.length && text[at] !== NEWLINE && text[at] !== RETURN) at += 1
  return at
}

/** @returns -1 where it is nested too deep */
function endOfComment(text: Uint8Array, start: number): number {
  let level = 0
  for (let at = start; at < text.length; ) {
    const byte = text[at]
    if (byte === SLASH && text[at + 1] === STAR) {
      level += 1
      if (level > COMMENTS) return -1
      at += 2
    } else if (byte === STAR && text[at + 1] === SLASH) {
      level -= 1
      at += 2
      if (level === 0) return at
    } else at += 1
  }
  return text.length
}

/** '…' or "…": the quote is written twice to stand for itself, which comes to the same as two in a row. */
function endOfQuoted(text: Uint8Array, start: number): number {
  const close = text.indexOf(text[start]!, start + 1)
  return close < 0 ? text.length : close + 1
}

function endOfEscapeString(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const byte = text[at]
    if (byte === BACKSLASH) at += 1
    else if (byte === APOSTROPHE) {
      if (text[at + 1] === APOSTROPHE) at += 1
      else {
        const goesOn = continuation(text, at + 1)
        if (goesOn < 0) return at + 1
        at = goesOn
      }
    }
  }
  return text.length
}

/** A string goes on behind white space with a line end in it (SQL: string literals). @returns where, or -1 */
function continuation(text: Uint8Array, start: number): number {
  let lines = false
  for (let at = start; at < text.length; at += 1) {
    const byte = text[at]!
    if (byte === NEWLINE || byte === RETURN) lines = true
    else if (byte === MINUS && text[at + 1] === MINUS) at = endOfLine(text, at) - 1
    else if (byte === APOSTROPHE) return lines ? at : -1
    else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0b && byte !== 0x0c) return -1
  }
  return -1
}

/** `$1`, `$$…$$`, `$tag$…$tag$`. */
function endOfDollar(text: Uint8Array, start: number): number {
  let at = start + 1
  if (KIND[text[at] ?? 0] === DIGIT) {
    while (KIND[text[at] ?? 0] === DIGIT) at += 1
    return at
  }
  if (KIND[text[at] ?? 0] === IDENTIFIER) at = endOfAlphanumeric(text, at)
  if (text[at] !== DOLLAR_SIGN) return start + 1
  const tag = text.subarray(start, at + 1)
  const close = Buffer.from(text.buffer, text.byteOffset, text.length).indexOf(tag, at + 1)
  return close < 0 ? text.length : close + tag.length
}
