import { createHash, timingSafeEqual } from 'node:crypto'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { Sealer } from '../../operations/index.ts'
import type { SpentTokens } from '../credential-store.ts'
import { clientOf, type SecretOf } from './client.ts'
import { PeopleError } from './errors.ts'
import { identify } from './identify.ts'
import { failureOf } from './issuer-failure.ts'
import type { PeopleIssuer } from './people-issuer.ts'
import type { IdentifiedPerson } from './person.ts'
import { defaultScopes } from './settings.ts'

/** How long a person may take at the issuer, ms. */
export const PENDING_FOR = 10 * 60_000

export interface CodeFlowParts {
  readonly sealer: Sealer
  readonly spent: SpentTokens
  readonly secretOf: SecretOf
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface CodeFlowRequest {
  readonly issuer: PeopleIssuer
  /** Exactly as it is registered at the issuer: the gateway's own address, never one that a request named. */
  readonly redirectUri: string
  /** Seconds since the person last proved who they are to the issuer; it is asked to ask again (`max_age`). */
  readonly maxAge?: number
  /** Token of the link for the first administrator; travels sealed, not past the issuer. */
  readonly firstAdmin?: string
}

export interface BegunCodeFlow {
  /** Where the browser goes now. */
  readonly url: string
  /**
   * For this browser alone to keep until it comes back: the value of a `__Host-` cookie, HttpOnly, SameSite=Lax, for `PENDING_FOR` at most. Sealed;
   * base64url. It is what binds the answer to the browser.
   */
  readonly pending: string
}

export interface CodeFlowAnswer {
  /** What the browser kept. */
  readonly pending: string
  /** Where the issuer sent the browser: absolute, or its path and query. */
  readonly callbackUrl: string
}

/** What `pending` holds, sealed. */
interface Pending {
  readonly issuer: string
  readonly settings: string
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly until: number
  readonly maxAge?: number
  readonly firstAdmin?: string
}

const SEALED_FOR = 'people sign-in'
const LONGEST = 16 * 1024

/**
 * OpenID Connect Core 1.0 §3.1 with PKCE (RFC 7636, S256) and RFC 9207. Nothing is kept here meanwhile: a flood of sign-ins that are begun fills nothing.
 * @throws PeopleError where the issuer cannot be used
 */
export async function beginCodeFlow(asked: CodeFlowRequest, parts: CodeFlowParts): Promise<BegunCodeFlow> {
  const { issuer, redirectUri, maxAge, firstAdmin } = asked
  const { configuration } = await clientOf(issuer, 'code', parts.secretOf)
  const verifier = randomPKCECodeVerifier()
  const pending: Pending = {
    issuer: issuer.settings.name,
    settings: issuer.digest,
    redirectUri,
    state: randomState(),
    nonce: randomNonce(),
    verifier,
    until: parts.now() + PENDING_FOR,
    ...(maxAge !== undefined && { maxAge }),
    ...(firstAdmin !== undefined && { firstAdmin }),
  }
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: (issuer.settings.scopes ?? defaultScopes).join(' '),
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  })
  const sealed = parts.sealer.seal(Buffer.from(JSON.stringify(pending)), SEALED_FOR)
  return { url: url.href, pending: Buffer.from(sealed).toString('base64url') }
}

export interface FinishedCodeFlow {
  readonly identified: IdentifiedPerson
  readonly firstAdmin: string | undefined
}

/**
 * @param issuerNamed finds an issuer of the configuration in force
 * @throws PeopleError
 */
export async function finishCodeFlow(
  answer: CodeFlowAnswer,
  issuerNamed: (name: string) => PeopleIssuer,
  parts: CodeFlowParts,
): Promise<FinishedCodeFlow> {
  const pending = open(answer.pending, parts)
  const issuer = issuerNamed(pending.issuer)
  // Its address may be another one since: the answer would be checked against what was never asked.
  if (issuer.digest !== pending.settings) throw new PeopleError('GS_PEOPLE_SIGNIN_UNKNOWN', 'the issuer was changed meanwhile')
  const url = callback(answer.callbackUrl, pending)
  spendOnce(pending, parts.spent)
  const client = await clientOf(issuer, 'code', parts.secretOf)
  try {
    const tokens = await authorizationCodeGrant(client.configuration, url, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
      ...(pending.maxAge !== undefined && { maxAge: pending.maxAge }),
    })
    return { identified: await identify(tokens, issuer, client, parts.now()), firstAdmin: pending.firstAdmin }
  } catch (error) {
    throw failureOf(error, issuer.settings.name)
  }
}

/** @returns the issuer that a sign-in was begun with, for whoever records that it failed; undefined where it is none of ours */
export function issuerOfPending(sealed: string, parts: CodeFlowParts): string | undefined {
  try {
    return open(sealed, parts).issuer
  } catch {
    return undefined
  }
}

function open(sealed: string, { sealer, now }: CodeFlowParts): Pending {
  let pending: Pending
  try {
    if (sealed.length > LONGEST || !/^[\w-]+$/.test(sealed)) throw new RangeError()
    pending = JSON.parse(Buffer.from(sealer.open(Buffer.from(sealed, 'base64url'), SEALED_FOR)).toString()) as Pending
  } catch {
    throw new PeopleError('GS_PEOPLE_SIGNIN_UNKNOWN')
  }
  if (now() >= pending.until) throw new PeopleError('GS_PEOPLE_SIGNIN_UNKNOWN')
  return pending
}

/** Before anything is asked of the issuer or used up: the answer is to this sign-in, at the address that was registered. */
function callback(callbackUrl: string, { redirectUri, state }: Pending): URL {
  const refused = (about: string) => new PeopleError('GS_PEOPLE_ANSWER_REFUSED', about)
  if (callbackUrl.length > LONGEST || !URL.canParse(callbackUrl, redirectUri)) throw refused('its URL')
  const url = new URL(callbackUrl, redirectUri)
  const expected = new URL(redirectUri)
  if (url.origin !== expected.origin || url.pathname !== expected.pathname || url.hash !== '') throw refused('its URL')
  const states = url.searchParams.getAll('state')
  if (states.length !== 1 || !same(states[0]!, state)) throw refused('state')
  return url
}

function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/**
 * Durable before the code is shown to the issuer. Only now: whoever does not know `state` cannot use up another's sign-in. By `state`, because the
 * same sealed bytes can be written as base64url in several ways.
 */
function spendOnce({ state, until }: Pending, spent: SpentTokens): void {
  if (!spent.spend(createHash('sha256').update(`${SEALED_FOR}\0${state}`).digest(), until))
    throw new PeopleError('GS_PEOPLE_SIGNIN_REPLAYED')
}
