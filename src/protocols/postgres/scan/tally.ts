import { type Detector, type Detectors, detect, detectInJson } from '../../../masking/index.ts'
import type { WorthReading } from './worth-reading.ts'

/** Counts what detectors find in values of one column; keeps no value. */
export class Tally {
  readonly #as: WorthReading['as']
  readonly #detectors: Detectors
  readonly #found = new Map<Detector, number>()
  /** Values that were neither NULL nor empty. */
  values = 0

  constructor(as: WorthReading['as'], detectors: Detectors) {
    this.#as = as
    this.#detectors = detectors
  }

  /** @param value as the target writes it, cut off somewhere where it is long */
  add(value: string | null): void {
    if (value === null || value === '') return
    this.values += 1
    const bytes = Buffer.from(value)
    // What was cut within a string is not JSON any more: it is a text like any other.
    const detections = (this.#as === 'json' ? detectInJson(bytes, this.#detectors) : undefined) ?? detect(bytes, this.#detectors)
    const each = new Set(detections.map(({ detector }) => detector as Detector))
    for (const detector of each) this.#found.set(detector, (this.#found.get(detector) ?? 0) + 1)
  }

  get found(): Partial<Record<Detector, number>> {
    return Object.fromEntries(this.#found)
  }
}
