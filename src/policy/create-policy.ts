import type { Decision, Principal, Resource } from '../operations/index.ts'
import { digestOf } from './digest.ts'
import { type Explanation, explainRules } from './explain.ts'
import type { Policy } from './policy.ts'
import type { Rule } from './rule.ts'
import { indexRules } from './rule-index.ts'
import { isInForce, selectsProtocol } from './selectors.ts'
import { verdictOf } from './verdict.ts'

/** A policy that can also say why. */
export interface ExplainingPolicy extends Policy {
  /** Every rule, in the order of the configuration, and why it does or does not match. @param now milliseconds since the epoch */
  explain(principal: Principal, resource: Resource, operation: { readonly protocol: Resource['kind'] }, now: number): Explanation
}

/** A decision and the span in which it is the answer. */
interface Standing {
  readonly decision: Decision
  readonly mayOpen: boolean
  /** Milliseconds since the epoch: from the last `until` before the question, inclusive, to the next one, exclusive. */
  readonly from: number
  readonly to: number
}

/**
 * Makes a policy of rules. Decisions are frozen, shared, and kept per principal object and resource object, so that the
 * repeated question costs two look-ups and no memory; what was kept is dropped with the principal or resource itself.
 * Principals and resources must not change after they were asked about: a change is a new object.
 *
 * @param rules as configured; their order only decides in which order they are named
 */
export function createPolicy(rules: readonly Rule[]): ExplainingPolicy {
  const digest = digestOf(rules)
  const index = indexRules(rules)
  const standings = new WeakMap<Principal, WeakMap<Resource, Standing>>()
  // One decision per set of rules that spoke: a thousand principals of one class share it.
  const decisions = new Map<string, Decision>()

  const share = (decision: Decision): Decision => {
    const key = JSON.stringify([decision.effect, decision.rules])
    const known = decisions.get(key)
    if (known) return known
    decisions.set(key, decision)
    return decision
  }

  const judge = (principal: Principal, resource: Resource, now: number): Standing => {
    const about = index.about(principal, resource).filter((rule) => selectsProtocol(rule, resource.kind))
    const decision = share(
      verdictOf(
        about.filter((rule) => isInForce(rule, now)),
        digest,
      ),
    )
    const ends = about.flatMap(({ until }) => until ?? [])
    return {
      decision,
      mayOpen: decision.effect !== 'deny',
      from: Math.max(Number.NEGATIVE_INFINITY, ...ends.filter((end) => end <= now)),
      to: Math.min(Number.POSITIVE_INFINITY, ...ends.filter((end) => end > now)),
    }
  }

  const standing = (principal: Principal, resource: Resource, now: number): Standing => {
    let byResource = standings.get(principal)
    if (byResource === undefined) {
      byResource = new WeakMap()
      standings.set(principal, byResource)
    }
    const known = byResource.get(resource)
    if (known !== undefined && now >= known.from && now < known.to) return known
    const fresh = judge(principal, resource, now)
    byResource.set(resource, fresh)
    return fresh
  }

  return {
    digest,
    decide: (principal, resource, _operation, now) => standing(principal, resource, now).decision,
    mayOpen: (principal, resource, now) => standing(principal, resource, now).mayOpen,
    explain: (principal, resource, operation, now) => explainRules(rules, digest, principal, resource, operation.protocol, now),
  }
}
