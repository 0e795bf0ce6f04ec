import type { Person } from '../../operations/index.ts'
import { PeopleError } from './errors.ts'
import { type PeopleIssuerSettings, type Role, type RoleSettings, roles } from './settings.ts'

/**
 * The roles that a person's groups give. Whoever holds any role is a member; where `roles.member` is not configured, so is everybody who signs in.
 * No role contains another: who approves is not thereby one who administers.
 *
 * @param isFirstAdmin whether this is the person whom the one-use link made administrator; counts only while no group is mapped to `admin`
 */
export function rolesOf(person: Person, settings: RoleSettings, isFirstAdmin = false): ReadonlySet<Role> {
  const held = new Set<Role>()
  // The type says so; whoever casts a job to a person still gets nothing.
  if ((person.kind as string) !== 'person') return held
  const groups = new Set(person.groups.filter((group) => group.startsWith(`${person.issuer}/`)))
  for (const role of roles) if (settings[role]?.groups.some((group) => groups.has(group))) held.add(role)
  if (isFirstAdmin && settings.admin === undefined) held.add('admin')
  if (held.size > 0 || settings.member === undefined) held.add('member')
  return held
}

/**
 * What keeps a claim of a CI system from ever becoming a role: roles come from groups of issuers that sign in people.
 * @throws PeopleError GS_PEOPLE_ISSUER_UNSAFE, naming role and group
 */
export function requireGroupsOfPeople(settings: RoleSettings, issuers: readonly PeopleIssuerSettings[]): void {
  const names = new Set(issuers.map(({ name }) => name))
  for (const role of roles) {
    for (const group of settings[role]?.groups ?? []) {
      if (!names.has(group.slice(0, Math.max(0, group.indexOf('/')))))
        throw new PeopleError('GS_PEOPLE_ISSUER_UNSAFE', `roles.${role}: ${group} is no group of an issuer that signs in people`)
    }
  }
}
