import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const peopleErrors = {
  GS_PEOPLE_ISSUER_UNKNOWN: {
    meaning: 'No issuer of this name signs in people here.',
    next: 'Choose one of those that the sign-in page offers.',
  },
  GS_PEOPLE_ISSUER_UNSAFE: {
    meaning: 'The configuration of an issuer or role would let in more than it says.',
    next: 'Correct the named field; docs/identity.md shows Okta, Entra ID and Google Workspace.',
  },
  GS_PEOPLE_ISSUER_UNAVAILABLE: {
    meaning: 'The issuer could not be reached, or did not answer as OpenID Connect wants it.',
    next: 'Wait a few seconds and sign in again; if it lasts, the operator should check that the gateway reaches the issuer.',
  },
  GS_PEOPLE_ISSUER_UNSUITABLE: {
    meaning: 'The issuer does not offer what this sign-in needs.',
    next: 'The operator should compare the issuer and its registration with docs/identity.md.',
  },
  GS_PEOPLE_CLIENT_REFUSED: {
    meaning: "The issuer does not accept the gateway's own registration.",
    next: 'The operator should check clientId and clientSecret, and that the registration permits this flow.',
  },
  GS_PEOPLE_SIGNIN_UNKNOWN: {
    meaning: 'This sign-in was not begun in this browser, or was begun more than ten minutes ago.',
    next: 'Begin again at the sign-in page, in the same browser.',
  },
  GS_PEOPLE_SIGNIN_REPLAYED: {
    meaning: 'This sign-in was finished before; each works once.',
    next: 'Begin again at the sign-in page.',
  },
  GS_PEOPLE_ANSWER_REFUSED: {
    meaning: 'The answer that came back with the browser is not the one to this sign-in.',
    next: 'Begin again at the sign-in page; if it happens again, tell the operator, because somebody may be interfering.',
  },
  GS_PEOPLE_DENIED: {
    meaning: 'The issuer did not sign this person in, or the person declined.',
    next: 'Begin again; if it was not you who declined, ask the operator of the issuer.',
  },
  GS_PEOPLE_TOKEN_REFUSED: {
    meaning: 'The issuer answered with an identity token that does not hold.',
    next: 'Begin again; if it happens again, the operator should look at the trail and at the issuer.',
  },
  GS_PEOPLE_NOT_ACCEPTED: {
    meaning: 'A claim of this person is not what the configuration accepts for the issuer.',
    next: 'Sign in with an account of your organisation, or ask the operator.',
  },
  GS_PEOPLE_CLAIM_UNUSABLE: {
    meaning: 'A claim that describes this person or their groups has a form that could be taken for something else.',
    next: 'The operator should compare the templates of this issuer with the claims that it sends.',
  },
  GS_PEOPLE_GROUPS_OVERAGE: {
    meaning: "The issuer left this person's groups out of the token because there are too many, so their roles are not known.",
    next: 'The operator should let Entra ID send only the groups assigned to the application, or app roles with groups: "{roles}"; docs/identity.md says how.',
  },
  GS_PEOPLE_NOT_ADMITTED: {
    meaning: 'This person was identified, and holds no role here.',
    next: 'Ask the operator to map one of your groups to a role, or to add you to a group that is.',
  },
  GS_PEOPLE_REVOKED: {
    meaning: 'An administrator revoked this person here.',
    next: 'Ask an administrator, who can lift it with: gatescribe persons restore.',
  },
  GS_PEOPLE_DEVICE_UNKNOWN: {
    meaning: 'This device sign-in does not exist, is over, or was used.',
    next: 'Begin again: gatescribe login.',
  },
  GS_PEOPLE_DEVICE_EXPIRED: {
    meaning: 'Nobody confirmed this device sign-in in time.',
    next: 'Begin again, and enter the code before it expires.',
  },
  GS_PEOPLE_BUSY: {
    meaning: 'Too many sign-ins are under way.',
    next: 'Wait a minute, then begin again.',
  },
  GS_PEOPLE_SESSION_INVALID: {
    meaning: 'The session is not known here, or is over.',
    next: 'Sign in again.',
  },
  GS_PEOPLE_FIRST_ADMIN_REFUSED: {
    meaning: 'The link for the first administrator was used, has expired, or is no longer needed.',
    next: 'Sign in without it; who administers is said by roles.admin in the configuration from then on.',
  },
} as const satisfies ErrorCatalogue

export type PeopleCode = keyof typeof peopleErrors

export class PeopleError extends CodedError<PeopleCode> {
  /**
   * @param about names a field, claim or check behind the code's own sentence; never a value that somebody sent. There is no cause: what
   *   libraries throw quotes codes, tokens and secrets
   */
  constructor(code: PeopleCode, about?: string) {
    const { meaning, next } = peopleErrors[code]
    super(code, about === undefined ? meaning : `${meaning} (${about})`, next)
  }
}
