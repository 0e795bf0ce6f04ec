import type { Principal, Resource } from '../operations/index.ts'
import type { Rule } from './rule.ts'

/** Whether a rule is about this principal. Group names match exactly: `github/repo:a` is not `github/repo:ab`. */
export function selectsPrincipal({ who }: Pick<Rule, 'who'>, principal: Pick<Principal, 'kind' | 'groups'>): boolean {
  if (who?.kind !== undefined && who.kind !== principal.kind) return false
  return who?.groups === undefined || who.groups.some((group) => principal.groups.includes(group))
}

/** Whether a rule is about this resource: one of the names, and any one of the tags. */
export function selectsResource({ on }: Pick<Rule, 'on'>, resource: Pick<Resource, 'name' | 'tags'>): boolean {
  if (on?.resources !== undefined && !on.resources.includes(resource.name)) return false
  return on?.tags === undefined || on.tags.some((tag) => resource.tags.includes(tag))
}

/** Whether a rule still speaks. `until` itself is already too late. */
export function isInForce({ until }: Pick<Rule, 'until'>, now: number): boolean {
  return until === undefined || now < until
}
