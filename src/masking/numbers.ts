import { byteAt, DIGIT, isDigit, KINDS, MORE, NONE, opens, UPPER, type Window } from './bytes.ts'
import type { Detector } from './detector.ts'
import { card } from './matchers/card.ts'
import { Groups } from './matchers/groups.ts'
import { iban } from './matchers/iban.ts'
import { ipv4 } from './matchers/ip.ts'
import { internationalPhone, nationalPhone } from './matchers/phone.ts'
import { usSsn } from './matchers/us-ssn.ts'

/** Tells what begins with a digit, a `+` or two capitals in a word. Such a match may go on over blanks into the words behind it. */
export class Numbers {
  readonly #groups = new Groups()

  /**
   * @param from of a word whose end `to` is known
   * @param found told each, from left to right
   * @returns where the last match ended, if that is behind the word; else `to`; or `MORE`
   */
  each(window: Window, from: number, to: number, found: (start: number, end: number, detector: Detector) => void): number {
    const { bytes } = window
    let at = from
    while (at < to) {
      const byte = bytes[at] as number
      const kind = KINDS[byte] as number
      let end: number = NONE
      let detector: Detector = 'phone'
      if ((kind & DIGIT) !== 0) {
        if (!isPlain(window, at) && opens(window, at)) {
          const number = this.#number(window, at)
          if (number === MORE) return MORE
          end = this.#end
          if (number !== undefined) detector = number
        }
        if (end === NONE) {
          while (at < to && isDigit(bytes[at] as number)) at++
          continue
        }
      } else if (byte === 0x2b) {
        if (opens(window, at)) end = internationalPhone(window, at)
      } else if ((kind & UPPER) !== 0 && isDigit(byteAt(window, at + 2)) && isDigit(byteAt(window, at + 3)) && opens(window, at)) {
        detector = 'iban'
        end = iban(window, at)
      }
      if (end === MORE) return MORE
      if (end === NONE) at++
      else {
        found(at, end, detector)
        at = end
      }
    }
    return at
  }

  #end: number = NONE

  /** One digit can begin one of four things; the first that it is, it is. */
  #number(window: Window, at: number): Detector | typeof MORE | undefined {
    const groups = this.#groups
    this.#end = NONE
    groups.read(window, at)
    // A `1` may begin a phone number, or an address; nothing begins with more digits than a card has.
    if (groups.open && !window.whole) return MORE
    const first = groups.lengths[0] as number
    if (first <= 3 && groups.separator === 0x2e && this.#is(ipv4(window, at))) return this.#end === MORE ? MORE : 'ip'
    if ((first === 4 || first >= 14) && this.#is(card(window, groups))) return this.#end === MORE ? MORE : 'card'
    if (first > 5) return undefined
    if (first === 3 && this.#is(usSsn(window, groups))) return this.#end === MORE ? MORE : 'us-ssn'
    if (this.#is(nationalPhone(window, groups))) return this.#end === MORE ? MORE : 'phone'
    return undefined
  }

  #is(end: number): boolean {
    this.#end = end
    return end !== NONE
  }
}

/** Rules out most numbers by a look at what is there: amounts, dates, times, counts. False says nothing. */
function isPlain({ bytes, end }: Window, at: number): boolean {
  let stop = at + 1
  while (stop < end && isDigit(bytes[stop] as number)) stop++
  if (stop === end) return false
  const digits = stop - at
  if (digits > 8) return digits < 14 || digits > 19
  const next = bytes[stop]
  if (next !== 0x20 && next !== 0x2d && next !== 0x2e && next !== 0x29) return true
  if (stop + 4 >= end) return false
  if (next === 0x29) return digits !== 3
  if (!isDigit(bytes[stop + 1] as number)) return true
  if (next === 0x2e) return digits > 3
  if (digits === 1) return bytes[at] !== 0x31
  if (digits === 3) return false
  if (digits === 4 && bytes[at] !== 0x30) return !(isDigit(bytes[stop + 2] as number) && isDigit(bytes[stop + 3] as number))
  return bytes[at] !== 0x30 || digits > 5
}
