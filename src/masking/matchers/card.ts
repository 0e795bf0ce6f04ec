import { closes, isDigit, MORE, NONE, type Window } from '../bytes.ts'
import { digitsOf, type Groups } from './groups.ts'

interface Issuer {
  /** First digits, from and to, of the same length. */
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

const SIXTEEN_UP = [16, 17, 18, 19]

/**
 * ISO/IEC 7812: who issues which numbers, as the schemes publish it. Visa's 13 digits are gone since the nineties and are the form of every
 * barcode; Maestro's 12 to 15 were given to few.
 */
const ISSUERS: readonly Issuer[] = [
  { from: 4, to: 4, lengths: [16, 18, 19] },
  { from: 34, to: 34, lengths: [15] },
  { from: 37, to: 37, lengths: [15] },
  { from: 51, to: 55, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 2200, to: 2204, lengths: SIXTEEN_UP },
  { from: 300, to: 305, lengths: [14, 16] },
  { from: 3095, to: 3095, lengths: [14, 16] },
  { from: 36, to: 36, lengths: [14, 16] },
  { from: 38, to: 39, lengths: [14, 16] },
  { from: 3528, to: 3589, lengths: SIXTEEN_UP },
  { from: 6011, to: 6011, lengths: [16, 19] },
  { from: 644, to: 649, lengths: [16, 19] },
  { from: 65, to: 65, lengths: [16, 19] },
  { from: 62, to: 62, lengths: SIXTEEN_UP },
  { from: 81, to: 81, lengths: SIXTEEN_UP },
  { from: 60, to: 60, lengths: [16] },
  { from: 508, to: 508, lengths: [16] },
  { from: 5018, to: 5018, lengths: SIXTEEN_UP },
  { from: 5020, to: 5020, lengths: SIXTEEN_UP },
  { from: 5038, to: 5038, lengths: SIXTEEN_UP },
  { from: 5893, to: 5893, lengths: SIXTEEN_UP },
  { from: 6304, to: 6304, lengths: SIXTEEN_UP },
  { from: 6759, to: 6763, lengths: SIXTEEN_UP },
  { from: 506099, to: 506198, lengths: [16, 19] },
  { from: 9792, to: 9792, lengths: [16] },
]

/** How cards are embossed. Numbers in other groups are other numbers. */
const GROUPED: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
]

/** Card numbers, with or without the groups that they are embossed in: issuer, length and check digit have to be right. */
export function card(window: Window, groups: Groups): number {
  const single = groups.lengths[0] as number
  if (single >= 14 && single <= 19) return checked(window, groups.start, groups.ends[0] as number)
  if (single !== 4 || groups.separator === 0x2e) return NONE
  for (const shape of GROUPED) {
    const end = groups.shaped(shape)
    if (end === 0 || isInRow(window.bytes, groups, shape.length)) continue
    const found = checked(window, groups.start, end)
    if (found !== NONE) return found
  }
  return NONE
}

/** Whether four more digits stand on either side in the same way: then it is a piece of a longer row of numbers. */
function isInRow(bytes: Uint8Array, groups: Groups, length: number): boolean {
  if (groups.lengths[length] === 4) return true
  const before = groups.start - 1
  if (before < 4 || bytes[before] !== groups.separator || isDigit(bytes[before - 5] ?? 0)) return false
  return [1, 2, 3, 4].every((back) => isDigit(bytes[before - back] as number))
}

function checked(window: Window, start: number, end: number): number {
  const closed = closes(window, end)
  if (closed === MORE) return MORE
  if (!closed) return NONE
  const digits = digitsOf(window.bytes, start, end)
  return isIssued(digits) && luhn(digits) && !/^(\d)\1*$/.test(digits) ? end : NONE
}

function isIssued(digits: string): boolean {
  return ISSUERS.some(({ from, to, lengths }) => {
    const first = Number(digits.slice(0, String(from).length))
    return first >= from && first <= to && lengths.includes(digits.length)
  })
}

/** ISO/IEC 7812-1 annex B. */
function luhn(digits: string): boolean {
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 0x30
    const doubled = place % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
