import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { isSessionToken, type PersonSession, type SessionsOfPeople } from '../../identity/people/index.ts'
import { sessionCookie } from './cookies.ts'
import { AdminDoorError } from './errors.ts'

export interface Authenticated {
  readonly session: PersonSession
  /** What a page of ours sends back with what changes something; undefined where no browser is involved. */
  readonly csrf: string | undefined
}

const UNCHANGING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Who sends this request: a command line by its bearer token, or a browser by its cookie.
 * @throws AdminDoorError GS_ADMIN_NOT_SIGNED_IN; PeopleError GS_PEOPLE_SESSION_INVALID
 */
export function authenticate(request: FastifyRequest, sessions: Pick<SessionsOfPeople, 'authenticate'>): Authenticated {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const [, token = ''] = /^Bearer +([\w-]{1,200})$/i.exec(authorization) ?? []
    // A run's credential is not even looked up here: it opens planes, never this door.
    if (!isSessionToken(token)) throw new AdminDoorError('GS_ADMIN_NOT_SIGNED_IN')
    return { session: sessions.authenticate(token), csrf: undefined }
  }
  const token = sessionCookie(request)
  if (token === undefined || !isSessionToken(token)) throw new AdminDoorError('GS_ADMIN_NOT_SIGNED_IN')
  return { session: sessions.authenticate(token), csrf: csrfOf(token) }
}

/**
 * A browser adds its cookie also to what another site made it send: so what changes something must come from a page of ours, and show that it was made for
 * this session.
 *
 * @param origin of this door, as browsers name it
 * @throws AdminDoorError GS_ADMIN_CROSS_SITE
 */
export function requireOurPage(request: FastifyRequest, { csrf }: Authenticated, origin: string): void {
  if (csrf === undefined || UNCHANGING.has(request.method)) return
  requireOrigin(request, origin)
  requireCsrf(request, csrf)
}

/** @throws AdminDoorError GS_ADMIN_CROSS_SITE where a page of another site, or nobody knows which, sent this */
export function requireOrigin({ headers }: FastifyRequest, origin: string): void {
  // Fetch standard, "Origin": browsers send it with every request that is not GET or HEAD.
  if (headers.origin !== origin) throw new AdminDoorError('GS_ADMIN_CROSS_SITE')
}

/** Follows from the session's token, which no page can read, and does not lead back to it. */
function csrfOf(token: string): string {
  return createHash('sha256').update(`gatescribe csrf\0${token}`).digest('base64url')
}

function requireCsrf({ headers, body }: FastifyRequest, expected: string): void {
  const sent = headers['x-gatescribe-csrf'] ?? (typeof body === 'object' && body !== null ? (body as { csrf?: unknown }).csrf : undefined)
  const [given, wanted] = [Buffer.from(typeof sent === 'string' ? sent : ''), Buffer.from(expected)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new AdminDoorError('GS_ADMIN_CROSS_SITE')
}
