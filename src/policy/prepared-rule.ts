import { byKind, PLANE_KINDS, PLANES, type Resource } from '../operations/index.ts'
import { type Condition, compileCondition } from './condition/condition.ts'
import { type Coverage, coverageOf, kindsOf } from './coverage.ts'
import { RuleError } from './errors.ts'
import type { Rule } from './rule.ts'

/** A rule with everything read that it holds, as it is at resources of one kind. */
export interface PreparedRule {
  readonly rule: Rule
  /** Its place in the configuration. */
  readonly position: number
  /** Undefined where the rule is not about such resources. */
  readonly coverage: Coverage | undefined
  readonly condition?: Condition
  /** Whether its condition may say something else of the same facts a moment later. */
  readonly timed: boolean
}

/** A rule that is about resources of a kind. */
export type CoveringRule = PreparedRule & { readonly coverage: Coverage }

/** @throws RuleError where its condition cannot be used, or its `do` names what does not exist */
export function prepareRule(rule: Rule, position: number): Readonly<Record<Resource['kind'], PreparedRule>> {
  const condition = rule.when === undefined ? undefined : compileCondition(rule.when)
  if (condition) judgeFacts(condition, rule.do)
  const timed = condition?.facts.has('now') ?? false
  const at = (kind: Resource['kind']) => ({ rule, position, coverage: coverageOf(kind, rule.do), ...(condition && { condition }), timed })
  return byKind(at)
}

/**
 * A condition may use what is known of operations at one kind of resource only in a rule that is about nothing else: anywhere else it could
 * never be answered, and a rule that denies would deny everything there.
 *
 * @param items the rule's `do`
 * @throws RuleError
 */
export function judgeFacts({ facts }: Pick<Condition, 'facts'>, items: readonly string[] | undefined): void {
  const kinds = kindsOf(items)
  for (const kind of PLANE_KINDS) {
    const { facts: variable, title } = PLANES[kind]
    const used = [...facts].some((fact) => fact === variable || fact.startsWith(`${variable}.`))
    if (!used || (kinds.length === 1 && kinds[0] === kind)) continue
    throw new RuleError(
      `A condition with facts of ${title} needs a do that says that the rule is about ${title} alone.`,
      `Write for example do: [${kind}.*], and another rule for the rest.`,
    )
  }
}
