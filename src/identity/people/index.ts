export { checkPeopleIssuer } from './check-people-issuer.ts'
export type { SecretOf } from './client.ts'
export { type BegunCodeFlow, PENDING_FOR } from './code-flow.ts'
export type { BegunDeviceFlow } from './device-flow.ts'
export { type PeopleCode, PeopleError, peopleErrors } from './errors.ts'
export { OFFERED_FOR } from './first-admin.ts'
export { isEncodedName } from './groups.ts'
export { ownRun } from './own-run.ts'
export {
  People,
  type PeopleObserver,
  type PeopleOptions,
  type RefusedPerson,
  type SessionsOfPeople,
  type SignedIn,
} from './people.ts'
export type { IdentifiedPerson, PersonKey, SignedInPerson } from './person.ts'
export type { FirstAdminState, PersonSessionVia, PersonStore, StoredPersonSession } from './person-store.ts'
export { type PreparedPeople, preparePeople } from './prepare-people.ts'
export type { PersonAt } from './revoked-persons.ts'
export { requireGroupsOfPeople, rolesOf } from './roles.ts'
export { isSessionToken, type PersonSessionId } from './session-token.ts'
export { type EndedSession, IDLE_FOR, LASTS_FOR, type OpenedSession, type PersonSession, type SessionEnd } from './sessions.ts'
export {
  type ClientRegistration,
  defaultScopes,
  type PeopleIssuerSettings,
  type Role,
  type RoleSettings,
  roles,
} from './settings.ts'
export type { SignIn } from './sign-in.ts'
