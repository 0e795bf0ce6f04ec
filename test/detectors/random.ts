/** Numbers that look like chance and are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  one<Each>(of: readonly Each[]): Each {
    return of[this.below(of.length)] as Each
  }

  /** So many of the characters of an alphabet. */
  text(length: number, alphabet: string): string {
    let text = ''
    for (let at = 0; at < length; at++) text += alphabet[this.below(alphabet.length)]
    return text
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }
}

export const DIGITS = '0123456789'
export const UPPERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
export const LOWERS = UPPERS.toLowerCase()
export const BASE62 = DIGITS + UPPERS + LOWERS
export const HEX = '0123456789abcdef'
