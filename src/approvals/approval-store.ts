import type { ApprovalId, AskTerms, Resource, RunId } from '../operations/index.ts'
import type { LogPlace } from '../runs/index.ts'
import type { ApprovalState, AskMode, RequestFilter, WithdrawnBecause } from './approvals.ts'
import type { Decision } from './requirements.ts'

/** A request as it is kept. Nothing in it is secret or personal. */
export interface StoredRequest {
  readonly id: ApprovalId
  readonly run: RunId
  readonly session: string
  /** Id of the payload key of the session. */
  readonly key: string
  /** Keyed hash of the digest of the effective operation: nobody can confirm a guess by it. */
  readonly operation: string
  readonly resource: string
  readonly protocol: Resource['kind']
  readonly policy: string
  readonly terms: AskTerms
  readonly state: ApprovalState
  readonly mode: AskMode
  readonly why?: WithdrawnBecause
  /** Moments in ms since the epoch. */
  readonly askedAt: number
  readonly expiresAt: number
  readonly usableUntil?: number
  readonly endedAt?: number
  /** Where its `approval.asked` stands. */
  readonly place?: LogPlace
  readonly decisions: readonly Decision[]
}

/** What is written at once, in this order. */
export type StoreChange =
  | { readonly what: 'insert'; readonly request: StoredRequest; readonly content: Uint8Array }
  | { readonly what: 'update'; readonly id: ApprovalId; readonly to: RequestChange }
  /** Its sealed content goes too. */
  | { readonly what: 'end'; readonly id: ApprovalId; readonly to: RequestEnd }
  /** The trail says how it ended. */
  | { readonly what: 'told'; readonly id: ApprovalId }
  | { readonly what: 'remove'; readonly id: ApprovalId }

export interface RequestChange {
  readonly state?: 'approved' | 'pending'
  readonly mode?: AskMode
  readonly usableUntil?: number
  readonly place?: LogPlace
  /** One more answer; with all names so far, sealed. */
  readonly decided?: { readonly decision: Decision; readonly names: Uint8Array }
}

export interface RequestEnd {
  readonly state: Exclude<ApprovalState, 'pending' | 'approved'>
  readonly endedAt: number
  readonly why?: WithdrawnBecause | undefined
  readonly decision?: Decision
  /** Whether the trail says so already. Where not, and a crash comes before `told`, the next start tells it. */
  readonly told: boolean
}

/** What decides what is asked and who may answer, and since when, ms since the epoch. */
export interface StoredPolicy {
  readonly digest: string
  readonly since: number
}

/** Where requests survive a restart. */
export interface ApprovalStore {
  /** All of it or, where it throws, nothing. Durable when it returns. */
  write(changes: readonly StoreChange[]): void
  /** Pending and approved, in the order in which they were asked. */
  open(): readonly StoredRequest[]
  /** Those that are over and of which the trail may not say so. */
  untold(): readonly StoredRequest[]
  find(id: ApprovalId): StoredRequest | undefined
  /** Newest first. */
  list(filter: RequestFilter): readonly StoredRequest[]
  /** What a person said no to, in this run. */
  refused(run: RunId, operation: string): StoredRequest | undefined
  /** Sealed; undefined once the request is over. */
  content(id: ApprovalId): { readonly content: Uint8Array; readonly names: Uint8Array | undefined } | undefined
  policy(): StoredPolicy | undefined
  usePolicy(policy: StoredPolicy): void
}
