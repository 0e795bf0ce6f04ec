import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { fetchJson } from './bounded-fetch.ts'
import { IdentityError } from './errors.ts'
import { isAllowedUrl } from './issuer-url.ts'
import type { IssuerSettings } from './settings.ts'

/** Finds the key for a token's header among the issuer's own; never where the token says. */
export type IssuerKeys = JWTVerifyGetKey

export interface KeyTimes {
  /** An unknown `kid` makes us fetch again at most this often, ms. Default 10 s. */
  readonly cooldown?: number
  /** After a fetch that failed, further ones fail at once for this long, ms. Default 2 s. */
  readonly backOff?: number
  /** Keys are used at most this long without asking again, ms. Default 10 minutes. */
  readonly maxAge?: number
}

/** Of an issuer's settings, what says where its keys are. */
export type KeyOwner = Pick<IssuerSettings, 'name' | 'issuer' | 'keys' | 'insecureLoopback'>

/**
 * The keys of one issuer, fetched at first use, kept, and fetched again where a token names an unknown one.
 * The returned function throws IdentityError GS_IDENTITY_KEYS_UNAVAILABLE where they cannot be had.
 */
export function issuerKeys(settings: KeyOwner, times: KeyTimes = {}): IssuerKeys {
  const source = settings.keys ?? { from: 'discovery' }
  if (source.from === 'inline') return createLocalJWKSet(source.jwks as JSONWebKeySet)
  const fetchKeys = withBackOff(times.backOff ?? 2_000)
  const find = async () => remoteKeys(source.from === 'uri' ? source.uri : await discover(settings, fetchKeys), fetchKeys, times)
  let found: { readonly keys: Promise<JWTVerifyGetKey>; readonly at: number } | undefined
  return async (header, token) => {
    try {
      // One search for all who come meanwhile; one that failed is not kept.
      if (!found || Date.now() - found.at > DISCOVERED_FOR) {
        const search = { keys: find(), at: Date.now() }
        found = search
        search.keys.catch(() => {
          if (found === search) found = undefined
        })
      }
      return await (await found.keys)(header, token)
    } catch (error) {
      if (isAboutKey(error)) throw error
      throw new IdentityError('GS_IDENTITY_KEYS_UNAVAILABLE', { about: `issuer ${settings.name}: ${reasonOf(error)}`, cause: error })
    }
  }
}

/** How long a discovery document is believed, ms. */
const DISCOVERED_FOR = 60 * 60_000

type FetchJson = (url: string, signal?: AbortSignal) => Promise<unknown>

function remoteKeys(uri: string, fetchKeys: FetchJson, times: KeyTimes): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(uri), {
    cooldownDuration: times.cooldown ?? 10_000,
    cacheMaxAge: times.maxAge ?? 10 * 60_000,
    [customFetch]: async (url, { signal }) => Response.json(await fetchKeys(url, signal)),
  })
}

/** OpenID Connect Discovery 1.0 §4: the document stands below the issuer, and must name the same issuer (§4.3). */
async function discover(settings: KeyOwner, fetchKeys: FetchJson): Promise<string> {
  const document = await fetchKeys(`${settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer, jwks_uri: uri } = (document ?? {}) as Record<string, unknown>
  if (issuer !== settings.issuer) throw new Error('the discovery document names another issuer')
  if (typeof uri !== 'string' || !isAllowedUrl(uri, settings)) throw new Error('the discovery document names no usable jwks_uri')
  return uri
}

/** Without this, every token sent while an issuer is down would be a request to it. */
function withBackOff(duration: number): FetchJson {
  let failure: { readonly error: unknown; readonly until: number } | undefined
  return async (url, signal) => {
    if (failure && Date.now() < failure.until) throw failure.error
    try {
      const document = await fetchJson(url, signal)
      failure = undefined
      return document
    } catch (error) {
      failure = { error, until: Date.now() + duration }
      throw error
    }
  }
}

function isAboutKey(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer within 5 s'
  const code = (error.cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? `${error.message}: ${code}` : error.message
}
