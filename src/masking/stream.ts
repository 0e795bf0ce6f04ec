import type { Detection } from './detector.ts'
import { type Detectors, Finder } from './finder.ts'
import { LOOKS_BACK } from './scanner.ts'

/** Bytes that may go on, and what was found in them. */
export interface Settled {
  readonly bytes: Uint8Array
  /** Places within `bytes`, in order and apart. */
  readonly found: readonly Detection[]
}

/**
 * Detects in what comes in pieces. Held back is only the word that has not ended, or a number whose groups may go on; with patterns of the
 * user's, the line. The finds are those that `detect` makes of the whole, however it is cut, as long as the clock lets nothing through.
 */
export class DetectorStream {
  readonly #finder: Finder
  readonly #longestHold: number
  /** The last bytes that went on, for detectors that look back, and those that are held. */
  #kept: Uint8Array = new Uint8Array(0)
  #held = 0
  #since = 0
  #letThrough = 0

  /** @param longestHold ms */
  constructor(wanted: Detectors, longestHold: number) {
    this.#finder = new Finder(wanted)
    this.#longestHold = longestHold
  }

  /** When what is held has to go on, by the clock that `push` was given, in ms; undefined while nothing is held. */
  get deadline(): number | undefined {
    return this.#held === 0 ? undefined : this.#since + this.#longestHold
  }

  /** Bytes that went on only because of the clock: a match that goes on behind them is not found. */
  get letThrough(): number {
    return this.#letThrough
  }

  /** @param now ms, of any clock that does not go back */
  push(chunk: Uint8Array, now: number): Settled {
    const before = this.#held
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    const settled = this.#advance(bytes, false)
    // Of what is held, all came now, or some of it was held before.
    if (before === 0 || this.#held <= chunk.length) this.#since = now
    return settled
  }

  /** Lets go on what has been held until its deadline; nothing before that. @param now as for `push` */
  expire(now: number): Settled {
    if (this.deadline === undefined || now < this.deadline) return { bytes: new Uint8Array(0), found: [] }
    this.#letThrough += this.#held
    return this.#advance(this.#kept, true)
  }

  /** Nothing more comes. */
  end(): Settled {
    return this.#advance(this.#kept, true)
  }

  #advance(bytes: Uint8Array, whole: boolean): Settled {
    const gone = this.#kept.length - this.#held
    const { settled, found } = this.#finder.advance({ bytes, end: bytes.length, whole })
    const kept = Math.max(0, settled - LOOKS_BACK)
    this.#finder.moved(kept)
    this.#kept = bytes.subarray(kept)
    this.#held = bytes.length - settled
    return {
      bytes: bytes.subarray(gone, settled),
      found: found.map(({ start, end, detector }) => ({ start: start - gone, end: end - gone, detector })),
    }
  }
}
