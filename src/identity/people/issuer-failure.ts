import { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { CodedError } from '../../operations/index.ts'
import { type PeopleCode, PeopleError } from './errors.ts'

/** @param error what a request to the issuer threw: it is told apart, and never shown */
export function unavailable(issuer: string, error: unknown): PeopleError {
  return new PeopleError('GS_PEOPLE_ISSUER_UNAVAILABLE', `issuer ${issuer}: ${reasonOf(error)}`)
}

/**
 * What a failed step with the issuer means here. What openid-client throws holds parameters, tokens and secrets as its cause: of it only names leave
 * this function that the specifications define.
 */
export function failureOf(error: unknown, issuer: string): Error {
  if (error instanceof CodedError) return error
  if (error instanceof AuthorizationResponseError) return refusedBy(error.error, issuer, 'GS_PEOPLE_DENIED')
  if (error instanceof ResponseBodyError) return refusedBy(error.error, issuer, 'GS_PEOPLE_ISSUER_UNAVAILABLE')
  // RFC 6749 §5.2: a client that is not accepted may be told so by a challenge.
  if (error instanceof WWWAuthenticateChallengeError) return new PeopleError('GS_PEOPLE_CLIENT_REFUSED', `issuer ${issuer}`)
  if (error instanceof ClientError) return checkFailed(error, issuer)
  return unavailable(issuer, error)
}

/** RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core 1.0 §3.1.2.6, RFC 8628 §3.5. */
const meanings: Readonly<Record<string, PeopleCode>> = {
  access_denied: 'GS_PEOPLE_DENIED',
  login_required: 'GS_PEOPLE_DENIED',
  consent_required: 'GS_PEOPLE_DENIED',
  interaction_required: 'GS_PEOPLE_DENIED',
  account_selection_required: 'GS_PEOPLE_DENIED',
  invalid_client: 'GS_PEOPLE_CLIENT_REFUSED',
  unauthorized_client: 'GS_PEOPLE_CLIENT_REFUSED',
  unsupported_grant_type: 'GS_PEOPLE_CLIENT_REFUSED',
  unsupported_response_type: 'GS_PEOPLE_CLIENT_REFUSED',
  invalid_scope: 'GS_PEOPLE_CLIENT_REFUSED',
  invalid_grant: 'GS_PEOPLE_ANSWER_REFUSED',
  expired_token: 'GS_PEOPLE_DEVICE_EXPIRED',
  server_error: 'GS_PEOPLE_ISSUER_UNAVAILABLE',
  temporarily_unavailable: 'GS_PEOPLE_ISSUER_UNAVAILABLE',
}

/** @param otherwise for a word that no specification has: it is not repeated */
function refusedBy(word: string, issuer: string, otherwise: PeopleCode): PeopleError {
  const known = Object.hasOwn(meanings, word)
  return new PeopleError(known ? meanings[word]! : otherwise, `issuer ${issuer}: ${known ? word : 'an error of its own'}`)
}

/** The library's checks of what came: its codes say which kind, its own sentences hold no values. */
function checkFailed(error: ClientError, issuer: string): PeopleError {
  switch (error.code) {
    case 'OAUTH_INVALID_RESPONSE':
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED':
    case 'OAUTH_KEY_SELECTION_FAILED':
    case 'OAUTH_UNSUPPORTED_OPERATION':
      return new PeopleError(isOfBrowser(error) ? 'GS_PEOPLE_ANSWER_REFUSED' : 'GS_PEOPLE_TOKEN_REFUSED', aboutCheck(error))
    default:
      return unavailable(issuer, error)
  }
}

/** What came with the browser (`iss`, `state`, a parameter twice), rather than from an endpoint. */
function isOfBrowser({ cause }: ClientError): boolean {
  // Told by its wording, which its next version may change: then it is called a bad token, and refused as well.
  return cause instanceof Error && /(?<!header )\bparameter\b/.test(cause.message)
}

/** `JWT "nonce" (nonce) claim missing`, or the claim that did not compare: names of the specification only. */
function aboutCheck(error: ClientError): string {
  const { cause } = error
  const claim = (cause as { cause?: { claim?: unknown } } | undefined)?.cause?.claim
  if (typeof claim === 'string' && /^[a-z_]{1,32}$/.test(claim)) return `claim ${claim}`
  const quoted = cause instanceof Error ? /"([A-Za-z_]{1,32})"/.exec(cause.message)?.[1] : undefined
  return quoted ?? 'its form'
}

function reasonOf(error: unknown): string {
  if (error instanceof ClientError) {
    if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT') return 'no answer within 5 s'
    if (error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') return 'an unexpected status'
    if (error.code === 'OAUTH_RESPONSE_IS_NOT_JSON' || error.code === 'OAUTH_PARSE_ERROR') return 'an answer that is not JSON'
    return error.cause instanceof Error && error.code === undefined ? reasonOf(error.cause) : 'an unexpected answer'
  }
  if (!(error instanceof Error)) return 'unknown reason'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer within 5 s'
  // Node's fetch says why by the code of its cause: ECONNREFUSED, CERT_HAS_EXPIRED.
  const code = (error.cause as { code?: unknown } | undefined)?.code
  if (typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)) return code
  return error.message.startsWith('the issuer answered with') ? error.message : 'it cannot be reached'
}
