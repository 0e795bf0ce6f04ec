import { type Grant, Refusal, type RunId } from '../operations/index.ts'
import type { Trail } from '../trail/index.ts'
import type { ApprovalStore, StoredRequest } from './approval-store.ts'
import type { AtRelease } from './approvals.ts'
import { endedEntry, usedEntry } from './entries.ts'
import type { Expected, OpenRequest } from './open-request.ts'
import type { OpenRequests } from './open-requests.ts'
import { notRecorded, refusalOf } from './refusals.ts'
import { sameTerms } from './requirements.ts'
import type { StoreWriter } from './store-writer.ts'

export interface SpendingOptions {
  readonly store: ApprovalStore
  readonly writer: StoreWriter
  readonly requests: OpenRequests
  readonly trail: Pick<Trail, 'append' | 'note' | 'whenDurable' | 'state'>
  readonly now: () => number
  readonly operationOf: (digest: string) => string
  readonly expect: (run: RunId) => Expected | undefined
}

/** Uses what was approved, once. */
export class Spending {
  readonly #options: SpendingOptions

  constructor(options: SpendingOptions) {
    this.#options = options
  }

  /** The store first: whatever comes in between, it cannot be used again. */
  spend(grant: Grant, now: AtRelease): Refusal | undefined {
    const { requests, writer, trail } = this.#options
    const request = requests.find(grant.id)
    if (!request) return this.#gone(grant)
    if (request.busy || request.stored.state !== 'approved') return refusalOf(request.stored)
    if (request.dueAt <= this.#options.now()) {
      requests.expire(request)
      return refusalOf(request.stored)
    }
    if (!this.#isWhatWasApproved(request.stored, grant, now)) {
      requests.end(request, 'changed')
      return refusalOf(request.stored)
    }
    if (trail.state !== 'open') return new Refusal('GS_TRAIL_UNAVAILABLE')
    const { stored } = request
    const endedAt = this.#options.now()
    try {
      writer.now({ what: 'end', id: stored.id, to: { state: 'used', endedAt, told: false } })
    } catch (error) {
      return notRecorded(error)
    }
    const isStaged = trail.append(usedEntry(stored, now.session)) !== undefined
    requests.over(request, { ...stored, state: 'used', endedAt })
    trail.whenDurable((error) => {
      if (error) this.#tellOtherwise(request)
      else writer.later({ what: 'told', id: stored.id })
    })
    return isStaged ? undefined : new Refusal('GS_TRAIL_UNAVAILABLE')
  }

  #isWhatWasApproved({ operation, policy, terms }: StoredRequest, grant: Grant, now: AtRelease): boolean {
    if (grant.digest !== now.digest || this.#options.operationOf(now.digest) !== operation) return false
    return now.policy === policy && now.terms !== undefined && sameTerms(now.terms, terms)
  }

  /** Spent, and nothing was forwarded: its entry and the intent were not written. */
  #tellOtherwise({ stored }: OpenRequest): void {
    const { trail, writer, expect } = this.#options
    const expected = expect(stored.run)
    const entry = endedEntry(stored, 'used', { why: 'interrupted' }, expected !== undefined)
    trail.note(entry, (index) => {
      expected?.(index)
      if (index !== undefined) writer.later({ what: 'told', id: stored.id })
    })
  }

  #gone({ id }: Grant): Refusal {
    this.#options.writer.flush()
    const stored = this.#options.store.find(id)
    return stored ? refusalOf(stored) : new Refusal('GS_APPROVAL_VOID', { ticket: id })
  }
}
