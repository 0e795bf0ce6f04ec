import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const identityErrors = {
  GS_IDENTITY_TOKEN_MALFORMED: {
    meaning: 'The subject token is not a signed JWT in compact form of at most 16 KiB.',
    next: 'Send the OIDC token of the CI system or workload exactly as it was issued.',
  },
  GS_IDENTITY_ISSUER_UNKNOWN: {
    meaning: 'The token was issued by an issuer that this gateway does not accept.',
    next: 'Ask the operator to add the issuer to the configuration, or use a token of a configured one.',
  },
  GS_IDENTITY_ALGORITHM_REFUSED: {
    meaning: 'The token is signed with an algorithm, or carries a critical header, that is not accepted for its issuer.',
    next: 'Use a token signed with one of the accepted public-key algorithms.',
  },
  GS_IDENTITY_KEYS_UNAVAILABLE: {
    meaning: 'The keys of the issuer could not be fetched, so the token could not be checked.',
    next: 'Wait a few seconds and exchange again; if it lasts, the operator should check that the gateway reaches the issuer.',
  },
  GS_IDENTITY_SIGNATURE_INVALID: {
    meaning: 'The signature of the token does not verify under the published keys of its issuer.',
    next: 'Request a new token; if the issuer has just rotated its keys, wait half a minute first.',
  },
  GS_IDENTITY_TYPE_REFUSED: {
    meaning: 'The token is of another type than an identity token.',
    next: 'Send the identity token, not an access token or a logout token.',
  },
  GS_IDENTITY_AUDIENCE_WRONG: {
    meaning: 'The token was not made for this gateway, or not for it alone.',
    next: 'Request a token whose only audience is the one configured for this issuer.',
  },
  GS_IDENTITY_TIMES_INVALID: {
    meaning: 'The token lacks exp or iat, or they are not numbers.',
    next: 'Use an issuer that states when a token was issued and when it expires.',
  },
  GS_IDENTITY_TOKEN_EXPIRED: {
    meaning: 'The token has expired.',
    next: 'Request a new token and exchange it at once.',
  },
  GS_IDENTITY_TOKEN_TOO_OLD: {
    meaning: 'The token was issued more than ten minutes ago.',
    next: 'Request a new token and exchange it at once.',
  },
  GS_IDENTITY_TOKEN_NOT_YET_VALID: {
    meaning: 'The token is not valid yet: the clocks of issuer and gateway differ.',
    next: 'Check the clocks of both; a minute of difference is accepted.',
  },
  GS_IDENTITY_TOKEN_REPLAYED: {
    meaning: 'This token was exchanged before; each works once.',
    next: 'Request a new token from the issuer; it joins the same run.',
  },
  GS_IDENTITY_EVENT_REFUSED: {
    meaning: 'The job was started by an event that strangers can trigger, and the configuration does not name it.',
    next: 'Start the job by another event, or ask the operator to name this event in accept.event_name.',
  },
  GS_IDENTITY_NOT_ACCEPTED: {
    meaning: 'A claim of the token is not what the configuration accepts for its issuer.',
    next: 'Do not retry; ask the operator whether this repository, branch or environment should be accepted.',
  },
  GS_IDENTITY_CLAIM_UNUSABLE: {
    meaning: 'A claim that describes the run or its groups is missing, or carries characters that could be taken for something else.',
    next: 'Ask the operator to compare the templates of this issuer with the claims that it sends.',
  },
  GS_IDENTITY_CREDENTIAL_UNKNOWN: {
    meaning: 'The credential is not one that this gateway issued.',
    next: 'Use the credential of this run; exchange a token for a new one if there is none.',
  },
  GS_IDENTITY_CREDENTIAL_WRONG_DOOR: {
    meaning: 'This credential belongs to another door of the gateway.',
    next: 'Use the run handle at the token door and each plane credential at its own plane.',
  },
  GS_IDENTITY_CREDENTIAL_FOREIGN: {
    meaning: 'A credential that is not of this gateway was sent. It was not recorded.',
    next: 'Use the plane credential of this run as the password or key; target credentials stay in the gateway. Consider changing the one that was sent.',
  },
  GS_IDENTITY_RUN_OVER: {
    meaning: 'The run behind this credential has ended, expired or been revoked.',
    next: 'Stop; this run cannot continue.',
  },
  GS_IDENTITY_THROTTLED: {
    meaning: 'Too many attempts from this address or by this workload.',
    next: 'Wait for the stated time, then try once.',
  },
  GS_IDENTITY_ISSUER_UNSAFE: {
    meaning: 'The configuration of an issuer would let in more than it says.',
    next: 'Correct the named field; docs/identity.md shows a safe issuer for each CI system.',
  },
} as const satisfies ErrorCatalogue

export type IdentityCode = keyof typeof identityErrors

export class IdentityError extends CodedError<IdentityCode> {
  /** For GS_IDENTITY_THROTTLED: seconds to wait. */
  readonly retryAfter: number | undefined

  /** @param details `about` names a field or claim behind the code's own sentence; never a value that somebody sent */
  constructor(code: IdentityCode, details: { about?: string; retryAfter?: number; cause?: unknown } = {}) {
    const { meaning, next } = identityErrors[code]
    const options = details.cause === undefined ? undefined : { cause: details.cause }
    super(code, details.about === undefined ? meaning : `${meaning} (${details.about})`, next, options)
    this.retryAfter = details.retryAfter
  }
}
