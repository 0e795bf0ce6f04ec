import type { Person, Run } from '../operations/index.ts'

/** A person with the accounts elsewhere that are known to be theirs. */
export interface LinkedPerson {
  readonly person: Pick<Person, 'issuer' | 'subject'>
  /** Configured issuer → account id, as that issuer's tokens give it. */
  readonly accounts: Readonly<Record<string, string>>
}

/**
 * proven — known to be none of those whom a run is of; unproven — nobody knows whether; the others name which of them the person is.
 * `principal`: it runs under the person's own name.
 */
export type Independence = 'proven' | 'unproven' | 'principal' | 'launcher' | 'rerunner' | 'author'

/**
 * Whether somebody is independent of a run: none of who started it, who started it again and who wrote its code. Accounts are compared
 * within the issuer of the run. A fact that the issuer does not tell is judged only for the launcher: every job has one, also where it is
 * not said who.
 */
export function independenceOf(run: Pick<Run, 'principal' | 'facts' | 'accounts'>, approver: LinkedPerson): Independence {
  const { principal, facts, accounts = {} } = run
  if (principal.kind === 'person') {
    const asked = { person: principal, accounts }
    if (isSamePerson(asked, approver)) return 'principal'
    if (!areIndependent(asked, approver)) return 'unproven'
  }
  const account = accountAt(principal.issuer, approver)
  for (const role of ['launcher', 'rerunner', 'author'] as const) if (isSameAccount(facts[role], account)) return role
  if (principal.kind === 'job' && facts.launcher === undefined) return 'unproven'
  const told = [facts.launcher, facts.rerunner, facts.author].some((fact) => fact !== undefined)
  return told && account === undefined ? 'unproven' : 'proven'
}

/** Whether two sign-ins are of one person: the same account, or accounts that are linked to each other or to the same one. */
export function isSamePerson(a: LinkedPerson, b: LinkedPerson): boolean {
  const ofB = accountsOf(b)
  return [...accountsOf(a)].some((account) => ofB.has(account))
}

/**
 * Whether two sign-ins are known to be of two persons: by what one and the same issuer says of both. Persons of two issuers whose accounts
 * nobody linked may be one.
 */
export function areIndependent(a: LinkedPerson, b: LinkedPerson): boolean {
  if (isSamePerson(a, b)) return false
  const issuers = new Set([b.person.issuer, ...Object.keys(b.accounts)])
  return [a.person.issuer, ...Object.keys(a.accounts)].some((issuer) => issuers.has(issuer))
}

function accountsOf({ person, accounts }: LinkedPerson): ReadonlySet<string> {
  const all = [[person.issuer, person.subject], ...Object.entries(accounts)]
  return new Set(all.map((account) => JSON.stringify(account.map((part) => plain(part ?? '')))))
}

/**
 * One issuer spells an account as it was registered, another as it was typed at a sign-in. Of two accounts that differ by no more than that, one
 * may not approve for the other.
 */
const plain = (id: string) => id.normalize('NFKC').toLowerCase()

function isSameAccount(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && plain(one) === plain(other)
}

function accountAt(issuer: string, { person, accounts }: LinkedPerson): string | undefined {
  return person.issuer === issuer ? person.subject : own(accounts, issuer)
}

function own(accounts: Readonly<Record<string, string>>, issuer: string): string | undefined {
  return Object.hasOwn(accounts, issuer) ? accounts[issuer] : undefined
}
