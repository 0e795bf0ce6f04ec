import { StringDecoder } from 'node:string_decoder'
import { DetectorStream, everyString, type Findings, JsonRewriter, MaskingError, maskText, type Settled } from '../../../masking/index.ts'
import type { Finds, MaskedStrings } from './mask-string.ts'

/**
 * The beginning of a find is held back so long at most, ms. Tokens come some 10 to 100 ms apart, and an address is ten of them: what is long enough for a
 * log is not for a model. A reader sees the end of a word later where the model stops in the middle of one, and nothing else.
 */
const LONGEST_HOLD = 2_000
const HIDDEN = Buffer.from('[masked]')
const HIGH_SURROGATE = /[\ud800-\udbff]$/

/** A text that comes in pieces, masked. */
export interface MaskedPieces {
  /** When `expire` is to be called, by the clock of `push`, ms; undefined: nothing is held for a time. */
  readonly deadline: number | undefined
  /** Bytes that went on because they could not be held any longer. */
  readonly letThrough: number
  /** @param now ms, of any clock that does not go back. @returns what may go on */
  push(text: string, now: number): string
  expire(now: number): string
  end(): string
}

/** Prose: held back is what may be the beginning of a find, and no longer than for a moment. */
export class MaskedProse implements MaskedPieces {
  readonly #stream: DetectorStream
  readonly #findings: Findings
  readonly #key: Uint8Array | undefined
  readonly #found: Finds
  readonly #decoder = new StringDecoder('utf8')
  /** Half of a character. */
  #half = ''

  constructor(findings: Findings, key: Uint8Array | undefined, found: Finds) {
    this.#stream = new DetectorStream(findings.detectors, LONGEST_HOLD)
    this.#findings = findings
    this.#key = key
    this.#found = found
  }

  get deadline(): number | undefined {
    return this.#stream.deadline
  }

  get letThrough(): number {
    return this.#stream.letThrough
  }

  push(text: string, now: number): string {
    const whole = this.#half + text
    this.#half = HIGH_SURROGATE.test(whole) ? whole.slice(-1) : ''
    return this.#masked(this.#stream.push(Buffer.from(this.#half === '' ? whole : whole.slice(0, -1)), now))
  }

  expire(now: number): string {
    return this.#masked(this.#stream.expire(now))
  }

  end(): string {
    const rest = this.#half === '' ? '' : this.#masked(this.#stream.push(Buffer.from(this.#half), 0))
    this.#half = ''
    return rest + this.#masked(this.#stream.end()) + this.#decoder.end()
  }

  #masked({ bytes, found }: Settled): string {
    if (found.length === 0) return this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const pieces: Uint8Array[] = []
    let from = 0
    for (const { start, end, detector } of found) {
      this.#found(detector)
      pieces.push(bytes.subarray(from, start), this.#standsFor(detector, bytes.subarray(start, end)))
      from = end
    }
    pieces.push(bytes.subarray(from))
    return this.#decoder.write(Buffer.concat(pieces))
  }

  #standsFor(detector: string, text: Uint8Array): Uint8Array {
    const as = this.#findings.masks.get(detector)?.as ?? 'null'
    return as === 'redact' ? Buffer.from(`[${detector}]`) : (maskText(text, as, this.#key) ?? HIDDEN)
  }
}

/**
 * JSON, such as what a tool is called with: each of its strings is held until it is over, so that it stays JSON. What is none any more is not shown: no
 * client could have read it.
 */
export class MaskedArguments implements MaskedPieces {
  readonly deadline = undefined
  readonly letThrough = 0
  readonly #rewriter: JsonRewriter
  readonly #decoder = new StringDecoder('utf8')
  #half = ''
  #isOver = false

  constructor(strings: MaskedStrings) {
    this.#rewriter = new JsonRewriter(everyString((token, name) => strings.text(token, name)))
  }

  push(text: string): string {
    const whole = this.#half + text
    this.#half = HIGH_SURROGATE.test(whole) ? whole.slice(-1) : ''
    const piece = Buffer.from(this.#half === '' ? whole : whole.slice(0, -1))
    return this.#shown(() => this.#rewriter.push(piece))
  }

  expire(): string {
    return ''
  }

  end(): string {
    return this.#shown(() => this.#rewriter.end())
  }

  #shown(make: () => Uint8Array): string {
    if (this.#isOver) return ''
    try {
      const bytes = make()
      return this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    } catch (error) {
      if (!(error instanceof MaskingError)) throw error
      this.#isOver = true
      return ''
    }
  }
}
