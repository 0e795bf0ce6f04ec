import { latin1 } from '../../redaction/index.ts'
import { ALPHANUMERIC, byteAt, DOT, isAlphanumeric, kindOf, LOWER, UPPER, type Window } from '../bytes.ts'

/** RFC 5321 §4.5.3.1: octets of the local part, and of the domain. */
const LONGEST_LOCAL = 64
const LONGEST_DOMAIN = 255
/** RFC 1035 §2.3.4. */
const LONGEST_LABEL = 63

/** Endings of files that people put behind an `@` (`logo@2x.png`), none of them a top-level domain. */
const FILES: ReadonlySet<number> = new Set(
  'png jpg jpeg gif svg webp bmp css js mjs cjs ts tsx jsx json yaml yml xml html tgz gz jar exe dll txt log'
    .split(' ')
    .map((ending) => numberOf(Buffer.from(ending), 0, ending.length)),
)

const LONGEST_FILE = 4

/** The start of an address, and its end; an address says where both are, as it is found by what is in its middle. */
export interface Email {
  readonly start: number
  readonly end: number
}

/**
 * Addresses as they are written: a dot-atom without the rarer characters, a domain of at least two labels, no address literal, no quoted
 * local part (RFC 5321 §4.1.2), no letters beyond ASCII.
 *
 * @param from of the word that the `@` at `at` stands in
 * @param to its end, which is known
 */
export function email(window: Window, from: number, at: number, to: number): Email | undefined {
  const { bytes } = window
  let start = at
  while (start > from && at - start <= LONGEST_LOCAL && isLocal(bytes[start - 1] as number)) start--
  while (start < at && !isAlphanumeric(bytes[start] as number) && bytes[start] !== 0x5f) start++
  if (start === at || at - start > LONGEST_LOCAL || bytes[at - 1] === 0x2e) return undefined
  const end = domainEnd(bytes, at + 1, to)
  if (end === 0) return undefined
  for (let place = start + 1; place < at; place++) if (bytes[place] === 0x2e && bytes[place - 1] === 0x2e) return undefined
  // What a URL has there is a user; what git has there is one, too, with a path behind.
  if (start - from >= 3 && holdsScheme(bytes, from, start)) return undefined
  if (byteAt(window, end) === 0x3a && latin1(bytes, start, at) === 'git') return undefined
  return { start, end }
}

function domainEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = from
  const limit = Math.min(to, from + LONGEST_DOMAIN)
  while (end < limit && ((kindOf(bytes[end] as number) & (ALPHANUMERIC | DOT)) !== 0 || bytes[end] === 0x2d)) end++
  while (end > from && !isAlphanumeric(bytes[end - 1] as number)) end--
  if (bytes[end] === 0x40) return 0
  let label = from
  let labels = 0
  for (let at = from; at <= end; at++) {
    if (at < end && bytes[at] !== 0x2e) continue
    if (at === label || at - label > LONGEST_LABEL || bytes[label] === 0x2d || bytes[at - 1] === 0x2d) return 0
    labels++
    if (at < end) label = at + 1
  }
  return labels > 1 && isTop(bytes, label, end) ? end : 0
}

function isTop(bytes: Uint8Array, from: number, to: number): boolean {
  let letters = from
  while (letters < to && (kindOf(bytes[letters] as number) & (UPPER | LOWER)) !== 0) letters++
  if (letters < to) return /^xn--[a-z0-9-]{1,59}$/i.test(latin1(bytes, from, to))
  const length = to - from
  return length >= 2 && length <= 24 && (length > LONGEST_FILE || !FILES.has(numberOf(bytes, from, to)))
}

/** Up to four letters of either case, as a number. */
function numberOf(bytes: Uint8Array, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = (number << 8) | ((bytes[at] as number) | 0x20)
  return number
}

function isLocal(byte: number): boolean {
  return isAlphanumeric(byte) || byte === 0x2e || byte === 0x5f || byte === 0x25 || byte === 0x2b || byte === 0x2d
}

/** `://` and a user, or the password that goes with it, right before. */
function holdsScheme(bytes: Uint8Array, from: number, start: number): boolean {
  const before = latin1(bytes, Math.max(from, start - LONGEST_LOCAL), start)
  return /:\/\/(?:[^/?#@]*:)?$/.test(before)
}
