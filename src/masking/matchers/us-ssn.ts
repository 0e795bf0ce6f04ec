import { closes, MORE, NONE, type Window } from '../bytes.ts'
import { digitsOf, type Groups } from './groups.ts'

const SHAPE = [3, 2, 4]

/** Printed in advertisements, or given out for them: nobody's. */
const NOBODYS = new Set(['078051120', '219099999', '457555462'])

/**
 * Social Security numbers in their groups, with `-` or a blank. No area is 000, 666 or above 899, no group 00, no serial 0000
 * (20 CFR 422.103, SSA POMS RM 10201.035). Nine digits in a row are any number.
 */
export function usSsn(window: Window, groups: Groups): number {
  if (groups.separator === 0x2e) return NONE
  const end = groups.shaped(SHAPE)
  if (end === 0) return NONE
  const closed = closes(window, end)
  if (closed !== true) return closed === MORE ? MORE : NONE
  const digits = digitsOf(window.bytes, groups.start, end)
  const area = Number(digits.slice(0, 3))
  if (area === 0 || area === 666 || area > 899) return NONE
  if (digits.slice(3, 5) === '00' || digits.slice(5) === '0000' || NOBODYS.has(digits)) return NONE
  return end
}
