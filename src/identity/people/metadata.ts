import { fetchJson } from '../bounded-fetch.ts'
import { isAllowedUrl } from '../issuer-url.ts'
import { signingAlgorithms } from '../settings.ts'
import { PeopleError } from './errors.ts'
import { unavailable } from './issuer-failure.ts'
import type { PeopleIssuerSettings } from './settings.ts'

/** Of the discovery document (OpenID Connect Discovery 1.0 §3, RFC 8414, RFC 8628 §4), what the sign-in uses; checked. */
export interface IssuerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
  readonly device_authorization_endpoint?: string
  /** RFC 9207: then an answer without `iss` is refused. */
  readonly authorization_response_iss_parameter_supported: boolean
  /** Those that the configuration accepts; never `none` or one with a shared secret. */
  readonly id_token_signing_alg_values_supported: readonly string[]
  /** Whether the client's secret may go into the body. */
  readonly secretInBody: boolean
  /** Whether each client sees other subjects (OpenID Connect Core 1.0 §8.1). */
  readonly pairwise: boolean
}

/** How long a discovery document is believed, and how long a failure is, ms. */
const BELIEVED_FOR = 60 * 60_000
const BACK_OFF = 2_000

/** Fetches the discovery document at first use, once for all who wait for it. */
export function issuerMetadata(settings: PeopleIssuerSettings): () => Promise<IssuerMetadata> {
  let found: { readonly document: Promise<IssuerMetadata>; readonly until: number } | undefined
  return () => {
    if (found && Date.now() < found.until) return found.document
    const search = { document: discover(settings), until: Date.now() + BELIEVED_FOR }
    found = search
    search.document.catch(() => {
      if (found === search) found = { ...search, until: Date.now() + BACK_OFF }
    })
    return search.document
  }
}

async function discover(settings: PeopleIssuerSettings): Promise<IssuerMetadata> {
  let document: unknown
  try {
    document = await fetchJson(`${settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  } catch (error) {
    throw unavailable(settings.name, error)
  }
  if (typeof document !== 'object' || document === null) throw unsuitable(settings, 'its discovery document is no object')
  return readMetadata(document as Readonly<Record<string, unknown>>, settings)
}

/** @throws PeopleError GS_PEOPLE_ISSUER_UNSUITABLE */
function readMetadata(document: Readonly<Record<string, unknown>>, settings: PeopleIssuerSettings): IssuerMetadata {
  // Discovery §4.3. For Entra ID's shared tenants this is a template, and never the configured URL.
  if (document.issuer !== settings.issuer) throw unsuitable(settings, 'its discovery document names another issuer')
  const endpoint = (name: string): string | undefined => {
    const url = document[name]
    if (url === undefined) return undefined
    if (typeof url !== 'string' || !isAllowedUrl(url, settings)) throw unsuitable(settings, `its ${name} cannot be used`)
    return url
  }
  const required = (name: string): string => {
    const url = endpoint(name)
    if (url === undefined) throw unsuitable(settings, `it has no ${name}`)
    return url
  }
  const userinfo = endpoint('userinfo_endpoint')
  const device = endpoint('device_authorization_endpoint')
  const methods = names(document.token_endpoint_auth_methods_supported)
  const subjects = names(document.subject_types_supported)
  return {
    issuer: settings.issuer,
    authorization_endpoint: required('authorization_endpoint'),
    token_endpoint: required('token_endpoint'),
    jwks_uri: required('jwks_uri'),
    ...(userinfo !== undefined && { userinfo_endpoint: userinfo }),
    ...(device !== undefined && { device_authorization_endpoint: device }),
    authorization_response_iss_parameter_supported: document.authorization_response_iss_parameter_supported === true,
    id_token_signing_alg_values_supported: algorithms(document, settings),
    // Discovery §3: client_secret_basic where nothing is said.
    secretInBody: methods?.includes('client_secret_post') === true,
    pairwise: subjects !== undefined && !subjects.includes('public'),
  }
}

function algorithms(document: Readonly<Record<string, unknown>>, settings: PeopleIssuerSettings): readonly string[] {
  const offered = names(document.id_token_signing_alg_values_supported) ?? ['RS256']
  const accepted: readonly string[] = settings.algorithms ?? signingAlgorithms
  const common = offered.filter((algorithm) => accepted.includes(algorithm))
  if (common.length === 0) throw unsuitable(settings, 'it offers no accepted algorithm for identity tokens')
  return common
}

function names(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : undefined
}

function unsuitable({ name }: PeopleIssuerSettings, why: string): PeopleError {
  return new PeopleError('GS_PEOPLE_ISSUER_UNSUITABLE', `issuer ${name}: ${why}`)
}
