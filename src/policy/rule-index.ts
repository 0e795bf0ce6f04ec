import type { Principal, Resource } from '../operations/index.ts'
import type { Rule } from './rule.ts'
import { selectsPrincipal, selectsResource } from './selectors.ts'

/** Finds the rules about a principal at a resource without looking at every rule. */
export interface RuleIndex {
  /** In the order of the configuration. `until` and `do` are not judged. */
  about(principal: Pick<Principal, 'kind' | 'groups'>, resource: Pick<Resource, 'name' | 'tags'>): readonly Rule[]
}

/** A rule stands under each of its groups, or with those that are about everybody; candidates are then judged in full. */
export function indexRules(rules: readonly Rule[]): RuleIndex {
  const byGroup = new Map<string, Numbered[]>()
  const aboutEverybody: Numbered[] = []
  for (const [position, rule] of rules.entries()) {
    if (rule.who?.groups === undefined) aboutEverybody.push({ position, rule })
    for (const group of new Set(rule.who?.groups)) {
      const under = byGroup.get(group)
      if (under) under.push({ position, rule })
      else byGroup.set(group, [{ position, rule }])
    }
  }
  return {
    about(principal, resource) {
      const candidates = new Set(aboutEverybody)
      for (const group of principal.groups) for (const candidate of byGroup.get(group) ?? []) candidates.add(candidate)
      const found = new Map<number, Rule>()
      for (const { position, rule } of candidates) {
        if (selectsPrincipal(rule, principal) && selectsResource(rule, resource)) found.set(position, rule)
      }
      return [...found].sort(([a], [b]) => a - b).map(([, rule]) => rule)
    },
  }
}

interface Numbered {
  readonly position: number
  readonly rule: Rule
}
