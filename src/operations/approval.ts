import type { Facts } from './facts.ts'
import type { Resource } from './resource.ts'

/** A request for approval: names it in refusals, links and the trail, and decides nothing. */
export type ApprovalId = `apr_${string}`

/** Whom one rule wants to be asked. */
export interface ApproverRequirement {
  /** The rule's name. */
  readonly rule: string
  /** Any of these groups of `people` issuers, as `issuer/name`; absent: whoever holds the role approver. */
  readonly groups?: readonly string[]
  /** How many different persons must say yes; at least 1. */
  readonly count: number
}

/** Under which terms an operation is asked for. */
export interface AskTerms {
  /** One per rule that asks, in the order of the configuration. All must be met; one person may count for several of them. */
  readonly requirements: readonly ApproverRequirement[]
  /** How long a request waits for its answer, and from then how long what was approved may be used; ms. The smallest of the rules'. */
  readonly for: number
  /** Whether content that comes later than the approval is covered by it; only where every rule that asks says so. */
  readonly stream: boolean
}

/** One piece of what is approved. */
export interface EffectivePart {
  /** In our own words: `statement`, `parameters`, `request`. */
  readonly label: string
  /** Exactly as it would be forwarded. */
  readonly content: Uint8Array
  /** What may be kept of it, and is shown to approvers, where the protocol knows values in it that nobody may see; see `Statement.recorded`. */
  readonly recorded?: Uint8Array
  /** What else decides its meaning, such as formats and types; also in our own words, but for values that the client chose. */
  readonly detail?: Readonly<Record<string, string | number>>
}

/**
 * What a person approves: everything that decides what would happen at the target. Made anew just before it is forwarded; where the two
 * digests differ, the approval is void.
 */
export interface EffectiveOperation {
  readonly protocol: Resource['kind']
  /** The resource's configured name. */
  readonly resource: string
  /** As the target calls it. */
  readonly database?: string
  /** In the order in which they would be forwarded. */
  readonly parts: readonly EffectivePart[]
  /** State of the session that gives the parts their meaning: users, search path, encodings, what shadows what. */
  readonly session: Readonly<Record<string, string>>
  /** What is known of the parts, for the card; derived from the rest, so not in the digest. */
  readonly facts: readonly Facts[]
  /** Whether content follows that nobody has seen yet. */
  readonly stream: boolean
}

/** An approval that was given and not used yet. Good once, for exactly this digest, in exactly this run. */
export interface Grant {
  readonly id: ApprovalId
  /** `sha256:…` of the effective operation. */
  readonly digest: string
  /** Milliseconds since the epoch. */
  readonly usableUntil: number
}
