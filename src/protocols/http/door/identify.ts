import type { BearerAuthenticator } from '../../../identity/index.ts'
import { CodedError, type HttpResource, type Run } from '../../../operations/index.ts'
import { HttpsDoorError } from './errors.ts'
import { type Head, OURS } from './read-head.ts'

/** By the kind of resource that their credentials are for. */
export type Authenticators = Readonly<Partial<Record<HttpResource['kind'], BearerAuthenticator>>>

/** Longest credential that is looked at, bytes. */
const LONGEST = 512

/** RFC 6750 §2.1, RFC 7617 §2: a token, or the password of any user. @throws HttpsDoorError */
export function credentialOf(authorization: string | undefined): { readonly credential: string; readonly user?: string } {
  if (authorization === undefined) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_MISSING')
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization) ?? []
  if (value === '' || value.length > LONGEST) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_REFUSED')
  if (scheme.toLowerCase() === 'bearer') return { credential: value }
  const pair = Buffer.from(value, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  if (colon < 0) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_REFUSED')
  return { credential: pair.slice(colon + 1), user: pair.slice(0, colon) }
}

/** What a request says of who sends it. */
export interface Presented {
  readonly credential: string
  readonly user?: string | undefined
  /** Whether it stands in a header for the keys of models' APIs, and not in Authorization. */
  readonly isKey: boolean
}

/** Authorization, or where there is none, what stands where the keys of models' APIs do. @throws HttpsDoorError */
export function presented({ authorization, keys }: Pick<Head, 'authorization' | 'keys'>): Presented {
  const [key] = keys
  if (authorization !== undefined || key === undefined) return { ...credentialOf(authorization), isKey: false }
  if (key.length > LONGEST || !/^[\x21-\x7e]+$/.test(key)) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_REFUSED')
  return { credential: key, isKey: true }
}

/**
 * Of who is known, once it is known where they go: at models the keys count as Authorization does, so none may say another thing; elsewhere no credential
 * of ours stands there, as it would be passed on as a key of the target's.
 * @throws HttpsDoorError; IdentityError for a key that is none of ours
 */
export async function checkKeys(
  kind: HttpResource['kind'],
  { credential, isKey }: Presented,
  keys: Head['keys'],
  authenticators: Authenticators,
): Promise<void> {
  if (kind !== 'model') {
    if (isKey || keys.some((key) => OURS.test(key))) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_MISPLACED')
    return
  }
  for (const key of keys) {
    if (key === credential) continue
    await identify(key.slice(0, LONGEST), authenticators)
    throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_REFUSED', 'Two headers hold different credentials.')
  }
}

/** What the credentials of each kind begin with. */
const SAYS: readonly (readonly [prefix: string, kind: HttpResource['kind']])[] = [
  ['gs_http_', 'http'],
  ['gs_k8s_', 'kubernetes'],
  ['gs_model_', 'model'],
  ['gs_mcp_', 'mcp'],
]

/**
 * Whose credential it is, and for which kind of resource. Asks for every kind, whatever was selected: what is configured must not show in how
 * somebody is refused who is not known.
 * @throws IdentityError, which says nothing of the selected resource
 */
export async function identify(
  credential: string,
  authenticators: Authenticators,
): Promise<{ readonly run: Run; readonly kind: HttpResource['kind'] }> {
  let refusal: CodedError | undefined
  const said = SAYS.find(([prefix]) => credential.startsWith(prefix))
  // What it says it is first, which for most is the only one that is asked.
  for (const [, kind] of said ? [said, ...SAYS.filter((each) => each !== said)] : SAYS) {
    const authenticator = authenticators[kind]
    if (authenticator === undefined) continue
    try {
      return { run: await authenticator.runOf(credential), kind }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      // That it is for another door is the least that can be said of one.
      if (refusal === undefined || error.code !== 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR') refusal = error
    }
  }
  throw refusal ?? new HttpsDoorError('GS_HTTPS_CREDENTIAL_REFUSED')
}
