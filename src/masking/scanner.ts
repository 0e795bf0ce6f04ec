import { apart, latin1, runEnd, TOKEN68 } from '../redaction/index.ts'
import { AT, DIGIT, KINDS, MORE, NONE, PAIR, type Window } from './bytes.ts'
import type { Detection, Detector } from './detector.ts'
import { endsInBegin, isKeyWord, KEY_FOOTER, privateKeyStart } from './matchers/private-key.ts'
import { SHORTEST_TOKEN } from './matchers/tokens.ts'
import type { Words } from './words.ts'

/** A longer word is looked at in pieces. More than a header of HTTP may have, so no token is longer. Bytes. */
export const LONGEST_WORD = 8192
/** How far any detector looks back from where a word begins. Bytes. */
export const LOOKS_BACK = 64
/** A key that does not end ends here. Bytes. */
const LONGEST_KEY = 64 * 1024

const BACKSLASH = 0x5c
/** What stands for one character behind a backslash, in JSON and most languages. */
const ESCAPES = new Set(Buffer.from('"\'\\/bfnrt'))

/** Words with none of these and shorter than a token hold nothing. */
const TELLING = AT | DIGIT | PAIR
/** `-----BEGIN` is shorter than a token. */
const SHORTEST_TELLING = 10

/**
 * One pass over a text, word by word; a decision about a word depends on the `LOOKS_BACK` bytes before it and what follows it, never on how the
 * text came. What was begun is kept between calls, so no byte is read again for having come alone.
 */
export class Scanner {
  readonly #wanted: ReadonlySet<Detector>
  readonly #words: Words
  /** Of the word that has not ended; its end so far, and the bits of its bytes. */
  #begun = -1
  #at = 0
  #seen = 0
  /** Bytes that may still belong to a private key; 0 outside of one. */
  #keyLeft = 0
  #firstKeyWord = false
  /** In the word that is looked at. */
  readonly #found: Detection[] = []
  readonly #take = (start: number, end: number, detector: Detector): void => {
    if (this.#wanted.has(detector)) this.#found.push({ start, end, detector })
  }
  /** What the last piece of a word that was too long ended in. */
  #continued: Detector | undefined

  constructor(wanted: ReadonlySet<Detector>, words: Words) {
    this.#wanted = wanted
    this.#words = words
  }

  /**
   * Goes on where it stopped.
   * @param tell told each find, in order and apart
   * @returns what was settled: nothing that may yet come changes anything before it
   */
  advance(window: Window, tell: (found: Detection) => void): number {
    for (;;) {
      const start = this.#begun < 0 ? this.#nextWord(window) : this.#begun
      if (start >= window.end || this.#begun < 0) return start
      const limit = start + LONGEST_WORD
      const open = this.#readWord(window, Math.min(window.end, limit))
      // One byte behind the word is known before it is looked at, also where it is cut.
      if (open && !window.whole && window.end <= limit) return start
      if (this.#holdsNothing(start)) {
        this.#begun = -1
        continue
      }
      const next = this.#word(window, start, this.#at, tell)
      if (next === MORE) return start
      this.#begun = -1
      this.#at = next
    }
  }

  /** Begins with another text. */
  reset(): void {
    this.#begun = -1
    this.#at = 0
    this.#seen = 0
    this.#keyLeft = 0
    this.#firstKeyWord = false
    this.#continued = undefined
  }

  /** Of the bytes before, so many are not there any more. */
  moved(by: number): void {
    this.#at -= by
    if (this.#begun >= 0) this.#begun -= by
  }

  /** Begins a word where there is one. @returns where it begins, or where to go on */
  #nextWord({ bytes, end, whole }: Window): number {
    let at = this.#at
    while (at < end) {
      const byte = bytes[at] as number
      if (KINDS[byte] !== 0) {
        this.#begun = at
        this.#seen = 0
        break
      }
      if (byte === BACKSLASH) {
        // `\u0040` is the longest.
        const known = at + 6 <= end || whole
        if (!known && (at + 1 >= end || bytes[at + 1] === 0x75)) break
        at += escapeLength(bytes, at)
      } else at++
    }
    this.#at = Math.min(at, end)
    return this.#at
  }

  /** @returns whether the word may go on */
  #readWord({ bytes }: Window, end: number): boolean {
    let at = this.#at
    let seen = this.#seen
    while (at < end) {
      const kind = KINDS[bytes[at] as number] as number
      if (kind === 0) break
      seen |= kind
      at++
    }
    this.#at = at
    this.#seen = seen
    return at === end
  }

  /** Whether the word that was read has nothing that any detector looks for, nor belongs to what came before it: most words are done with that. */
  #holdsNothing(start: number): boolean {
    return (this.#seen & TELLING) === 0 && this.#at - start < SHORTEST_TELLING && this.#keyLeft === 0 && this.#continued === undefined
  }

  #word(window: Window, start: number, end: number, tell: (found: Detection) => void): number {
    if (this.#keyLeft > 0) {
      const next = this.#keyWord(window.bytes, start, end, tell)
      if (next !== NONE) return next
    }
    const from = this.#continued === undefined ? start : runEnd(window.bytes, start, TOKEN68, end - start)
    const found = this.#found
    found.length = 0
    if (this.#continued !== undefined && from > start) found.push({ start, end: from, detector: this.#continued })
    let next = end
    if ((this.#seen & TELLING) !== 0 || end - start >= SHORTEST_TOKEN) {
      next = this.#words.look(window, from, end, this.#seen, this.#take)
    }
    if (next !== MORE && endsInBegin(window.bytes, start, end)) next = this.#header(window, end)
    if (next === MORE) return MORE
    const apartly = found.length < 2 ? found : apart(found, (first, second) => ({ ...first, end: second.end }))
    for (const each of apartly) tell(each)
    const last = apartly.at(-1)
    this.#continued = end - start === LONGEST_WORD && last?.end === end ? (last.detector as Detector) : undefined
    return next
  }

  #header(window: Window, end: number): number {
    if (!this.#wanted.has('private-key')) return end
    const body = privateKeyStart(window, end)
    if (body === MORE) return MORE
    if (body === NONE) return end
    this.#keyLeft = LONGEST_KEY
    this.#firstKeyWord = true
    return body
  }

  /** Each word of a key is a find of its own, so line ends stay and nothing is held over them. @returns `NONE` where the key has ended before */
  #keyWord(bytes: Uint8Array, start: number, end: number, tell: (found: Detection) => void): number {
    const footer = latin1(bytes, start, end).indexOf(KEY_FOOTER)
    const stop = footer < 0 ? end : start + footer
    if (stop > start && !isKeyWord(bytes, start, stop, this.#firstKeyWord)) {
      this.#keyLeft = 0
      return NONE
    }
    if (stop > start) tell({ start, end: stop, detector: 'private-key' })
    this.#firstKeyWord = false
    this.#keyLeft = footer < 0 ? Math.max(0, this.#keyLeft - (end - start)) : 0
    return footer < 0 ? end : stop + KEY_FOOTER.length
  }
}

function escapeLength(bytes: Uint8Array, at: number): number {
  const escaped = bytes[at + 1]
  if (escaped === 0x75) return /^[0-9a-fA-F]{4}$/.test(latin1(bytes, at + 2, at + 6)) ? 6 : 1
  return escaped !== undefined && ESCAPES.has(escaped) ? 2 : 1
}

/** Whether no word of a text has what any detector looks for: most texts are done with that. */
export function holdsNothing(bytes: Uint8Array): boolean {
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const kind = KINDS[bytes[at] as number] as number
    if ((kind & TELLING) !== 0) return false
    length = kind === 0 ? 0 : length + 1
    if (length >= SHORTEST_TELLING) return false
  }
  return true
}
