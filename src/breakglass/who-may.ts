import { type ApprovingPerson, areIndependent, isSamePerson, type LinkedPerson } from '../approvals/index.ts'
import { BreakGlassError } from './errors.ts'
import type { PersonsOf } from './persons.ts'
import type { BreakGlassSettings } from './settings.ts'

/* Who may take which step: docs/break-glass.md. */

export const mayAsk = (person: ApprovingPerson, { who }: BreakGlassSettings): boolean => isIn(person, who.groups)

export const mayConfirm = (person: ApprovingPerson, { confirm }: BreakGlassSettings): boolean =>
  confirm ? isIn(person, confirm.groups) : hasRole(person)

/** @param settings in force; undefined where break-glass is not configured any more */
export const mayClose = (person: ApprovingPerson, settings: BreakGlassSettings | undefined): boolean =>
  hasRole(person) || (settings !== undefined && mayConfirm(person, settings))

/** Who it is for and why, beside the person themselves. @param settings as of `mayClose` */
export const maySee = (person: ApprovingPerson, settings: BreakGlassSettings | undefined): boolean =>
  mayClose(person, settings) || person.roles.has('auditor')

export const isAsker = (persons: PersonsOf | undefined, person: LinkedPerson): boolean =>
  persons?.asker !== undefined && isSamePerson(persons.asker, person)

/** @throws BreakGlassError where it is not known that the other is somebody else */
export function refuseDependent(asker: LinkedPerson, other: LinkedPerson): void {
  if (isSamePerson(asker, other)) throw new BreakGlassError('GS_BREAKGLASS_SAME_PERSON')
  if (!areIndependent(asker, other)) throw new BreakGlassError('GS_BREAKGLASS_NOT_INDEPENDENT')
}

const isIn = ({ person }: ApprovingPerson, groups: readonly string[]) => groups.some((group) => person.groups.includes(group))

const hasRole = ({ roles }: ApprovingPerson) => roles.has('approver') || roles.has('admin')
