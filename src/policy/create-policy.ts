import {
  byKind,
  type Decision,
  type Facts,
  type Mask,
  maskedColumns,
  type Operation,
  PLANES,
  type Statement,
  touchedColumn,
} from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { couldAllow } from './could-allow.ts'
import { digestOf } from './digest.ts'
import { type Explanation, explainRules } from './explain.ts'
import { explainMasks } from './explain-masks.ts'
import { type Judgement, judge } from './judge.ts'
import type { MaskRule } from './mask-rule.ts'
import { databaseOf, maskedUse } from './masked-use.ts'
import { MasksInForce } from './masks-in-force.ts'
import type { GlobalLimits, Policy } from './policy.ts'
import { prepareRule } from './prepared-rule.ts'
import { type CannotBeTold, decisionOfAnySize, neededFacts, type PastOperation } from './rejudge.ts'
import type { Rule } from './rule.ts'
import { indexRules } from './rule-index.ts'
import { type Standing, standingOf } from './standing.ts'
import { decisionsUnder, refusalsUnder } from './verdict.ts'

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
  readonly masks: readonly Mask[] | undefined
  readonly database: string | undefined
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
 * @param masks as configured
 * @throws RuleError where a rule's condition cannot be used, or its `do` names what does not exist
 */
export function createPolicy(rules: readonly Rule[], limits: GlobalLimits = {}, masks: readonly MaskRule[] = []): ExplainingPolicy {
  const digest = digestOf(rules, limits, masks)
  const prepared = rules.map(prepareRule)
  const index = byKind((kind) => indexRules(prepared.map((rule) => rule[kind])))
  const about = ({ principal, resource }: Asker) => index[resource.kind].about(principal, resource)
  const decisionOf = decisionsUnder(digest, limits)
  const refusedBy = refusalsUnder(digest)
  const masksInForce = new MasksInForce(masks)
  const known = new WeakMap<Asker, Answered>()
  const longest = limits.statementBytes ?? Number.POSITIVE_INFINITY
  /** Of a statement: what a request may be its protocol says. */
  const isTooLongHere = ({ kind }: Standing, bytes: number) => bytes > longest && PLANES[kind].operation === 'statement'
  const tooLong: Decision = Object.freeze({ effect: 'deny', rules: Object.freeze([]), policy: digest, exceeds: 'statementBytes' })

  const answered = (asker: Asker, now: number): Answered => {
    const before = known.get(asker)
    if (before !== undefined && now >= before.standing.from && now < before.standing.to) return before
    const standing = standingOf(asker, about(asker), now)
    const spans = standing.sizes.length + 1
    const masked = { masks: masksInForce.about(asker), database: databaseOf(asker) }
    const fresh = { standing, ...masked, byFacts: Array.from({ length: spans }, () => new WeakMap()), blind: new Array(spans) }
    known.set(asker, fresh)
    return fresh
  }

  /** What masks make of a judgement: they take back what rules permit, never the other way round. */
  const masked = (
    { standing, masks: holding, database }: Pick<Answered, 'standing' | 'masks' | 'database'>,
    judgement: Judgement,
    facts: Facts | undefined,
  ): Decision => {
    const refused = holding && judgement.effect !== 'deny' ? maskedUse(holding, facts, database, standing.kind) : undefined
    return refused ? refusedBy(refused) : decisionOf(judgement, holding)
  }

  const decide = (asker: Asker, facts: Facts | undefined, bytes: number, now: number): Decision => {
    const from = answered(asker, now)
    if (isTooLongHere(from.standing, bytes)) return tooLong
    const { standing, byFacts, blind } = from
    const span = spanOf(standing.sizes, bytes)
    const kept = facts === undefined ? blind[span] : byFacts[span]?.get(facts)
    if (kept !== undefined) return kept
    const judgement = judge(standing, facts, bytes, now)
    const decision = masked(from, judgement, facts)
    if (judgement.timed) return decision
    if (facts === undefined) blind[span] = decision
    else byFacts[span]?.set(facts, decision)
    return decision
  }

  return {
    digest,
    asks: rules.some(({ effect }) => effect === 'ask'),
    usesTransaction: prepared.some(({ postgres }) => postgres.condition?.facts.has('sql.transaction')),
    decide: (asker, { facts, statement }, now) => decide(asker, facts, sizeOf(statement), now),
    withoutRules: (asker, { facts, statement }, now) => {
      const from = answered(asker, now)
      return isTooLongHere(from.standing, sizeOf(statement)) ? tooLong : masked(from, NO_RULE, facts)
    },
    rejudge: (asker, { facts, bytes, unrecorded }, now) => {
      const { standing } = answered(asker, now)
      const needs = neededFacts(standing, facts, unrecorded)
      if (needs.length > 0) return { needs }
      const of = (size: number) => decide(asker, facts, size, now)
      const decision = bytes === undefined ? decisionOfAnySize(of, [...standing.sizes, longest]) : of(bytes)
      if (decision === undefined) return { needs: ['statement.bytes'] }
      if (decision.masked !== undefined && unrecorded.has('session.database')) return { needs: ['session.database'] }
      const missing = notRecorded(decision, facts)
      return missing === undefined ? decision : { needs: [missing] }
    },
    mayOpen: (asker, now) => answered(asker, now).standing.mayOpen,
    couldPermit: (asker, now) => answered(asker, now).standing.couldPermit,
    couldAllow: (asker, facts, now) => couldAllow(answered(asker, now).standing, facts, now),
    explain: (asker, { facts, statement }, now) => {
      const standing = standingOf(asker, about(asker), now)
      const bytes = sizeOf(statement)
      const holding = { standing, masks: masksInForce.about(asker), database: databaseOf(asker) }
      const decision = isTooLongHere(standing, bytes) ? tooLong : masked(holding, judge(standing, facts, bytes, now), facts)
      const here = prepared.map((at) => at[standing.kind])
      const explained = explainRules(here, standing, asker, facts, bytes, now, decision)
      return masks.length === 0 ? explained : { ...explained, masks: explainMasks(masks, asker, facts, holding.database) }
    },
  }
}

const sizeOf = ({ text, bytes }: Statement) => bytes ?? text.byteLength

const NO_RULE: Judgement = { effect: 'allow', spoke: [], limits: undefined, timed: false }

/** What masks ask for, and earlier versions did not record. */
function notRecorded({ masked, masks }: Decision, facts: Facts | undefined): string | undefined {
  // What was sent is in the record as a request only.
  if (masked === 'unknown' && facts?.k8s !== undefined) return 'k8s.object'
  const columns = facts?.sql?.columns
  if (columns === undefined) return undefined
  if (masked === 'unknown' && columns.sources === undefined) return 'sql.columns.sources'
  if (columns.tests !== undefined) return undefined
  const perhaps = masks?.some((mask) => !mask.predicates && touchedColumn(maskedColumns(mask, undefined), columns.output) !== undefined)
  return perhaps ? 'sql.columns.tests' : undefined
}

/** How many of the limits an operation of this size exceeds. */
function spanOf(sizes: readonly number[], bytes: number): number {
  let span = 0
  for (const size of sizes) if (bytes > size) span += 1
  return span
}
