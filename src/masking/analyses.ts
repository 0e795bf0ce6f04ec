import type { Detection } from './detector.ts'

/** In front of what an analyzer calls a thing, where a mask or a count names it: `presidio/PERSON`. */
export const ANALYZED = 'presidio/'
/** Counted of texts that the analyzer did not answer about. */
export const UNANSWERED = `${ANALYZED}unanswered`
/** Counted of texts that it cannot be asked about: nothing of them is shown. */
export const NOT_ASKED = `${ANALYZED}not-asked`

/** Somebody who finds in texts what no pattern does, and is shown them for that. */
export interface TextAnalyzer {
  /** Whether texts without an answer are shown (and counted), or end what they are of. */
  readonly whenSilent: 'fail' | 'pass'
  /**
   * What is in each of these texts, in their order; places are within the text. Bounded in time, and never rejects.
   * @param texts UTF-8 @param entities what is looked for @param signal nobody waits any more
   * @returns undefined for a text without an answer
   */
  analyze(
    texts: readonly Uint8Array[],
    entities: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly Detection[] | undefined)[]>
}

const ENTITY = /^[A-Z][A-Z0-9_]{0,63}$/

/** What an analyzer is asked for, as it calls it. @returns undefined where the detector is none of an analyzer */
export function analyzedEntity(detector: string): string | undefined {
  if (!detector.startsWith(ANALYZED)) return undefined
  const entity = detector.slice(ANALYZED.length)
  return ENTITY.test(entity) ? entity : undefined
}

/**
 * What is known of a text: places in its bytes, within it; they may overlap. `unanswered`: nobody knows, and it may be shown all the same; `failed`: nobody
 * knows; `not-asked`: it cannot be asked about. Nothing is shown of the last two.
 */
export type Analyzed = readonly Detection[] | 'unanswered' | 'failed' | 'not-asked'

/** Answers of an analyzer that are there: whoever masks does not wait. */
export interface Analyses {
  /** @param text UTF-8, not empty */
  of(text: Uint8Array): Analyzed
}

/**
 * What the analyzer says of a text, as places in it: a text of which nothing is to be shown is one place, and one without an answer that is shown
 * is an empty one.
 *
 * @param analyses undefined: there is nobody to ask
 */
export function placesSaid(text: Uint8Array, analyses: Analyses | undefined): readonly Detection[] {
  if (text.length === 0) return []
  const said = analyses?.of(text) ?? 'not-asked'
  switch (said) {
    case 'unanswered':
      return [{ start: 0, end: 0, detector: UNANSWERED }]
    case 'failed':
      return [{ start: 0, end: text.length, detector: UNANSWERED }]
    case 'not-asked':
      return [{ start: 0, end: text.length, detector: NOT_ASKED }]
    default:
      return said
  }
}
