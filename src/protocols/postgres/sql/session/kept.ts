import type { Facts } from '../../../../operations/index.ts'
import { UNPARSED } from '../opaque.ts'
import type { Understood } from '../sql-session.ts'
import type { StatementFacts } from '../statement-facts.ts'
import type { Meaning } from './meanings.ts'

/** One text that was understood, with what it takes to understand it anew. */
export interface Kept extends Understood {
  /** The text, one character per byte; undefined where it may not be read anew. */
  readonly text: string | undefined
  /** By what it was understood. */
  readonly meaning: Meaning | undefined
  /** It runs something by its name: its own facts are not all. */
  readonly named: boolean
  /** Names in it were found nowhere. */
  readonly missing: boolean
}

const OPAQUE: Facts = { effects: UNPARSED.effects }

/** A text that could not be understood, or not be read as it may stand. */
export const NOT_UNDERSTOOD: Kept = {
  facts: OPAQUE,
  statements: [UNPARSED],
  text: undefined,
  meaning: undefined,
  named: false,
  missing: false,
}

/** A text that is not passed on. @param refusal one sentence that holds nothing of it */
export function refusedText(refusal: string): Kept {
  return { ...NOT_UNDERSTOOD, refusal }
}

/** Whether what is not known of this statement could be because the catalog is old. */
export function isMissing({ effects, sql }: StatementFacts): boolean {
  return (!sql.reads || !sql.writes) && !effects.some((effect) => effect.class === 'opaque')
}
