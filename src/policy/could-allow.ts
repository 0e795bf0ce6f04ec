import type { Facts } from '../operations/index.ts'
import { Situation } from './condition/condition.ts'
import { comesAlong } from './judge.ts'
import type { PreparedRule } from './prepared-rule.ts'
import type { Standing } from './standing.ts'

/**
 * Whether something of which only this is known could be permitted, with or without asking a person, whatever else turns out: every effect is covered
 * by a rule that allows or asks and whose condition is true or cannot be told yet, and no rule denies it whatever turns out.
 *
 * What could be permitted may still be refused, once all of it is known; what could not be never is.
 *
 * @param now milliseconds since the epoch
 */
export function couldAllow(standing: Standing, facts: Facts, now: number): boolean {
  const situation = new Situation(standing.surroundings, facts, now)
  const said = ({ condition }: PreparedRule): boolean | Error => (condition === undefined ? true : condition.ask(situation))
  const { effects } = facts
  const denied = standing.against.some((each) => each.rule.effect === 'deny' && effects.some(each.coverage.concerns) && said(each) === true)
  if (denied) return false
  const could = standing.permitting.filter((each) => effects.some(each.coverage.permits) && said(each) !== false)
  return effects.every(
    (effect) => could.some(({ coverage }) => coverage.permits(effect)) || (standing.grace.length > 0 && comesAlong(standing, effect)),
  )
}
