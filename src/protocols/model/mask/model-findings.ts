import { type Findings, findingsOf } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'

/** What stands for a find under `null`: a conversation has no NULL, and a text that was sent cannot be taken back. */
const NOTHING_SHOWN = { fixed: '[masked]' } as const

/**
 * What masks look for in one direction.
 * @returns undefined where none does. @throws MaskingError GS_MASK_PATTERN
 */
export function modelFindings(masks: readonly Mask[], direction: 'prompt' | 'answer'): Findings | undefined {
  const meant = masks.filter(({ directions }) => directions === undefined || directions.includes(direction))
  return findingsOf(meant.map((mask) => (mask.as === 'null' ? { ...mask, as: NOTHING_SHOWN } : mask)))
}
