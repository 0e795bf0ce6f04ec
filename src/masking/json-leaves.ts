import { REDACTED } from './operators.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
/** A name that is not data: of a field rather than of somebody. */
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
const HIDDEN_NAME = jsonString(REDACTED)
const NULL = Buffer.from('null')

/**
 * Replaces what a JSON text (RFC 8259) says, and keeps its shape: strings by what stands for them, numbers and truth values by null, names by
 * `[masked]` unless they look like those of fields. The result is ASCII.
 *
 * @param replace what stands for a string, of which it is given the characters as UTF-8; null: null
 * @returns undefined where it is not JSON as far as its strings go
 */
export function maskJsonLeaves(json: Uint8Array, replace: (leaf: Uint8Array) => Uint8Array | null): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  for (let at = 0; at < json.length; ) {
    const byte = json[at] as number
    if (byte === QUOTE) {
      const end = stringEnd(json, at)
      if (end === undefined) return undefined
      const text = stringOf(json, at, end)
      if (text === undefined) return undefined
      if (isName(json, end)) parts.push(FIELD_NAME.test(text) ? json.subarray(at, end) : HIDDEN_NAME)
      else {
        const replaced = replace(Buffer.from(text))
        parts.push(replaced === null ? NULL : jsonString(replaced))
      }
      at = end
    } else if (isMark(byte)) {
      const from = at
      while (at < json.length && isMark(json[at] as number)) at++
      parts.push(json.subarray(from, at))
    } else {
      while (at < json.length && json[at] !== QUOTE && !isMark(json[at] as number)) at++
      parts.push(NULL)
    }
  }
  return Buffer.concat(parts)
}

/** A JSON string of ASCII characters. @param text UTF-8 */
export function jsonString(text: Uint8Array): Uint8Array {
  const quoted = JSON.stringify(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString())
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
  return Buffer.from(quoted.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

/** What the structure is made of, and blanks. */
function isMark(byte: number): boolean {
  return byte <= 0x20 || byte === 0x2c || byte === COLON || byte === 0x5b || byte === 0x5d || byte === 0x7b || byte === 0x7d
}

/** @returns one past its closing quote */
function stringEnd(json: Uint8Array, start: number): number | undefined {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++
    else if (json[at] === QUOTE) return at + 1
  }
  return undefined
}

function isName(json: Uint8Array, end: number): boolean {
  let at = end
  while (at < json.length && (json[at] as number) <= 0x20) at++
  return json[at] === COLON
}

/** The characters of a string; of one with escapes, what they stand for. */
function stringOf(json: Uint8Array, start: number, end: number): string | undefined {
  const raw = json.subarray(start + 1, end - 1)
  if (!raw.includes(BACKSLASH)) return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString()
  try {
    return JSON.parse(new TextDecoder().decode(json.subarray(start, end))) as string
  } catch {
    return undefined
  }
}
