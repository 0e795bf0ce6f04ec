import type { Facts, MaskedUse } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import type { MaskRule, MaskSelector } from './mask-rule.ts'
import { maskedUse } from './masked-use.ts'
import { missesOf } from './masks-in-force.ts'

/** What one mask says of one operation. */
export interface MaskExplanation {
  readonly name: string
  /** Whether it holds for who asks, here. */
  readonly holds: boolean
  /** What keeps it from holding, all of it. */
  readonly misses: readonly MaskSelector[]
  /** Why it refuses the operation, whether or not the rules permit it. */
  readonly refuses?: MaskedUse
}

/** Judges every mask on its own. @param database that the asker is connected to; undefined: not known */
export function explainMasks(
  masks: readonly MaskRule[],
  asker: Asker,
  facts: Facts | undefined,
  database: string | undefined,
): readonly MaskExplanation[] {
  return masks.map((rule) => {
    const misses = missesOf(rule, asker)
    const refuses = misses.length === 0 ? maskedUse([rule.mask], facts, database, asker.resource.kind)?.use : undefined
    return { name: rule.mask.name, holds: misses.length === 0, misses, ...(refuses && { refuses }) }
  })
}
