import type { PersonOperator, RevokedPerson } from '../api/local/index.ts'
import { ApprovalError, type RequestView, type RunningApprovals } from '../approvals/index.ts'
import type { BreakGlass } from '../breakglass/index.ts'
import type { People } from '../identity/people/index.ts'
import type { Trail } from '../trail/index.ts'
import { GatewayError } from './errors.ts'
import type { Viewer } from './operator.ts'
import type { PeopleRecords } from './people-records.ts'
import type { Retention } from './retention/index.ts'

export interface RevokingParts {
  /** Undefined where nobody signs in. */
  readonly people: { readonly signIn: Pick<People, 'revoke' | 'restore' | 'revoked'>; readonly records: PeopleRecords } | undefined
  readonly approvals: Pick<RunningApprovals, 'list' | 'revoke' | 'withdraw'> | undefined
  readonly breakGlass?: Pick<BreakGlass, 'personsRevoked'> | undefined
  readonly retention: Pick<Retention, 'withdrawOf'>
  readonly trail: Pick<Trail, 'pseudonym' | 'whenDurable'>
}

/** Whom this gateway lets in, as one caller may change it. */
export function personOperator({ people, approvals, breakGlass, retention, trail }: RevokingParts, who: Viewer): PersonOperator {
  const known = () => {
    if (people === undefined) throw new GatewayError('GS_GATEWAY_NO_PEOPLE')
    return people
  }
  const revoked = () => known().signIn.revoked.map(({ name, at }): RevokedPerson => ({ pseudonym: name, revokedAt: at }))
  const find = (pseudonym: string) => {
    const found = revoked().find((person) => person.pseudonym === pseudonym)
    if (found === undefined) throw new GatewayError('GS_GATEWAY_NOT_REVOKED')
    return found
  }
  return {
    async revokePerson(person, reason) {
      const { signIn, records } = known()
      const pseudonym = trail.pseudonym(person.issuer, person.subject)
      const ended = signIn.revoke(person)
      breakGlass?.personsRevoked(who.name)
      records.personRevoked(person, ended.length, who.name, reason)
      const names = new Set([pseudonym, ...ended.map(({ issuer, subject }) => trail.pseudonym(issuer, subject))])
      let taken = await takeBack(approvals, names, who)
      await new Promise<void>((resolve, reject) => trail.whenDurable((error) => (error ? reject(error) : resolve())))
      // A yes that was on its way to the disk while the person was revoked counts from then on.
      taken += await takeBack(approvals, names, who)
      for (const name of names) await retention.withdrawOf(name, who.name)
      return { ...find(pseudonym), sessions: ended.length, approvals: taken }
    },
    async restorePerson(asked, reason) {
      const { signIn, records } = known()
      const pseudonym = 'pseudonym' in asked ? asked.pseudonym : trail.pseudonym(asked.issuer, asked.subject)
      const found = find(pseudonym)
      await records.personRestored(pseudonym, who.name, reason)
      signIn.restore(pseudonym)
      return found
    },
    revokedPersons: async () => revoked(),
  }
}

/** Takes back what one of these approved and was not used: also where another yes is missing still. @returns how many requests */
async function takeBack(approvals: RevokingParts['approvals'], names: ReadonlySet<string>, { name, person }: Viewer): Promise<number> {
  if (!approvals) return 0
  const isTheirs = ({ decisions }: RequestView) => decisions.some(({ who, verdict }) => verdict === 'approve' && names.has(who))
  let taken = 0
  for (const request of open(approvals).filter(isTheirs)) {
    if (request.state === 'pending') {
      if (approvals.withdraw(request.id, 'person-revoked')) taken++
      continue
    }
    try {
      await approvals.revoke(request.id, person ?? name, 'cli')
      taken++
    } catch (error) {
      // Over by itself meanwhile.
      if (!(error instanceof ApprovalError) || error.code === 'GS_APPROVALS_NOT_RECORDED') throw error
    }
  }
  return taken
}

function open(approvals: NonNullable<RevokingParts['approvals']>): RequestView[] {
  const found: RequestView[] = []
  for (;;) {
    const last = found.at(-1)
    const page = approvals.list({ states: ['pending', 'approved'], limit: 100, ...(last && { before: last.id }) })
    found.push(...page)
    if (page.length === 0) return found
  }
}
