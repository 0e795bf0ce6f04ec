import { byteAt, closes, isDigit, MORE, NONE, UNKNOWN, type Window } from '../bytes.ts'
import { callingCodeLength } from './calling-codes.ts'
import { digitsOf, type Groups } from './groups.ts'

/** ITU-T E.164 §6: fifteen digits with the country code. */
const MOST_DIGITS = 15
/** With every separator that people put in. Bytes. */
const LONGEST = 26

/** `+` and a number with a country code that exists: digits, with single blanks, `-`, `.`, and brackets around one group. */
export function internationalPhone(window: Window, plus: number): number {
  const first = byteAt(window, plus + 1)
  if (first === UNKNOWN) return MORE
  if (!isDigit(first)) return NONE
  const north = first === 0x31
  let digits = 0
  let end = plus + 1
  let separated = false
  let bracket = false
  for (let at = plus + 1; at < plus + LONGEST; at++) {
    const byte = byteAt(window, at)
    if (byte === UNKNOWN) return MORE
    if (isDigit(byte)) {
      if (digits === (north ? 11 : MOST_DIGITS)) break
      digits++
      end = at + 1
    } else if (byte === 0x28 && !bracket) bracket = true
    else if (byte === 0x29 && bracket) bracket = false
    else if (byte === 0x20 || byte === 0x2d || byte === 0x2e) {
      const before = byteAt(window, at - 1)
      if (!isDigit(before) && before !== 0x29) break
    } else break
    if (end !== at + 1) separated ||= digits > 0
  }
  const closed = closes(window, end)
  if (closed !== true) return closed === MORE ? MORE : NONE
  if (north ? digits !== 11 : digits < (separated ? 8 : 9)) return NONE
  const number = digitsOf(window.bytes, plus, end)
  if (callingCodeLength(number) === 0) return NONE
  return north && !isNorthAmerican(number.slice(1)) ? NONE : end
}

/** National forms with a leading zero whose groups are customary: France, the United Kingdom, Germany, Italy, Australia, Japan. */
const WITH_ZERO: readonly (readonly number[])[] = [
  [2, 2, 2, 2, 2],
  [3, 4, 4],
  [4, 3, 4],
  [5, 3, 3],
  [5, 6],
  [3, 3, 4],
  [4, 3, 3],
  [2, 4, 4],
  [3, 8],
  [3, 7],
  [4, 7],
]

const NORTH_AMERICAN = [3, 3, 4]
const WITH_COUNTRY = [1, 3, 3, 4]

/** National forms, in groups only: ten digits in a row are any number. */
export function nationalPhone(window: Window, groups: Groups): number {
  const { bytes } = window
  const first = groups.lengths[0] as number
  const bracketed = first === 3 ? areaInBrackets(window, groups) : NONE
  if (bracketed !== NONE) return bracketed
  if (groups.separator === undefined) return NONE
  let end = groups.shaped(NORTH_AMERICAN)
  if (end !== 0 && isNorthAmerican(digitsOf(bytes, groups.start, end))) return ended(window, end)
  end = groups.shaped(WITH_COUNTRY)
  if (end !== 0 && bytes[groups.start] === 0x31 && isNorthAmerican(digitsOf(bytes, groups.start + 1, end))) return ended(window, end)
  if (bytes[groups.start] !== 0x30 || groups.separator === 0x2e) return NONE
  for (const shape of WITH_ZERO) {
    end = groups.shaped(shape)
    if (end === 0 || (shape.length === 2 && groups.separator !== 0x20) || bytes[groups.start + 1] === 0x30) continue
    // A longer row of groups is another number.
    if (groups.lengths.length === shape.length) return ended(window, end)
  }
  return withDialOut(window, groups)
}

/** `0044 20 7946 0958`: the prefix of most countries in place of `+`. */
function withDialOut(window: Window, groups: Groups): number {
  const end = groups.ends.at(-1) as number
  if (groups.separator !== 0x20 || groups.lengths.length < 3 || window.bytes[groups.start + 1] !== 0x30) return NONE
  const number = digitsOf(window.bytes, groups.start + 2, end)
  if (number.length < 8 || number.length > MOST_DIGITS) return NONE
  return callingCodeLength(number) === (groups.lengths[0] as number) - 2 ? ended(window, end) : NONE
}

/** `(415) 555-2671`; the opening bracket may have gone on already, so the place begins behind it. */
function areaInBrackets(window: Window, groups: Groups): number {
  const { bytes } = window
  let at = groups.ends[0] as number
  if (groups.start === 0 || bytes[groups.start - 1] !== 0x28 || byteAt(window, at) !== 0x29) return NONE
  at++
  if (byteAt(window, at) === 0x20) at++
  const end = at + 8
  for (let place = at; place < end; place++) {
    const byte = byteAt(window, place)
    if (byte === UNKNOWN) return MORE
    if (place === at + 3 ? byte !== 0x2d && byte !== 0x20 && byte !== 0x2e : !isDigit(byte)) return NONE
  }
  return isNorthAmerican(digitsOf(bytes, groups.start, end)) ? ended(window, end) : NONE
}

function ended(window: Window, end: number): number {
  const closed = closes(window, end)
  if (closed === MORE) return MORE
  return closed ? end : NONE
}

/** NANP: an area and an exchange begin with 2 to 9; no service code (N11) is an area, nor an exchange. */
function isNorthAmerican(digits: string): boolean {
  return /^[2-9](?!11)\d\d[2-9](?!11)\d{6}$/.test(digits)
}
