import { latin1 } from '../redaction/index.ts'
import type { Detection } from './detector.ts'
import { type Detectors, detect } from './finder.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const SHORT_ESCAPES = new Map([...'"\\/'].map((each) => [each.charCodeAt(0), each.charCodeAt(0)] as const))
for (const [letter, byte] of [
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
] as const)
  SHORT_ESCAPES.set(letter.charCodeAt(0), byte)

/**
 * As `detect`, but only within the string leaves of a JSON text (RFC 8259): not in names, numbers or across strings. Escapes are read as the
 * characters that they stand for; a place never cuts one. The name of a member counts as the name of its value.
 *
 * @param besides what else is found in the characters of a leaf, as UTF-8; these places may overlap others
 * @returns undefined where it is not JSON as far as its strings go: then it is a text like any other
 */
export function detectInJson(
  bytes: Uint8Array,
  wanted: Detectors,
  besides?: (leaf: Uint8Array) => readonly Detection[],
): readonly Detection[] | undefined {
  const found: Detection[] = []
  let name: Uint8Array = NO_NAME
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at] as number
    if (byte !== QUOTE) {
      if (byte === COMMA || byte === OPENS_OBJECT || byte === OPENS_ARRAY) name = byte === COMMA || byte === OPENS_OBJECT ? NO_NAME : name
      at++
      continue
    }
    const end = stringEnd(bytes, at + 1)
    if (end < 0) return undefined
    const behind = pastBlanks(bytes, end + 1)
    if (bytes[behind] === COLON) name = bytes.subarray(at, behind + 1)
    else detectInString(bytes, at + 1, end, name, wanted, found, besides)
    at = bytes[behind] === COLON ? behind + 1 : end + 1
  }
  return found
}

const COMMA = 0x2c
const COLON = 0x3a
const OPENS_OBJECT = 0x7b
const OPENS_ARRAY = 0x5b
const NO_NAME = new Uint8Array(0)
/** Longer names are nobody's. Bytes. */
const LONGEST_NAME = 64

function stringEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === BACKSLASH) at++
    else if (byte === QUOTE) return at
    else if (byte < 0x20) return -1
  }
  return -1
}

function pastBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

function detectInString(
  bytes: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array,
  wanted: Detectors,
  found: Detection[],
  besides: ((leaf: Uint8Array) => readonly Detection[]) | undefined,
): void {
  const before = name.length > LONGEST_NAME ? NO_NAME : name
  const { text, places } = decoded(bytes, from, to)
  const add = (begins: number, ends: number, detector: string) =>
    found.push({
      start: places === undefined ? from + begins : places(begins),
      end: places === undefined ? from + ends : places(ends),
      detector,
    })
  for (const { start, end, detector } of detect(before.length === 0 ? text : Buffer.concat([before, text]), wanted)) {
    if (end > before.length) add(Math.max(0, start - before.length), end - before.length, detector)
  }
  for (const { start, end, detector } of besides?.(text) ?? []) add(start, end, detector)
}

/** @returns the characters that a string stands for, and where in the text each byte of them comes from */
function decoded(bytes: Uint8Array, from: number, to: number): { text: Uint8Array; places?: (byte: number) => number } {
  const raw = bytes.subarray(from, to)
  if (!raw.includes(BACKSLASH)) return { text: raw }
  const text = Buffer.allocUnsafe(raw.length)
  const origins = new Uint32Array(raw.length + 1)
  let length = 0
  for (let at = from; at < to; ) {
    const found = raw.indexOf(BACKSLASH, at - from)
    const next = found === -1 ? to : from + found
    if (next > at) {
      text.set(bytes.subarray(at, next), length)
      while (at < next) origins[length++] = at++
      continue
    }
    const width = escapeWidth(bytes, at, to)
    const content = width === 2 ? shortEscape(bytes[at + 1]) : Buffer.from(JSON.parse(`"${latin1(bytes, at, at + width)}"`) as string)
    for (const byte of content) {
      origins[length] = at
      text[length++] = byte
    }
    at += width
  }
  origins[length] = to
  // The end of a place that would be within an escape is behind it.
  return { text: text.subarray(0, length), places: (byte) => origins[byte] as number }
}

/** What stands for a character of its own; of an unknown one, the backslash. */
function shortEscape(letter: number | undefined): Uint8Array {
  return Uint8Array.of(SHORT_ESCAPES.get(letter as number) ?? BACKSLASH)
}

/** Bytes of one escape; both halves of a surrogate pair are one. */
function escapeWidth(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at + 1] !== LETTER_U) return 2
  const text = latin1(bytes, at, Math.min(to, at + 12))
  if (/^\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/.test(text)) return 12
  return /^\\u[0-9a-fA-F]{4}/.test(text) ? 6 : 2
}
