import type { Resource } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { Surroundings } from './condition/condition.ts'
import type { CoveringRule } from './prepared-rule.ts'
import { isInForce } from './selectors.ts'

/** The rules about one asker, as they are for a span of time. */
export interface Standing {
  /** Of the resource. */
  readonly kind: Resource['kind']
  readonly surroundings: Surroundings
  /** deny and ask rules, in the order of the configuration. */
  readonly against: readonly CoveringRule[]
  /** allow and ask rules, in the order of the configuration. */
  readonly permitting: readonly CoveringRule[]
  /** The rules that `session` comes with: those that allow, or, where none does, those that ask. */
  readonly grace: readonly CoveringRule[]
  /** `limits.statementBytes` of those that permit, each once, ascending: between two of them the size makes no difference. */
  readonly sizes: readonly number[]
  readonly couldPermit: ReadonlySet<string>
  readonly mayOpen: boolean
  /** Milliseconds since the epoch: from the last `until` before the question, inclusive, to the next one, exclusive. */
  readonly from: number
  readonly to: number
}

/** @param about every rule about the asker, whether in force or not, in the order of the configuration. @param now milliseconds since the epoch */
export function standingOf(asker: Asker, about: readonly CoveringRule[], now: number): Standing {
  const inForce = about.filter(({ rule }) => isInForce(rule, now))
  const permitting = inForce.filter(({ rule }) => rule.effect !== 'deny')
  const allowing = permitting.filter(({ rule }) => rule.effect === 'allow')
  const ends = about.flatMap(({ rule }) => rule.until ?? [])
  const denied = (also: (denying: CoveringRule) => boolean) =>
    new Set(
      inForce.flatMap((each) =>
        each.rule.effect === 'deny' && each.condition === undefined && also(each) ? [...each.coverage.concerned] : [],
      ),
    )
  const could = new Set(permitting.flatMap(({ coverage }) => [...coverage.permitted]))
  // What a deny ends for now may be permitted again before the session ends.
  const forGood = without(
    could,
    denied(({ rule }) => rule.until === undefined),
  )
  return {
    kind: asker.resource.kind,
    surroundings: new Surroundings(asker),
    against: inForce.filter(({ rule }) => rule.effect !== 'allow'),
    permitting,
    grace: allowing.length > 0 ? allowing : permitting,
    sizes: [...new Set(permitting.flatMap(({ rule }) => rule.limits?.statementBytes ?? []))].sort((a, b) => a - b),
    couldPermit: forGood.size > 0 ? new Set(['session', ...forGood]) : forGood,
    mayOpen:
      without(
        could,
        denied(() => true),
      ).size > 0,
    from: Math.max(Number.NEGATIVE_INFINITY, ...ends.filter((end) => end <= now)),
    to: Math.min(Number.POSITIVE_INFINITY, ...ends.filter((end) => end > now)),
  }
}

const without = (some: ReadonlySet<string>, others: ReadonlySet<string>) => new Set([...some].filter((each) => !others.has(each)))
