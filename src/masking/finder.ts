import { apart } from '../redaction/index.ts'
import type { Window } from './bytes.ts'
import { DETECTORS, type Detection, type Detector, type OwnPattern } from './detector.ts'
import { type CompiledPattern, compilePatterns, OwnPatterns } from './own-patterns.ts'
import { holdsNothing, Scanner } from './scanner.ts'
import { Words } from './words.ts'

/** What is looked for, checked and compiled once. */
export interface Detectors {
  readonly builtIn: ReadonlySet<Detector>
  readonly own: readonly CompiledPattern[]
  /** Room to work in, the same for each text: most are as short as a cell. */
  readonly words: Words
  /** Looks through texts that are whole. */
  readonly whole: Scanner
}

/**
 * @param builtIn which of the built-in detectors; all, where nothing is said
 * @param own patterns of the user's
 * @throws MaskingError GS_MASK_PATTERN where a pattern cannot be used
 */
export function detectors(builtIn: readonly Detector[] = DETECTORS, own: readonly OwnPattern[] = []): Detectors {
  const wanted = new Set(builtIn)
  const words = new Words()
  return { builtIn: wanted, own: compilePatterns(own), words, whole: new Scanner(wanted, words) }
}

/** Finds what several look for, in one text that may come in pieces: in order and apart. */
export class Finder {
  readonly #scanner: Scanner
  readonly #own: OwnPatterns
  readonly #overlaps: boolean
  #found: Detection[] = []
  readonly #tell = (found: Detection): void => {
    this.#found.push(found)
  }

  constructor({ builtIn, own, words }: Detectors) {
    this.#scanner = new Scanner(builtIn, words)
    this.#own = new OwnPatterns(own)
    this.#overlaps = own.length > 0
  }

  /** @returns what is settled, and the finds in it, each of them whole */
  advance(window: Window): { settled: number; found: readonly Detection[] } {
    const scanned = this.#scanner.advance(window, this.#tell)
    const matched = this.#own.advance(window, this.#tell)
    // The built-in ones are apart among themselves.
    const all = this.#overlaps ? apart(this.#found, (first, second) => ({ ...first, end: second.end })) : this.#found
    let settled = Math.min(scanned, matched)
    const crossing = all.findIndex(({ end }) => end > settled)
    if (crossing < 0) {
      this.#found = []
      return { settled, found: all }
    }
    settled = Math.min(settled, (all[crossing] as Detection).start)
    // What is kept is as it was found: what comes may still join it.
    this.#found = this.#found.filter(({ start }) => start >= settled)
    return { settled, found: all.slice(0, crossing) }
  }

  /** Of the bytes before, so many are not there any more. */
  moved(by: number): void {
    this.#scanner.moved(by)
    this.#own.moved(by)
    this.#found = this.#found.map(({ start, end, detector }) => ({ start: start - by, end: end - by, detector }))
  }
}

/**
 * Everything that the detectors find in a text, in order and apart. Where two overlap, the one that begins first stands for both.
 * Linear in the length of the text; never throws, whatever the bytes.
 *
 * @param bytes UTF-8, or anything else: what is not ASCII ends a word
 */
export function detect(bytes: Uint8Array, wanted: Detectors): readonly Detection[] {
  const window: Window = { bytes, end: bytes.length, whole: true }
  if (wanted.own.length === 0) {
    if (holdsNothing(bytes)) return NOTHING
    let found: Detection[] | undefined
    wanted.whole.reset()
    // The built-in ones are in order, and apart.
    wanted.whole.advance(window, (each) => {
      if (found) found.push(each)
      else found = [each]
    })
    return found ?? NOTHING
  }
  return new Finder(wanted).advance(window).found
}

const NOTHING: readonly Detection[] = Object.freeze([])
