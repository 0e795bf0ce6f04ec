import { allowInsecureRequests, ClientSecretBasic, ClientSecretPost, Configuration, customFetch, None } from 'openid-client'
import type { Reference } from '../../credentials/index.ts'
import { type BoundedRequest, boundedFetch } from '../bounded-fetch.ts'
import { PeopleError } from './errors.ts'
import type { IssuerMetadata } from './metadata.ts'
import type { PeopleIssuer } from './people-issuer.ts'

/** Follows a reference to a client secret, at each use. @throws CredentialsError */
export type SecretOf = (reference: Reference) => Promise<string>

export interface IssuerClient {
  readonly configuration: Configuration
  readonly metadata: IssuerMetadata
  readonly clientId: string
}

/**
 * The gateway as a client of one issuer, for one conversation.
 * @throws PeopleError where the issuer cannot be used, CredentialsError where the client's secret cannot be had
 */
export async function clientOf(issuer: PeopleIssuer, flow: 'code' | 'device', secretOf: SecretOf): Promise<IssuerClient> {
  const metadata = await issuer.metadata()
  const { settings } = issuer
  const registration = flow === 'device' ? (settings.device ?? settings) : settings
  // Otherwise one person would come as two, and could say yes twice.
  if (metadata.pairwise && settings.device && settings.device.clientId !== settings.clientId)
    throw new PeopleError(
      'GS_PEOPLE_ISSUER_UNSUITABLE',
      `issuer ${settings.name}: it shows each client another subject, so both flows need the same client`,
    )
  const secret = registration.clientSecret === undefined ? undefined : await secretOf(registration.clientSecret)
  const { secretInBody, pairwise: _, id_token_signing_alg_values_supported: algorithms, ...endpoints } = metadata
  const inBody = registration.secretIn === undefined ? secretInBody : registration.secretIn === 'body'
  const authentication = secret === undefined ? None() : inBody ? ClientSecretPost(secret) : ClientSecretBasic(secret)
  const configuration = new Configuration(
    { ...endpoints, id_token_signing_alg_values_supported: [...algorithms] },
    registration.clientId,
    undefined,
    authentication,
  )
  configuration[customFetch] = async (url, { method, headers, body, signal }) => {
    const sent = {
      method,
      headers,
      ...(body !== undefined && { body: body as NonNullable<BoundedRequest['body']> }),
      ...(signal && { signal }),
    }
    const response = await boundedFetch(url, sent)
    return url === metadata.device_authorization_endpoint ? withStandardName(response) : response
  }
  // Every URL was judged before: only a loopback issuer can have one without TLS.
  if (settings.insecureLoopback === true) allowInsecureRequests(configuration)
  return { configuration, metadata, clientId: registration.clientId }
}

/** Google began before RFC 8628 §3.2 called it `verification_uri`, and still says `verification_url`. */
async function withStandardName(response: Response): Promise<Response> {
  if (response.status !== 200) return response
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  if (typeof answer !== 'object' || answer === null || 'verification_uri' in answer || !('verification_url' in answer)) return response
  return Response.json({ ...answer, verification_uri: answer.verification_url })
}
