import type { Decision, Facts } from '../operations/index.ts'
import { nothingKnown } from './judge.ts'
import type { CoveringRule } from './prepared-rule.ts'
import type { Standing } from './standing.ts'

/** An operation of the past, as far as it was recorded. */
export interface PastOperation {
  /** Absent where nothing was known of it then; what was known and not recorded is `unrecorded`. */
  readonly facts: Facts | undefined
  /** Bytes of its text; undefined where they were not recorded. */
  readonly bytes: number | undefined
  /** Facts that were perhaps known then and were not recorded, as conditions name them: `run.url`, `sql.transaction`. */
  readonly unrecorded: ReadonlySet<string>
}

/** What would have to be known to say what a policy decides: facts as conditions name them, or `statement.bytes`. */
export interface CannotBeTold {
  readonly needs: readonly string[]
}

/**
 * Facts that were not recorded and that the conditions of rules ask for which could be about an operation: whoever guessed them would guess the
 * answer. A rule that misses for another reason needs nothing.
 */
export function neededFacts(standing: Standing, known: Facts | undefined, unrecorded: ReadonlySet<string>): string[] {
  const { against, permitting, kind } = standing
  const facts = known ?? nothingKnown(kind)
  if (unrecorded.size === 0) return []
  const needs = new Set<string>()
  const look = ({ condition, coverage }: CoveringRule, covers: 'concerns' | 'permits') => {
    if (condition === undefined || !facts.effects.some(coverage[covers])) return
    for (const fact of condition.facts) {
      // A condition may take a variable as a whole.
      for (const missing of unrecorded) if (missing === fact || missing.startsWith(`${fact}.`)) needs.add(missing)
    }
  }
  for (const prepared of against) look(prepared, 'concerns')
  for (const prepared of permitting) look(prepared, 'permits')
  return [...needs].sort()
}

/**
 * @param decide the answer for a text of so many bytes
 * @param sizes between two of these the size makes no difference
 * @returns the answer that all texts get; undefined where they get different ones
 */
export function decisionOfAnySize(decide: (bytes: number) => Decision, sizes: readonly number[]): Decision | undefined {
  const decisions = new Set([0, ...sizes.filter(Number.isFinite).map((size) => size + 1)].map(decide))
  const [only] = decisions
  return decisions.size === 1 ? only : undefined
}
