import type { Mask } from '../operations/index.ts'
import type { Rule } from './rule.ts'

/** One mask, as the configuration states it, and about whom it is. An absent selector matches everything. */
export interface MaskRule {
  readonly mask: Mask
  readonly who?: NonNullable<Rule['who']>
  /** Who sees what it covers all the same. */
  readonly except?: NonNullable<Rule['who']>
  readonly on?: NonNullable<Rule['on']>
}

export type MaskSelector = 'who.kind' | 'who.groups' | 'except' | 'on.resources' | 'on.tags'
