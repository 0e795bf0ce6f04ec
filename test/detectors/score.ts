import { DETECTORS, type Detector, detect, detectors } from '../../src/masking/index.ts'
import type { Labelled } from './corpus.ts'

export interface Score {
  readonly detector: Detector
  /** Texts that hold one. */
  readonly labelled: number
  /** Of these, how many were found from the first to the last byte, a bracket in front aside. */
  readonly right: number
  /** Found where it is not: in a look-alike, beside the label, or in place of another. */
  readonly wrong: number
  readonly precision: number
  readonly recall: number
  /** Kinds of text in which it was found wrongly, the most frequent first. */
  readonly confused: readonly string[]
}

/** Every detector is run on every text: a card in a text about telephones is wrong, too. */
export function score(texts: readonly Labelled[]): readonly Score[] {
  const all = detectors()
  const labelled = new Map<string, number>()
  const right = new Map<string, number>()
  const wrong = new Map<string, Map<string, number>>()
  for (const { text, label, kind } of texts) {
    if (label !== undefined) labelled.set(label.detector, (labelled.get(label.detector) ?? 0) + 1)
    let covered = 0
    for (const { start, end, detector } of detect(text, all)) {
      const inside = label !== undefined && label.detector === detector && start >= label.start && end <= label.end
      if (inside) covered += end - start
      else {
        const kinds = wrong.get(detector) ?? new Map<string, number>()
        wrong.set(detector, kinds.set(kind, (kinds.get(kind) ?? 0) + 1))
      }
    }
    if (label !== undefined && covered > 0 && covered >= least(text, label)) right.set(label.detector, (right.get(label.detector) ?? 0) + 1)
  }
  return DETECTORS.map((detector) => {
    const hits = right.get(detector) ?? 0
    const kinds = [...(wrong.get(detector) ?? [])].sort((a, b) => b[1] - a[1])
    const misses = kinds.reduce((sum, [, count]) => sum + count, 0)
    const total = labelled.get(detector) ?? 0
    const precision = hits + misses === 0 ? 1 : hits / (hits + misses)
    return { detector, labelled: total, right: hits, wrong: misses, precision, recall: hits / total, confused: kinds.map(([kind]) => kind) }
  })
}

/** All of it; of a key, all but its line ends. */
function least(text: Buffer, { detector, start, end }: NonNullable<Labelled['label']>): number {
  if (detector !== 'private-key') return end - start
  return text.toString('latin1', start, end).replaceAll(/\\n|\r|\n/g, '').length
}
