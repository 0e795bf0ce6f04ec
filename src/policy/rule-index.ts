import type { Principal, Resource } from '../operations/index.ts'
import type { CoveringRule, PreparedRule } from './prepared-rule.ts'
import { selectsPrincipal, selectsResource } from './selectors.ts'

/** Finds the rules about a principal at a resource without looking at every rule. */
export interface RuleIndex {
  /** In the order of the configuration. `until`, `do` and `when` are not judged. */
  about(principal: Pick<Principal, 'kind' | 'groups'>, resource: Pick<Resource, 'name' | 'tags'>): readonly CoveringRule[]
}

/**
 * A rule stands under each of its groups, or with those that are about everybody; candidates are then judged in full.
 * @param rules as they are at one kind of resource; those that are not about it are left out
 */
export function indexRules(rules: readonly PreparedRule[]): RuleIndex {
  const byGroup = new Map<string, CoveringRule[]>()
  const aboutEverybody: CoveringRule[] = []
  for (const prepared of rules.filter(isCovering)) {
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

const isCovering = (prepared: PreparedRule): prepared is CoveringRule => prepared.coverage !== undefined
