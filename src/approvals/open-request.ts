import { type Grant, Refusal, type Run } from '../operations/index.ts'
import type { StoredRequest } from './approval-store.ts'
import type { WithdrawnBecause } from './approvals.ts'
import type { LinkedPerson } from './independence.ts'

/** To be called once with the index of an entry of the run; undefined where that is not known. */
export type Expected = (index: number | undefined) => void

/** How a request ends by itself. */
export interface Ending {
  readonly state: 'expired' | 'withdrawn' | 'void'
  readonly why?: WithdrawnBecause | undefined
}

/** Somebody who said yes, as long as others are asked too. */
export interface Approver extends LinkedPerson {
  readonly who: string
  readonly displayName: string
}

/** Whoever waits for the answer. */
export interface Holder {
  /** Of what it asked for. */
  readonly digest: string
  settle(answer: Grant | Refusal): void
}

/** A request that is pending or approved, in memory: what is asked for is not, however many there are. */
export class OpenRequest {
  stored: StoredRequest
  readonly run: Run
  readonly holders = new Set<Holder>()
  /** Whether `approval.asked` is durable: before, nobody sees it. */
  isVisible: boolean
  /** Undefined after a restart, until they are needed. */
  approvers: readonly Approver[] | undefined
  /** Something about it is being recorded; never rejects. What ends it meanwhile waits in `ending`. */
  busy: Promise<void> | undefined
  ending: { readonly ending: Ending; readonly expected: Expected | undefined } | undefined

  constructor(stored: StoredRequest, run: Run, isVisible: boolean) {
    this.stored = stored
    this.run = run
    this.isVisible = isVisible
    this.approvers = isVisible ? undefined : []
  }

  /** When something happens by itself, ms since the epoch: nobody decided, or what was approved was not used. */
  get dueAt(): number {
    const { state, expiresAt, usableUntil } = this.stored
    return state === 'approved' ? (usableUntil ?? expiresAt) : expiresAt
  }

  /** @param digest of what is asked for now */
  grantFor(digest: string): Grant {
    return { id: this.stored.id, digest, usableUntil: this.dueAt }
  }

  /** Nobody waits any more. @param answer undefined: it is approved */
  settle(answer: Refusal | undefined): void {
    for (const holder of this.holders) holder.settle(answer ?? this.grantFor(holder.digest))
    if (answer instanceof Refusal) this.holders.clear()
  }
}
