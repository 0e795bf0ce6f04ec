import type { KeyTimes } from '../issuer-keys.ts'
import { PeopleError } from './errors.ts'
import { type PeopleIssuer, preparePeopleIssuer } from './people-issuer.ts'
import { requireGroupsOfPeople } from './roles.ts'
import type { PeopleIssuerSettings, RoleSettings } from './settings.ts'

/** A configuration of people that was found usable, not in force yet. */
export interface PreparedPeople {
  readonly issuers: ReadonlyMap<string, PeopleIssuer>
  readonly roles: RoleSettings
}

/** @throws PeopleError GS_PEOPLE_ISSUER_UNSAFE, naming what is wrong */
export function preparePeople(issuers: readonly PeopleIssuerSettings[], roles: RoleSettings, times?: KeyTimes): PreparedPeople {
  requireGroupsOfPeople(roles, issuers)
  // One person must not be two.
  if (
    new Set(issuers.map(({ issuer }) => issuer)).size !== issuers.length ||
    new Set(issuers.map(({ name }) => name)).size !== issuers.length
  )
    throw new PeopleError('GS_PEOPLE_ISSUER_UNSAFE', 'two issuers of people with the same name or URL')
  return { issuers: new Map(issuers.map((settings) => [settings.name, preparePeopleIssuer(settings, times)])), roles }
}
