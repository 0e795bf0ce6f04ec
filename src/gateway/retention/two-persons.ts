import { isSamePerson, type LinkedPerson, personSaid } from '../../approvals/index.ts'
import type { SignedInPerson } from '../../identity/people/index.ts'
import { RetentionError } from '../../retention/index.ts'
import type { Trail } from '../../trail/index.ts'
import type { ApproverThere } from './approved-there.ts'

/** One of the two persons that an erasure takes. */
export type ErasingPerson = Pick<SignedInPerson, 'person' | 'displayName' | 'accounts'>

/**
 * Nobody both approves and erases.
 * @param approvers who approved operations of the runs that the erasure is about
 * @throws RetentionError GS_RETENTION_APPROVED_THERE
 */
export function refuseWhoApproved(trail: Pick<Trail, 'pseudonym'>, person: LinkedPerson, approvers: readonly ApproverThere[]): void {
  const accounts = [[person.person.issuer, person.person.subject] as const, ...Object.entries(person.accounts)]
  const names = new Set(accounts.map(([issuer, subject]) => trail.pseudonym(issuer, subject)))
  for (const { run, pseudonym, signedIn } of approvers) {
    const approver = personSaid(signedIn)
    if (names.has(pseudonym) || (approver && isSamePerson(approver, person)))
      throw new RetentionError('GS_RETENTION_APPROVED_THERE', `Who approved an operation of ${run} cannot take part in erasing it.`)
  }
}
