import { latin1 } from '../redaction/index.ts'
import { AT, DIGIT, KINDS, LOWER, PAIR, UPPER, type Window } from './bytes.ts'
import type { Detector } from './detector.ts'
import { email } from './matchers/email.ts'
import { addressRunEnd, ipv6, isAddressByte } from './matchers/ip.ts'
import { isSecretValue, looksRandom, SecretNames } from './matchers/secret.ts'
import { eachToken, SHORTEST_TOKEN } from './matchers/tokens.ts'
import { Numbers } from './numbers.ts'

/** Told each find; finds of one word may overlap. */
export type Found = (start: number, end: number, detector: Detector) => void

/** Pairs of one word that are looked at for a named secret. */
const MOST_PAIRS = 32
/** A named value is looked at so far; the rest of it belongs to it. Bytes. */
const LONGEST_LOOK = 256
const AMPERSAND = 0x26

/** Looks at one word, a stretch without blanks, quotes and brackets. Each detector is asked only where a word holds what it needs. */
export class Words {
  readonly #numbers = new Numbers()
  readonly #names = new SecretNames()

  /**
   * @param seen bits of all bytes of the word
   * @returns where to go on, which is behind the word where a number was; or `MORE`
   */
  look(window: Window, from: number, to: number, seen: number, found: Found): number {
    const { bytes } = window
    if ((seen & AT) !== 0) emails(window, from, to, found)
    if ((seen & PAIR) !== 0) addresses(window, from, to, found)
    if (to - from >= SHORTEST_TOKEN) eachToken(bytes, from, to, found)
    if ((seen & DIGIT) === 0) return to
    if ((seen & (UPPER | LOWER)) !== 0 && to - from >= 8) this.#secrets(bytes, from, to, seen, found)
    return this.#numbers.each(window, from, to, found)
  }

  #secrets(bytes: Uint8Array, from: number, to: number, seen: number, found: Found): void {
    this.#named(bytes, from, to, found)
    const mixed = UPPER | LOWER | DIGIT
    if (to - from >= 24 && (seen & mixed) === mixed) unnamed(bytes, from, to, found)
  }

  #named(bytes: Uint8Array, from: number, to: number, found: Found): void {
    let value = from
    for (let pairs = 0; pairs < MOST_PAIRS && value < to; pairs++) {
      if (this.#names.isNamed(bytes, value)) {
        let end = value
        while (end < to && bytes[end] !== AMPERSAND) end++
        if (isSecretValue(latin1(bytes, value, Math.min(end, value + LONGEST_LOOK)))) {
          found(value, end, 'secret')
          value = end
        }
      }
      while (value < to && ((KINDS[bytes[value] as number] as number) & PAIR) === 0) value++
      value++
    }
  }
}

function emails(window: Window, from: number, to: number, found: Found): void {
  const { bytes } = window
  for (let at = from; at < to; at++) {
    if (bytes[at] !== 0x40) continue
    const address = email(window, from, at, to)
    if (address !== undefined) found(address.start, address.end, 'email')
  }
}

function addresses(window: Window, from: number, to: number, found: Found): void {
  const { bytes } = window
  for (let at = from; at < to; at++) {
    if (!isAddressByte(bytes[at] as number)) continue
    const run = addressRunEnd(bytes, at, to)
    if (mayBeIpv6(bytes, at, run)) {
      const start = bytes[at] === 0x3a && bytes[at + 1] !== 0x3a ? at + 1 : at
      const end = ipv6(window, start, run)
      if (end > 0) found(start, end, 'ip')
    }
    at = run
    while (at < to && isAddressByte(bytes[at] as number)) at++
  }
}

/** Two colons in a row, or all seven. */
function mayBeIpv6(bytes: Uint8Array, from: number, to: number): boolean {
  let colons = 0
  for (let at = from; at < to; at++) {
    if (bytes[at] !== 0x3a) continue
    colons++
    if (at > from && bytes[at - 1] === 0x3a) return true
  }
  return colons >= 6
}

function unnamed(bytes: Uint8Array, from: number, to: number, found: Found): void {
  for (let at = from; at < to; at++) {
    if (!isRandomByte(bytes[at] as number)) continue
    const start = at
    while (at < to && isRandomByte(bytes[at] as number)) at++
    let end = at
    while (end < to && end < at + 2 && bytes[end] === 0x3d) end++
    if (end - start > 256) continue
    // What a path or URL has between its slashes is an id more often than a secret.
    if (bytes[start] === 0x2f) return
    if (looksRandom(latin1(bytes, start, end))) found(start, end, 'secret')
  }
}

function isRandomByte(byte: number): boolean {
  const kind = KINDS[byte] as number
  return (kind & (UPPER | LOWER | DIGIT)) !== 0 || byte === 0x2b || byte === 0x2f || byte === 0x5f || byte === 0x2d
}
