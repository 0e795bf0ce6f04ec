import type { Decision, Operation, Principal, Resource } from '../operations/index.ts'

/** A loaded set of rules. Pure: the same question has the same answer until `now` passes a rule's `until`. */
export interface Policy {
  /** `sha256:…` over the rules as configured. */
  readonly digest: string
  /** @param now milliseconds since the epoch */
  decide(principal: Principal, resource: Resource, operation: Operation, now: number): Decision
  /** Whether some rule could allow this principal something here. */
  mayOpen(principal: Principal, resource: Resource, now: number): boolean
}
