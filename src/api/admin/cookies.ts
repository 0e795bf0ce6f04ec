import type { FastifyReply, FastifyRequest } from 'fastify'
import { PENDING_FOR } from '../../identity/people/index.ts'

/** RFC 6265bis §4.1.3.2: a browser takes these from this very host only, over TLS or loopback, and sends them nowhere else. */
const SESSION = '__Host-gatescribe'
const PENDING = '__Host-gatescribe-signin'
const RETURN = '__Host-gatescribe-return'

const COMMON = { path: '/', secure: true, httpOnly: true } as const
/** Never sent with a request that another site began, not even a link. */
const STRICT = { ...COMMON, sameSite: 'strict' } as const
/** The issuer sends the browser back from another site. */
const LAX = { ...COMMON, sameSite: 'lax', maxAge: PENDING_FOR / 1000 } as const

export const sessionCookie = (request: FastifyRequest): string | undefined => request.cookies[SESSION]
export const setSessionCookie = (reply: FastifyReply, token: string) => reply.setCookie(SESSION, token, STRICT)
export const clearSessionCookie = (reply: FastifyReply) => reply.clearCookie(SESSION, STRICT)

/** What a browser keeps while its person is at the issuer. */
export const pendingCookie = (request: FastifyRequest) => ({ pending: request.cookies[PENDING], to: request.cookies[RETURN] })
export const setPendingCookie = (reply: FastifyReply, pending: string, to: string) =>
  reply.setCookie(PENDING, pending, LAX).setCookie(RETURN, to, LAX)
export const clearPendingCookie = (reply: FastifyReply) => reply.clearCookie(PENDING, LAX).clearCookie(RETURN, LAX)
