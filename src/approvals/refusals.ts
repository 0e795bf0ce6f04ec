import { type ApprovalId, type AskTerms, CodedError, PLANES, Refusal, type RefusalCode, type Resource } from '../operations/index.ts'
import type { StoredRequest } from './approval-store.ts'

/** What whoever asked is told of a request that will not be approved any more. */
export function refusalOf({ id, terms, state, why }: Pick<StoredRequest, 'id' | 'terms' | 'state' | 'why'>): Refusal {
  const about = { ticket: id, rule: ruleOf(terms) }
  switch (state) {
    case 'denied':
      return new Refusal('GS_APPROVAL_DENIED', about)
    case 'revoked':
      return new Refusal('GS_APPROVAL_DENIED', { ...about, reason: 'A person took the approval of this operation back.' })
    case 'expired':
      return new Refusal('GS_APPROVAL_EXPIRED', about)
    case 'used':
      return new Refusal('GS_APPROVAL_USED', about)
    case 'void':
    case 'withdrawn':
      if (why === 'changed' || why === 'erased' || why === 'person-revoked') return new Refusal('GS_APPROVAL_VOID', about)
      if (why === 'run-ended') return new Refusal('GS_RUN_ENDED', about)
      return new Refusal('GS_APPROVAL_WITHDRAWN', about)
    case 'pending':
    case 'approved':
      // Whoever comes with a grant for it has one of something else.
      return new Refusal('GS_APPROVAL_VOID', about)
  }
}

const AGAIN = { statement: 'Run the same statement', request: 'Send the same request' } as const

/** What is said to whoever cannot wait. */
export function pendingRefusal(id: ApprovalId, terms: AskTerms, link: string, protocol: Resource['kind']): Refusal {
  return new Refusal('GS_APPROVAL_PENDING', {
    ticket: id,
    rule: ruleOf(terms),
    reason: `Held for approval ${id}: a person decides at ${link}`,
    next: `${AGAIN[PLANES[protocol].operation]} again once it is approved; do not rephrase it.`,
  })
}

/** @param error of the trail or the store: in practice there is no room on the disk */
export function notRecorded(error: unknown, code: RefusalCode = 'GS_TRAIL_UNAVAILABLE'): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal(code, error instanceof CodedError ? { reason: error.message } : {})
}

function ruleOf({ requirements }: AskTerms): string | undefined {
  return requirements[0]?.rule
}
