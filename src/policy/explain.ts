import type { Decision, Effect, Facts } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { Situation } from './condition/condition.ts'
import type { MaskExplanation } from './explain-masks.ts'
import { isTooLong, nothingKnown } from './judge.ts'
import type { PreparedRule } from './prepared-rule.ts'
import type { Rule } from './rule.ts'
import { isInForce, selectsPrincipal, selectsResource } from './selectors.ts'
import type { Standing } from './standing.ts'

/** What one rule says of one operation. */
export interface RuleExplanation {
  readonly name: string
  readonly effect: Rule['effect']
  /** Whether it says something of this operation. Of an allow that may be only part of it: see `permits`. */
  readonly matches: boolean
  /** What keeps it from saying something, all of it. */
  readonly misses: readonly Selector[]
  /** Where there is a condition and nothing else misses: what it said, or why it could not. */
  readonly when?: { readonly said: boolean } | { readonly failed: string }
  /** The effects of the operation that it permits; of a deny, none. `session` comes with a rule also where nothing else of it matches. */
  readonly permits: readonly Effect[]
  /** Whether the decision is this rule's. A rule may match and be overridden. */
  readonly decides: boolean
}

export type Selector = 'who.kind' | 'who.groups' | 'on.resources' | 'on.tags' | 'do' | 'when' | 'limits.statementBytes' | 'until'

export interface Explanation {
  readonly decision: Decision
  readonly rules: readonly RuleExplanation[]
  /** Effects that no rule permits: where there is one, the answer is deny. */
  readonly unpermitted: readonly Effect[]
  /** Every mask, in the order of the configuration. Absent where there are none. */
  readonly masks?: readonly MaskExplanation[]
}

/** Judges every rule on its own, without index or cache, all of its parts. */
export function explainRules(
  rules: readonly PreparedRule[],
  standing: Standing,
  asker: Asker,
  facts: Facts = nothingKnown(standing.kind),
  bytes: number,
  now: number,
  decision: Decision,
): Explanation {
  const situation = new Situation(standing.surroundings, facts, now)
  const explained = rules.map((prepared): RuleExplanation => {
    const misses = missesOf(prepared, asker, facts, bytes, now)
    const said = misses.length > 0 || prepared.condition === undefined ? true : prepared.condition.ask(situation)
    const { effect, name } = prepared.rule
    // A condition that cannot be answered speaks where it denies or asks, and then it denies.
    const speaks = said === true || (said !== false && effect !== 'allow')
    const matches = misses.length === 0 && speaks
    return {
      name,
      effect,
      matches,
      misses: speaks ? misses : [...misses, 'when'],
      ...(misses.length === 0 && prepared.condition && { when: typeof said === 'boolean' ? { said } : { failed: firstLine(said) } }),
      permits: permittedBy(prepared, matches && said === true && effect !== 'deny', standing, facts, bytes),
      decides: decision.rules.includes(name),
    }
  })
  return {
    decision,
    rules: explained,
    unpermitted: facts.effects.filter((effect) => !explained.some(({ permits }) => permits.includes(effect))),
  }
}

/** The engine draws where an error was below the first line. */
const firstLine = ({ message }: Error) => message.split('\n', 1)[0] ?? ''

function permittedBy(prepared: PreparedRule, matches: boolean, { grace }: Standing, { effects }: Facts, bytes: number): readonly Effect[] {
  const bySession = grace.some(({ position }) => position === prepared.position) && !isTooLong(prepared, bytes)
  return effects.filter((effect) => (matches && prepared.coverage?.permits(effect) === true) || (bySession && effect.class === 'session'))
}

function missesOf(prepared: PreparedRule, asker: Asker, facts: Facts, bytes: number, now: number): Selector[] {
  const { rule, coverage } = prepared
  const misses: Selector[] = []
  const { who, on } = rule
  if (who?.kind !== undefined && !selectsPrincipal({ who: { kind: who.kind } }, asker.principal)) misses.push('who.kind')
  if (who?.groups !== undefined && !selectsPrincipal({ who: { groups: who.groups } }, asker.principal)) misses.push('who.groups')
  if (on?.resources !== undefined && !selectsResource({ on: { resources: on.resources } }, asker.resource)) misses.push('on.resources')
  if (on?.tags !== undefined && !selectsResource({ on: { tags: on.tags } }, asker.resource)) misses.push('on.tags')
  const about = rule.effect === 'allow' ? coverage?.permits : coverage?.concerns
  if (about === undefined || !facts.effects.some(about)) misses.push('do')
  if (isTooLong(prepared, bytes)) misses.push('limits.statementBytes')
  if (!isInForce(rule, now)) misses.push('until')
  return misses
}
