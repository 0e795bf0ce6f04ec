import type { Decision, Resource } from '../operations/index.ts'
import type { Asker } from './asker.ts'
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
  explain(asker: Asker, operation: { readonly protocol: Resource['kind'] }, now: number): Explanation
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
 * Makes a policy of rules. Decisions are frozen, shared, and kept per asker, so that the
 * repeated question costs a look-up and no memory; what was kept is dropped with the asker itself.
 *
 * @param rules as configured; their order only decides in which order they are named
 */
export function createPolicy(rules: readonly Rule[]): ExplainingPolicy {
  const digest = digestOf(rules)
  const index = indexRules(rules)
  const standings = new WeakMap<Asker, Standing>()
  // One decision per set of rules that spoke: a thousand principals of one class share it.
  const decisions = new Map<string, Decision>()

  const share = (decision: Decision): Decision => {
    const key = JSON.stringify([decision.effect, decision.rules])
    const known = decisions.get(key)
    if (known) return known
    decisions.set(key, decision)
    return decision
  }

  const judge = ({ principal, resource }: Asker, now: number): Standing => {
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

  const standing = (asker: Asker, now: number): Standing => {
    const known = standings.get(asker)
    if (known !== undefined && now >= known.from && now < known.to) return known
    const fresh = judge(asker, now)
    standings.set(asker, fresh)
    return fresh
  }

  return {
    digest,
    decide: (asker, _operation, now) => standing(asker, now).decision,
    mayOpen: (asker, now) => standing(asker, now).mayOpen,
    couldPermit: (asker, now) => (standing(asker, now).mayOpen ? everyClass : nothing),
    explain: ({ principal, resource }, operation, now) => explainRules(rules, digest, principal, resource, operation.protocol, now),
  }
}

/** Nothing tells operations apart yet: whoever may do anything may do these. */
const everyClass: ReadonlySet<string> = new Set(['session', 'read', 'write', 'define', 'admin', 'opaque'])
const nothing: ReadonlySet<string> = new Set()
