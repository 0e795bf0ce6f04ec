import { bodyMasking, findingsOf } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'
import { HttpError } from '../errors.ts'
import { firstOf } from '../headers.ts'
import { type ChangedAnswer, inOrder } from '../relay/change.ts'
import type { HeaderPairs, HttpTarget, UpstreamAnswer } from '../target.ts'

export interface Changing {
  readonly masks: readonly Mask[]
  readonly maskKey: Uint8Array | undefined
  /** How the client addresses the resource: `https://gateway:8443/r/billing`. */
  readonly base: string
  readonly method: string
}

/** Headers that are about bytes which a mask changes. */
const ABOUT_BYTES = /^(content-length|etag|digest|content-digest|repr-digest|content-md5|accept-ranges|content-range)$/i

/**
 * What a client gets of an answer: the credential taken out, masked, and redirects to the target pointing here.
 * @throws HttpError where it is encoded, so that nobody can look into it
 */
export function changedAnswer(
  { status, headers }: Pick<UpstreamAnswer, 'status' | 'headers'>,
  target: HttpTarget,
  { masks, maskKey, base, method }: Changing,
): ChangedAnswer {
  const shown = shownHeaders(headers, target, base)
  if (method === 'HEAD' || status === 204 || status === 304) return { headers: shown }
  const encoding = firstOf(headers, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new HttpError('GS_HTTP_ANSWER_ENCODED')
  const masking = bodyMasking(masks, firstOf(headers, 'content-type'), maskKey)
  return {
    headers: masking && !masking.keepsLength ? shown.filter(([name]) => !ABOUT_BYTES.test(name)) : shown,
    body: inOrder(target.redactor(), masking),
  }
}

/** What a client sees of an answer's headers: without the credential, and with redirects to the target pointing here. @param base as `DoorRequest.base` */
export function shownHeaders(headers: HeaderPairs, target: Pick<HttpTarget, 'redact' | 'base'>, base: string): HeaderPairs {
  return headers.map(([name, value]) => [name, target.redact(located(name, value, target.base, base))] as const)
}

const PARTS = /^(range|if-range)$/i

/**
 * The target is asked not to encode its answer, so that it can be looked into; and for all of it where a mask does, as what is found in the whole
 * is found in neither of two parts.
 */
export function lookedInto(headers: HeaderPairs, masks: readonly Mask[]): HeaderPairs {
  const whole = looksInto(masks)
  const passed = headers.filter(([name]) => name.toLowerCase() !== 'accept-encoding' && !(whole && PARTS.test(name)))
  return [...passed, ['Accept-Encoding', 'identity']]
}

/** Whether masks look into content, so that what cannot be looked into must not be shown. */
export const looksInto = (masks: readonly Mask[]): boolean => findingsOf(masks) !== undefined

/** RFC 9110 §10.2.2, §8.7. Redirects are passed on and never followed; one to the target itself has to lead here. */
function located(name: string, value: string, target: string, base: string): string {
  const lower = name.toLowerCase()
  if (lower !== 'location' && lower !== 'content-location') return value
  const { origin, pathname } = new URL(target)
  const below = pathname === '/' ? '' : pathname
  const path = value.startsWith(`${origin}/`) || value === origin ? value.slice(origin.length) || '/' : value
  if (!path.startsWith('/') || path.startsWith('//')) return value
  if (path !== below && !path.startsWith(`${below}/`)) return value
  return base + path.slice(below.length)
}
