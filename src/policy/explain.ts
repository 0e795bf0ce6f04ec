import type { Decision, Principal, Resource } from '../operations/index.ts'
import type { Rule } from './rule.ts'
import { isInForce, selectsPrincipal, selectsProtocol, selectsResource } from './selectors.ts'
import { verdictOf } from './verdict.ts'

/** What one rule says of one operation. */
export interface RuleExplanation {
  readonly name: string
  readonly effect: Rule['effect']
  readonly matches: boolean
  /** Which selectors do not match, or that all do; `who.kind`, `who.groups`, `on.resources`, `on.tags`, `do`, `until`. */
  readonly misses: readonly Selector[]
  /** Whether the decision is this rule's. A rule may match and be overridden. */
  readonly decides: boolean
}

export type Selector = 'who.kind' | 'who.groups' | 'on.resources' | 'on.tags' | 'do' | 'until'

export interface Explanation {
  readonly decision: Decision
  readonly rules: readonly RuleExplanation[]
}

/** Judges every rule on its own, without index or cache. */
export function explainRules(
  rules: readonly Rule[],
  digest: string,
  principal: Principal,
  resource: Pick<Resource, 'name' | 'tags'>,
  protocol: Resource['kind'],
  now: number,
): Explanation {
  const judged = rules.map((rule) => ({ rule, misses: missesOf(rule, principal, resource, protocol, now) }))
  const decision = verdictOf(
    judged.filter(({ misses }) => misses.length === 0).map(({ rule }) => rule),
    digest,
  )
  return {
    decision,
    rules: judged.map(({ rule, misses }) => ({
      name: rule.name,
      effect: rule.effect,
      matches: misses.length === 0,
      misses,
      decides: misses.length === 0 && rule.effect === decision.effect,
    })),
  }
}

function missesOf(
  rule: Rule,
  principal: Principal,
  resource: Pick<Resource, 'name' | 'tags'>,
  protocol: Resource['kind'],
  now: number,
): readonly Selector[] {
  const misses: Selector[] = []
  const { who = {}, on = {} } = rule
  if (who.kind !== undefined && !selectsPrincipal({ ...rule, who: { kind: who.kind } }, principal)) misses.push('who.kind')
  if (who.groups !== undefined && !selectsPrincipal({ ...rule, who: { groups: who.groups } }, principal)) misses.push('who.groups')
  if (on.resources !== undefined && !selectsResource({ ...rule, on: { resources: on.resources } }, resource)) misses.push('on.resources')
  if (on.tags !== undefined && !selectsResource({ ...rule, on: { tags: on.tags } }, resource)) misses.push('on.tags')
  if (!selectsProtocol(rule, protocol)) misses.push('do')
  if (!isInForce(rule, now)) misses.push('until')
  return misses
}
