import type { Principal, Resource } from '../operations/index.ts'
import type { PreparedRule } from './prepared-rule.ts'
import { selectsPrincipal, selectsResource } from './selectors.ts'

/** Finds the rules about a principal at a resource without looking at every rule. */
export interface RuleIndex {
  /** In the order of the configuration. `until`, `do` and `when` are not judged. */
  about(principal: Pick<Principal, 'kind' | 'groups'>, resource: Pick<Resource, 'name' | 'tags'>): readonly PreparedRule[]
}

/** A rule stands under each of its groups, or with those that are about everybody; candidates are then judged in full. */
export function indexRules(rules: readonly PreparedRule[]): RuleIndex {
  const byGroup = new Map<string, PreparedRule[]>()
  const aboutEverybody: PreparedRule[] = []
  for (const prepared of rules) {
    const groups = prepared.rule.who?.groups
    if (groups === undefined) aboutEverybody.push(prepared)
    for (const group of new Set(groups)) {
      const under = byGroup.get(group)
      if (under) under.push(prepared)
      else byGroup.set(group, [prepared])
    }
  }
  return {
    about(principal, resource) {
      const candidates = new Set(aboutEverybody)
      for (const group of principal.groups) for (const candidate of byGroup.get(group) ?? []) candidates.add(candidate)
      return [...candidates]
        .filter(({ rule }) => selectsPrincipal(rule, principal) && selectsResource(rule, resource))
        .sort((a, b) => a.position - b.position)
    },
  }
}
