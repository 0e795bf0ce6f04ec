import { byKind, type Decision, type Effect, type Facts, type OperationLimits, PLANES, type Resource } from '../operations/index.ts'
import { Situation } from './condition/condition.ts'
import type { CoveringRule, PreparedRule } from './prepared-rule.ts'
import type { Standing } from './standing.ts'

/** What is decided of one operation, before it is made into a `Decision`. */
export interface Judgement {
  readonly effect: Decision['effect']
  /** Those that spoke, in the order of the configuration. */
  readonly spoke: readonly CoveringRule[]
  readonly limits: OperationLimits | undefined
  /** Some rule asked for the time: a moment later the answer may be another. */
  readonly timed: boolean
}

/** What an operation is of which nothing is known. */
export const nothingKnown = (kind: Resource['kind']): Facts => NOTHING_KNOWN[kind]

const NOTHING_KNOWN = byKind((kind): Facts => ({ effects: [PLANES[kind].unknown] }))
/** An operation that does nothing asks for no more than to be connected. */
const NOTHING_DONE: readonly Effect[] = [{ class: 'session', action: 'empty query' }]

/**
 * Deny over ask over allow, and every effect must be permitted by a rule that allows or asks. `session` comes with any of these, and what a plane
 * says that comes with a class with those that permit something of it. A
 * condition that cannot be answered permits nothing; where it would deny or ask, it denies.
 *
 * @param bytes of the statement's text
 * @param now milliseconds since the epoch
 */
export function judge(standing: Standing, facts: Facts = nothingKnown(standing.kind), bytes: number, now: number): Judgement {
  const effects = facts.effects.length === 0 ? NOTHING_DONE : facts.effects
  let situation: Situation | undefined
  let timed = false
  const ask = ({ condition, timed: asksForTime }: PreparedRule): boolean | Error => {
    if (condition === undefined) return true
    timed ||= asksForTime
    situation ??= new Situation(standing.surroundings, facts, now)
    return condition.ask(situation)
  }

  const denied: CoveringRule[] = []
  const asked: CoveringRule[] = []
  for (const prepared of standing.against) {
    if (!effects.some(prepared.coverage.concerns)) continue
    const said = ask(prepared)
    if (said === false) continue
    if (said !== true || prepared.rule.effect === 'deny') denied.push(prepared)
    else asked.push(prepared)
  }
  if (denied.length > 0) return { effect: 'deny', spoke: denied, limits: undefined, timed }

  const permits: CoveringRule[] = []
  const open = new Set(effects)
  for (const prepared of standing.permitting) {
    const { rule, coverage } = prepared
    if (!effects.some(coverage.permits)) continue
    if (isTooLong(prepared, bytes)) continue
    if (rule.effect === 'ask' ? !asked.includes(prepared) : ask(prepared) !== true) continue
    permits.push(prepared)
    for (const effect of effects) if (coverage.permits(effect)) open.delete(effect)
  }
  const grace = open.size > 0 ? standing.grace.filter((prepared) => !isTooLong(prepared, bytes)) : []
  const bySession = grace.length > 0 && [...open].every((effect) => comesAlong(standing, effect))
  if (open.size > 0 && !bySession) return { effect: 'deny', spoke: [], limits: undefined, timed }
  if (asked.length > 0) return { effect: 'ask', spoke: asked, limits: limitsOf(permits), timed }
  if (permits.length > 0) return { effect: 'allow', spoke: permits, limits: limitsOf(permits), timed }
  // Only the time counts: a limit of rows is meant for data, and would cut off what drivers read of the catalog.
  return { effect: 'allow', spoke: grace, limits: limitsOf(grace, ['time']), timed }
}

/** Whether an effect is permitted with others, where any of those could be. */
export function comesAlong({ kind, permitting }: Standing, effect: Effect): boolean {
  const companion = PLANES[kind].comesWith?.get(effect.class)
  return effect.class === 'session' || (companion !== undefined && permitting.some(({ coverage }) => coverage.permitted.has(companion)))
}

/** Whether a rule does not permit a statement of so many bytes. */
export const isTooLong = ({ rule }: PreparedRule, bytes: number) => bytes > (rule.limits?.statementBytes ?? Number.POSITIVE_INFINITY)

const LIMITS = ['rows', 'bytes', 'time'] as const

/** The smallest of each. */
function limitsOf(rules: readonly PreparedRule[], names: readonly (keyof OperationLimits)[] = LIMITS): OperationLimits | undefined {
  const limits: { -readonly [name in keyof OperationLimits]: number } = {}
  for (const { rule } of rules) {
    for (const name of names) {
      const value = rule.limits?.[name]
      if (value !== undefined) limits[name] = Math.min(value, limits[name] ?? value)
    }
  }
  return Object.keys(limits).length > 0 ? limits : undefined
}
