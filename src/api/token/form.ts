import { type Refused, refuse } from './answers.ts'

/** RFC 8693 §2.1, as far as this door speaks it. */
export interface ExchangeForm {
  readonly subjectToken: string
}

export const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
/** What a subject token may call itself: both name an OIDC token of the CI system or workload. */
export const SUBJECT_TOKEN_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token']

/** Parameters that would change what is issued. They are refused rather than ignored: a caller would believe that they count. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  actor_token: 'invalid_request',
  actor_token_type: 'invalid_request',
  audience: 'invalid_target',
  resource: 'invalid_target',
  scope: 'invalid_scope',
}

/** Reads the body of a token exchange. @param body application/x-www-form-urlencoded */
export function readExchangeForm(body: string): ExchangeForm | Refused {
  const form = new URLSearchParams(body)
  for (const name of form.keys()) {
    // RFC 6749 §3.2: parameters must not be included more than once.
    if (form.getAll(name).length > 1) return invalid('a parameter is repeated')
    if (Object.hasOwn(UNSUPPORTED, name)) return invalid(`the parameter ${name} is not supported here`, UNSUPPORTED[name])
  }
  const grantType = form.get('grant_type')
  if (!grantType) return invalid('grant_type is missing')
  if (grantType !== GRANT_TYPE) return invalid('this door only exchanges tokens', 'unsupported_grant_type')
  if (!SUBJECT_TOKEN_TYPES.includes(form.get('subject_token_type') ?? ''))
    return invalid('subject_token_type is missing or not one of jwt and id_token')
  if ((form.get('requested_token_type') || ACCESS_TOKEN) !== ACCESS_TOKEN) return invalid('requested_token_type can only be access_token')
  const subjectToken = form.get('subject_token')
  return subjectToken ? { subjectToken } : invalid('subject_token is missing')
}

function invalid(what: string, error = 'invalid_request'): Refused {
  return refuse(400, error, 'GS_TOKEN_REQUEST_INVALID', what)
}
