import { type Condition, compileCondition } from './condition/condition.ts'
import { type Coverage, coverageOf } from './coverage.ts'
import { RuleError } from './errors.ts'
import type { Rule } from './rule.ts'

/** A rule with everything read that it holds. */
export interface PreparedRule {
  readonly rule: Rule
  /** Its place in the configuration. */
  readonly position: number
  readonly coverage: Coverage
  readonly condition?: Condition
  /** Whether its condition may say something else of the same facts a moment later. */
  readonly timed: boolean
}

/** @throws RuleError where its condition cannot be used, or its `do` names what does not exist */
export function prepareRule(rule: Rule, position: number): PreparedRule {
  const coverage = coverageOf(rule.do)
  if (rule.when === undefined) return { rule, position, coverage, timed: false }
  const condition = compileCondition(rule.when)
  if (rule.do === undefined && [...condition.facts].some((fact) => fact.startsWith('sql.'))) {
    throw new RuleError(
      'A condition about SQL needs a do that says that the rule is about PostgreSQL.',
      'Write for example do: [postgres.*].',
    )
  }
  return { rule, position, coverage, condition, timed: condition.facts.has('now') }
}
