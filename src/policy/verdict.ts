import type { Decision } from '../operations/index.ts'
import type { Rule } from './rule.ts'

const strength = { deny: 2, ask: 1, allow: 0 } as const

/**
 * What rules that match say together: deny overrides ask overrides allow; nothing is deny.
 *
 * @param matching in the order of the configuration
 * @returns a frozen decision that names every rule of the effect that won, first the one whose `say` it carries where one has it
 */
export function verdictOf(matching: readonly Rule[], policy: string): Decision {
  let effect: Decision['effect'] = 'deny'
  if (matching.length > 0) {
    effect = matching.reduce<Decision['effect']>((won, rule) => (strength[rule.effect] > strength[won] ? rule.effect : won), 'allow')
  }
  const spoke = matching.filter((rule) => rule.effect === effect)
  const say = spoke.find((rule) => rule.say !== undefined)?.say
  return Object.freeze({ effect, rules: Object.freeze(spoke.map(({ name }) => name)), policy, ...(say !== undefined && { say }) })
}
