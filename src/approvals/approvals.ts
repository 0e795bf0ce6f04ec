import type {
  ApprovalId,
  ApproverRequirement,
  AskTerms,
  EffectiveOperation,
  Grant,
  Person,
  Refusal,
  Resource,
  Run,
  RunId,
} from '../operations/index.ts'
import type { RedactedRow } from '../redaction/index.ts'
import type { BudgetAccount } from '../runs/index.ts'
import type { PayloadKey } from '../trail/index.ts'

/**
 * What becomes of a request. pending → approved, denied, withdrawn or expired; approved → used, expired, revoked or void.
 * void: what was approved is not what would happen now, or whoever waited for it has gone.
 */
export type ApprovalState = 'pending' | 'approved' | 'used' | 'denied' | 'withdrawn' | 'expired' | 'revoked' | 'void'

/** Why a request was withdrawn, or what was approved became void. `changed`: the operation, its session or the policy; `erased`: its card was; `interrupted`: the gateway ended; `person-revoked`: somebody who had said yes was revoked. */
export type WithdrawnBecause =
  | 'cancelled'
  | 'disconnected'
  | 'run-ended'
  | 'session-ended'
  | 'changed'
  | 'erased'
  | 'interrupted'
  | 'person-revoked'

/** hold — somebody waits for the answer, and it ends with the waiting; ticket — whoever asked comes back for it. */
export type AskMode = 'hold' | 'ticket'

/** By which way a decision came. */
export type ApprovalChannel = 'console' | 'cli' | 'link' | 'slack'

/** What a session asks for. */
export interface AskedFor {
  readonly run: Run
  /** The session's id. */
  readonly session: string
  /** The session's payload key: the card is recorded under it, and goes with it. */
  readonly key: PayloadKey
  /** What the session is charged to. */
  readonly budget: Pick<BudgetAccount, 'reserveAsk'>
  readonly resource: Pick<Resource, 'name' | 'kind'>
  readonly terms: AskTerms
  /** Digest of the policy that asks. */
  readonly policy: string
  readonly effective: EffectiveOperation
  /** The same parts without what must not be stored; absent: they hold nothing of that kind. Approvers see the exact ones. */
  readonly redacted?: EffectiveOperation['parts']
  /** What was taken out of them, `part.<n>`, and of `claim`: for the entry. */
  readonly taken?: readonly RedactedRow[]
  /** What the agent says of it; may be false. */
  readonly claimed?: { readonly message?: string }
}

/** A request as whoever asked holds it. */
export interface Asked {
  readonly id: ApprovalId
  /** Where a person answers it. Opens nothing by itself. */
  readonly link: string
  readonly state: ApprovalState
  /** Until when it waits for an answer; ms since the epoch. */
  readonly expiresAt: number
  /** Resolves once it is decided, or nobody will decide it any more. Never rejects. */
  readonly decided: Promise<Grant | Refusal>
  /** It stops waiting and comes back later: the request goes on as a ticket. @returns what to say: GS_APPROVAL_PENDING, or what became of it */
  becomeTicket(): Refusal
  /** It does not want the answer any more. A request that nobody holds any more, and that is no ticket, is withdrawn. Idempotent. */
  leave(why: Exclude<WithdrawnBecause, 'interrupted'>): void
}

/** What is true of an operation when it is about to be admitted. */
export interface AtRelease {
  readonly policy: string
  /** Undefined where no rule asks any more. */
  readonly terms: AskTerms | undefined
  /** Of the effective operation, made anew. */
  readonly digest: string
  /** Id of the session that uses it. */
  readonly session: string
}

/** Somebody who signed in and answers. */
export interface ApprovingPerson {
  readonly person: Person
  readonly displayName: string
  /** Configured issuer → the account there that is known to be the same person's. */
  readonly accounts: Readonly<Record<string, string>>
  readonly roles: ReadonlySet<'admin' | 'auditor' | 'approver' | 'member'>
}

/** How far a requirement is met. */
export interface RequirementProgress extends ApproverRequirement {
  /** Different persons who said yes and count for it. */
  readonly approvals: number
  /** How many there must be: one more than `count` while it is not proven that none of them started the run. */
  readonly needed: number
}

/** One person's answer. */
export interface DecisionView {
  /** The person's pseudonym, as in the trail. */
  readonly who: string
  readonly verdict: 'approve' | 'deny'
  readonly channel: ApprovalChannel
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Whether the person is known not to be the one who started the run, started it again or wrote its code. */
  readonly independence: 'proven' | 'unproven'
  /** Unproven: the policy had changed within 24 hours, and nobody knows by whom. */
  readonly separation: 'proven' | 'unproven'
}

/** A request without what is asked for. Nothing in it is secret or personal. */
export interface RequestView {
  readonly id: ApprovalId
  readonly link: string
  readonly state: ApprovalState
  /** Of `withdrawn` and `void`. */
  readonly why?: WithdrawnBecause
  readonly mode: AskMode
  readonly run: RunId
  readonly session: string
  readonly resource: string
  readonly protocol: Resource['kind']
  readonly policy: string
  readonly stream: boolean
  readonly requirements: readonly RequirementProgress[]
  readonly decisions: readonly DecisionView[]
  /** All moments in ms since the epoch. */
  readonly askedAt: number
  readonly expiresAt: number
  /** Until when what was approved may be used. */
  readonly usableUntil?: number
  readonly endedAt?: number
}

/** What an approver looks at. */
export interface RequestCard {
  readonly request: RequestView
  /** Exact while it is pending or approved; afterwards as it is recorded. Undefined where it was erased or pruned. */
  readonly content: CardContent | undefined
}

export interface CardContent {
  readonly effective: EffectiveOperation
  /** Written by the agent, may be false. */
  readonly claimed?: { readonly message?: string }
  /** Who said what so far, by name; only while the request is pending or approved. */
  readonly names: readonly { readonly who: string; readonly displayName: string }[]
}

export interface RequestFilter {
  /** Any of these; absent: all. */
  readonly states?: readonly ApprovalState[]
  readonly run?: RunId
  /** Only what was asked before this one: the last one of the page before. */
  readonly before?: ApprovalId
  /** How many at most; default and most 100. */
  readonly limit?: number
}

/** Asks persons, and keeps their answers until they are used once. docs/approvals.md */
export interface Approvals {
  /**
   * Asks for all of the effective operation, once: what the same run asked for before, exactly so, is the same request. `approval.asked` is durable
   * before this resolves and before anybody sees the request.
   * @throws Refusal where it was denied to this run, too much was asked, the run is suspended or over, nobody can be asked, or it cannot be recorded
   */
  ask(asked: AskedFor, mode: AskMode): Promise<Asked>
  /**
   * At the last moment before the intent is appended: it is used now, and cannot be used again whatever happens. `approval.used` is staged with it, so the
   * two are durable together. A difference to what was approved makes it void.
   * @returns why it may not be used
   */
  spend(grant: Grant, now: AtRelease): Refusal | undefined
  /** Newest first. */
  list(filter?: RequestFilter): readonly RequestView[]
  /** With what is asked for. That somebody looked at it is for the caller to record. Undefined where there is no such request. */
  view(id: ApprovalId): Promise<RequestCard | undefined>
  /**
   * A person's answer; the same answer twice is one. A yes counts once `approval.decided` is durable, a no at once; resolves when both are true.
   * A no may come from whoever could say yes, and from whom independence would keep from it.
   * @throws ApprovalError
   */
  decide(
    id: ApprovalId,
    person: ApprovingPerson,
    verdict: 'approve' | 'deny',
    channel: ApprovalChannel,
    reason?: string,
  ): Promise<RequestView>
  /** Takes back what was approved and not used; it stays denied for the run. @param by a person; or as entries name who it is. @throws ApprovalError */
  revoke(id: ApprovalId, by: ApprovingPerson | string, channel: ApprovalChannel, reason?: string): Promise<RequestView>
  /** Ends a request, or what was approved and not used. False where it is over already. */
  withdraw(id: ApprovalId, why: Exclude<WithdrawnBecause, 'interrupted'>): boolean
  /** Called with the new state after each change, until what is returned is called. `listener` must not throw. */
  onChange(listener: (request: RequestView) => void): () => void
}
