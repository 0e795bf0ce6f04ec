import { compactVerify, errors } from 'jose'
import type { Claims } from '../claims.ts'
import { IdentityError } from '../errors.ts'
import { isPlain } from '../template.ts'
import type { IssuerClient } from './client.ts'
import { PeopleError } from './errors.ts'
import { unavailable } from './issuer-failure.ts'
import type { PeopleIssuer } from './people-issuer.ts'

const LONGEST = 64 * 1024
/** Seconds. */
const SKEW = 60
const OLDEST = 600

/**
 * What openid-client leaves open after its own checks (`iss`, `aud`, `azp`, `exp`, `nonce`, `auth_time`): the signature, which OpenID Connect Core 1.0
 * §3.1.3.7 lets one skip behind TLS, other audiences, and age.
 *
 * @param now milliseconds since the epoch
 * @returns the claims that were signed
 * @throws PeopleError GS_PEOPLE_TOKEN_REFUSED, naming the check; GS_PEOPLE_ISSUER_UNAVAILABLE where its keys cannot be had
 */
export async function verifyIdToken(
  token: string,
  issuer: PeopleIssuer,
  { metadata, clientId }: IssuerClient,
  now: number,
): Promise<Claims> {
  if (token.length > LONGEST) throw refused('its length')
  const claims = await verifySignature(token, issuer, metadata)
  if (claims.iss !== issuer.settings.issuer) throw refused('iss')
  const audience = Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud
  if (audience !== clientId) throw refused('aud')
  if (claims.azp !== undefined && claims.azp !== clientId) throw refused('azp')
  const seconds = now / 1000
  if (typeof claims.exp !== 'number' || !(claims.exp + SKEW > seconds)) throw refused('exp')
  if (typeof claims.iat !== 'number' || !(Math.abs(seconds - claims.iat) <= OLDEST + SKEW)) throw refused('iat')
  // §2: at most 255 ASCII characters.
  if (typeof claims.sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(claims.sub) || !isPlain(claims.sub)) throw refused('sub')
  return claims
}

async function verifySignature(token: string, issuer: PeopleIssuer, metadata: IssuerClient['metadata']): Promise<Claims> {
  try {
    const algorithms = [...metadata.id_token_signing_alg_values_supported]
    const { payload } = await compactVerify(token, issuer.keys(metadata), { algorithms })
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims as Claims
  } catch (error) {
    if (error instanceof IdentityError) throw unavailable(issuer.settings.name, error.cause)
    // JOSE: bad form, key, algorithm or signature; Syntax and Type: what was signed is no JSON.
    if (!(error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw refused('its signature')
}

const refused = (about: string) => new PeopleError('GS_PEOPLE_TOKEN_REFUSED', about)
