import type { Decision, Facts, Operation } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { digestOf } from './digest.ts'
import { type Explanation, explainRules } from './explain.ts'
import { judge } from './judge.ts'
import type { GlobalLimits, Policy } from './policy.ts'
import { prepareRule } from './prepared-rule.ts'
import { type CannotBeTold, decisionOfAnySize, neededFacts, type PastOperation } from './rejudge.ts'
import type { Rule } from './rule.ts'
import { indexRules } from './rule-index.ts'
import { type Standing, standingOf } from './standing.ts'
import { decisionsUnder } from './verdict.ts'

/** A policy that can also say why. */
export interface ExplainingPolicy extends Policy {
  /** Every rule, in the order of the configuration, and why it does or does not speak. @param now milliseconds since the epoch */
  explain(asker: Asker, operation: Pick<Operation, 'facts' | 'statement'>, now: number): Explanation
  /** What it would have decided then; never by a guess of what was not recorded. @param now milliseconds since the epoch */
  rejudge(asker: Asker, operation: PastOperation, now: number): Decision | CannotBeTold
}

/** What was answered while a standing lasts. */
interface Answered {
  readonly standing: Standing
  /** One per span of sizes between which no rule makes a difference: decisions by facts. */
  readonly byFacts: readonly WeakMap<Facts, Decision>[]
  /** Operations of which nothing is known. */
  readonly blind: (Decision | undefined)[]
}

/**
 * Makes a policy of rules. Decisions are frozen, shared, and kept per asker and facts object, so that the repeated question costs two
 * look-ups and no memory; what was kept is dropped with the asker or the facts. Neither may change after it was asked about.
 *
 * @param rules as configured; their order only decides in which order they are named
 * @param limits what holds for every operation whatever the rules say
 * @throws RuleError where a rule's condition cannot be used, or its `do` names what does not exist
 */
export function createPolicy(rules: readonly Rule[], limits: GlobalLimits = {}): ExplainingPolicy {
  const digest = digestOf(rules, limits)
  const prepared = rules.map(prepareRule)
  const index = indexRules(prepared)
  const decisionOf = decisionsUnder(digest, limits)
  const known = new WeakMap<Asker, Answered>()
  const longest = limits.statementBytes ?? Number.POSITIVE_INFINITY
  const tooLong: Decision = Object.freeze({ effect: 'deny', rules: Object.freeze([]), policy: digest, exceeds: 'statementBytes' })

  const answered = (asker: Asker, now: number): Answered => {
    const before = known.get(asker)
    if (before !== undefined && now >= before.standing.from && now < before.standing.to) return before
    const standing = standingOf(asker, index.about(asker.principal, asker.resource), now)
    const spans = standing.sizes.length + 1
    const fresh = { standing, byFacts: Array.from({ length: spans }, () => new WeakMap()), blind: new Array(spans) }
    known.set(asker, fresh)
    return fresh
  }

  const decide = (asker: Asker, facts: Facts | undefined, bytes: number, now: number): Decision => {
    if (bytes > longest) return tooLong
    const { standing, byFacts, blind } = answered(asker, now)
    const span = spanOf(standing.sizes, bytes)
    const kept = facts === undefined ? blind[span] : byFacts[span]?.get(facts)
    if (kept !== undefined) return kept
    const judgement = judge(standing, facts, bytes, now)
    const decision = decisionOf(judgement)
    if (judgement.timed) return decision
    if (facts === undefined) blind[span] = decision
    else byFacts[span]?.set(facts, decision)
    return decision
  }

  return {
    digest,
    asks: rules.some(({ effect }) => effect === 'ask'),
    usesTransaction: prepared.some(({ condition }) => condition?.facts.has('sql.transaction')),
    decide: (asker, { facts, statement }, now) => decide(asker, facts, statement.text.byteLength, now),
    rejudge: (asker, { facts, bytes, unrecorded }, now) => {
      const { standing } = answered(asker, now)
      const needs = neededFacts(standing, facts, unrecorded)
      if (needs.length > 0) return { needs }
      if (bytes !== undefined) return decide(asker, facts, bytes, now)
      const any = decisionOfAnySize((size) => decide(asker, facts, size, now), [...standing.sizes, longest])
      return any ?? { needs: ['statement.bytes'] }
    },
    mayOpen: (asker, now) => answered(asker, now).standing.mayOpen,
    couldPermit: (asker, now) => answered(asker, now).standing.couldPermit,
    explain: (asker, { facts, statement }, now) => {
      const standing = standingOf(asker, index.about(asker.principal, asker.resource), now)
      const bytes = statement.text.byteLength
      return explainRules(
        prepared,
        standing,
        asker,
        facts,
        bytes,
        now,
        bytes > longest ? tooLong : decisionOf(judge(standing, facts, bytes, now)),
      )
    },
  }
}

/** How many of the limits a statement of this size exceeds. */
function spanOf(sizes: readonly number[], bytes: number): number {
  let span = 0
  for (const size of sizes) if (bytes > size) span += 1
  return span
}
