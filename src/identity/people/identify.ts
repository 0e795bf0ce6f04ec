import { fetchUserInfo, type TokenEndpointResponse } from 'openid-client'
import { unacceptedClaim } from '../acceptance.ts'
import { type Claims, claimText } from '../claims.ts'
import { IdentityError } from '../errors.ts'
import { fill, isPlain } from '../template.ts'
import type { IssuerClient } from './client.ts'
import { PeopleError } from './errors.ts'
import { groupsFrom } from './groups.ts'
import { verifyIdToken } from './id-token.ts'
import { failureOf } from './issuer-failure.ts'
import { refuseOverage } from './overage.ts'
import type { PeopleIssuer } from './people-issuer.ts'
import type { IdentifiedPerson } from './person.ts'

/**
 * From what the token endpoint answered to a person. Each step refuses, or the next one runs.
 * @param now milliseconds since the epoch
 * @throws PeopleError
 */
export async function identify(
  answer: TokenEndpointResponse,
  issuer: PeopleIssuer,
  client: IssuerClient,
  now: number,
): Promise<IdentifiedPerson> {
  if (answer.id_token === undefined) throw new PeopleError('GS_PEOPLE_TOKEN_REFUSED', 'there is none')
  const proven = await verifyIdToken(answer.id_token, issuer, client, now)
  const claims = issuer.settings.userinfo === true ? await withUserinfo(proven, answer.access_token, issuer, client) : proven
  return personFrom(claims, issuer, now)
}

/** What the ID token says goes first; an answer about another subject is refused (OpenID Connect Core 1.0 §5.3.4). */
async function withUserinfo(claims: Claims, accessToken: string, { settings }: PeopleIssuer, client: IssuerClient): Promise<Claims> {
  if (client.metadata.userinfo_endpoint === undefined)
    throw new PeopleError('GS_PEOPLE_ISSUER_UNSUITABLE', `issuer ${settings.name}: it has no userinfo_endpoint`)
  try {
    return { ...(await fetchUserInfo(client.configuration, accessToken, claims.sub as string)), ...claims }
  } catch (error) {
    throw failureOf(error, settings.name)
  }
}

/**
 * @param claims checked: signed by the issuer for this gateway, now
 * @throws PeopleError GS_PEOPLE_GROUPS_OVERAGE, GS_PEOPLE_NOT_ACCEPTED, GS_PEOPLE_CLAIM_UNUSABLE
 */
export function personFrom(claims: Claims, issuer: PeopleIssuer, now: number): IdentifiedPerson {
  const { settings } = issuer
  refuseOverage(claims, issuer.wanted)
  const unaccepted = unacceptedClaim(settings.accept ?? {}, claims)
  if (unaccepted !== undefined) throw new PeopleError('GS_PEOPLE_NOT_ACCEPTED', `claim ${unaccepted}`)
  return usable(() => {
    const subject = claims.sub as string
    const groups = groupsFrom(claims, issuer.groups).map((group) => `${settings.name}/${group}`)
    const accounts = [...issuer.link].flatMap(([name, template]) => {
      const account = fill(template, claims)
      return account === undefined ? [] : [[name, account] as const]
    })
    return {
      person: { kind: 'person', issuer: settings.name, subject, groups },
      displayName: displayName(claims, issuer) ?? subject,
      accounts: Object.fromEntries(accounts),
      signedInAt: now,
      settings: issuer.digest,
    }
  })
}

/** For others to read: what could mislead a reader is passed over rather than refused. */
function displayName(claims: Claims, { displayName: template }: PeopleIssuer): string | undefined {
  const candidates = template ? [fill(template, claims)] : ['name', 'preferred_username', 'email'].map((claim) => claimText(claims, claim))
  return candidates.find((name) => name !== undefined && name.trim() !== '' && name.length <= 200 && isPlain(name))
}

/** Templates are filled by what jobs are identified with too; to a person the same refusal is said in this room's words. */
function usable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof IdentityError && error.code === 'GS_IDENTITY_CLAIM_UNUSABLE')
      throw new PeopleError('GS_PEOPLE_CLAIM_UNUSABLE', /\((.*)\)$/s.exec(error.message)?.[1])
    throw error
  }
}
