// What a file of settings is checked with, without loading all that signs people in.
export { checkPeopleIssuer } from '../check-people-issuer.ts'
export { isEncodedName } from '../groups.ts'
