import { type Detectors, detect, detectInJson } from '../../../masking/index.ts'
import type { WorthReading } from './worth-reading.ts'

/** Different values of a column that an analyzer is asked about. */
const ASKED = 100

/** Counts what detectors find in values of one column; keeps no value but those that are yet to be asked about. */
export class Tally {
  readonly #as: WorthReading['as']
  readonly #detectors: Detectors
  readonly #found = new Map<string, number>()
  readonly #asks: boolean
  readonly #unspoken = new Map<string, number>()
  /** Values that were neither NULL nor empty. */
  values = 0

  /** @param asks whether values in which no detector finds anything are kept until somebody takes them */
  constructor(as: WorthReading['as'], detectors: Detectors, asks: boolean) {
    this.#as = as
    this.#detectors = detectors
    this.#asks = asks
  }

  /** @param value as the target writes it, cut off somewhere where it is long */
  add(value: string | null): void {
    if (value === null || value === '') return
    this.values += 1
    const bytes = Buffer.from(value)
    // What was cut within a string is not JSON any more: it is a text like any other.
    const detections = (this.#as === 'json' ? detectInJson(bytes, this.#detectors) : undefined) ?? detect(bytes, this.#detectors)
    this.count(detections, 1)
    if (!this.#asks || detections.length > 0) return
    const times = this.#unspoken.get(value) ?? 0
    if (times > 0 || this.#unspoken.size < ASKED) this.#unspoken.set(value, times + 1)
  }

  /** @param detections in one value @param times how often it stands there */
  count(detections: readonly { readonly detector: string }[], times: number): void {
    const each = new Set(detections.map(({ detector }) => detector))
    for (const detector of each) this.#found.set(detector, (this.#found.get(detector) ?? 0) + times)
  }

  /** Values in which no detector found anything, and how often each came; they are not kept any longer. */
  takeUnspoken(): readonly (readonly [value: string, times: number])[] {
    const taken = [...this.#unspoken]
    this.#unspoken.clear()
    return taken
  }

  get found(): Record<string, number> {
    return Object.fromEntries(this.#found)
  }
}
