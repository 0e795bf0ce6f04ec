import type { MaskCount, MaskOperator } from '../operations/index.ts'
import type { BodyMasking } from './body-masking.ts'
import type { Findings } from './found.ts'
import { maskText } from './operators.ts'
import { DetectorStream, type Settled } from './stream.ts'

const ASTERISK = 0x2a
/** Characters that `partial` leaves, behind asterisks. */
const KEPT = 4

/** Counted beside the detectors: bytes that went on because they could not be held any longer. */
export const LET_THROUGH = 'let-through'

/**
 * Masks what detectors find in a text that comes in pieces: logs, what a program writes. As many bytes go out as came in, so that nothing that
 * counts them is put out; what stands for a find is cut or filled up with asterisks.
 */
export class TextMasking implements BodyMasking {
  readonly keepsLength = true
  readonly #stream: DetectorStream
  readonly #findings: Findings
  readonly #key: Uint8Array | undefined
  readonly #found = new Map<string, number>()

  /**
   * @param key of the operator `hash`
   * @param longestHold how long the beginning of a find may be held back, ms
   */
  constructor(findings: Findings, key: Uint8Array | undefined, longestHold: number) {
    this.#stream = new DetectorStream(findings.detectors, longestHold)
    this.#findings = findings
    this.#key = key
  }

  /** When `expire` is to be called, by the clock of `push`, ms; undefined: nothing is held. */
  get deadline(): number | undefined {
    return this.#stream.deadline
  }

  /** @param now ms, of any clock that does not go back @returns what may go on: behind this are the bytes that are held */
  push(chunk: Uint8Array, now: number): Uint8Array {
    return this.#masked(this.#stream.push(chunk, now))
  }

  /** Lets go on what has been held until its deadline; nothing before that. @param now as for `push` */
  expire(now: number): Uint8Array {
    return this.#masked(this.#stream.expire(now))
  }

  /** Nothing more comes: everything goes on. */
  end(): Uint8Array {
    return this.#masked(this.#stream.end())
  }

  /** Finds so far by mask and detector, and bytes that went on unlooked at. */
  counts(): readonly MaskCount[] {
    const { masks } = this.#findings
    const found = [...this.#found].map(([detector, count]): MaskCount => [masks.get(detector)?.name ?? '', detector, count])
    const { letThrough } = this.#stream
    return letThrough === 0 ? found : [...found, [masks.values().next().value?.name ?? '', LET_THROUGH, letThrough]]
  }

  #masked({ bytes, found }: Settled): Uint8Array {
    if (found.length === 0) return bytes
    const masked = Uint8Array.from(bytes)
    for (const { start, end, detector } of found) {
      this.#found.set(detector, (this.#found.get(detector) ?? 0) + 1)
      masked.set(sameLength(bytes.subarray(start, end), detector, this.#findings.masks.get(detector)?.as ?? 'null', this.#key), start)
    }
    return masked
  }
}

/** What stands for a find, in as many bytes as it had. */
function sameLength(text: Uint8Array, detector: string, as: MaskOperator, key: Uint8Array | undefined): Uint8Array {
  const filled = Buffer.alloc(text.length, ASTERISK)
  if (as === 'partial') {
    const kept = maskText(text, as, key)?.subarray(KEPT) ?? filled
    filled.set(kept.subarray(0, text.length), text.length - kept.length)
    return filled
  }
  const shown = as === 'redact' ? Buffer.from(`[${detector}]`) : maskText(text, as, key)
  // A name that is cut would look like a value.
  if (shown === null || (as === 'redact' && shown.length > text.length)) return filled
  filled.set(shown.subarray(0, text.length))
  return filled
}
