import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addressKey } from '../../identity/index.ts'
import { exchangeRefusal, type Refused, refuse } from './answers.ts'
import type { TokenDoorOptions } from './door.ts'

/** What holds for every request here, in this order, before its route sees it. */
export function guardRequests(server: FastifyInstance, options: TokenDoorOptions): void {
  const names = new Set(options.names.map((name) => name.toLowerCase()))
  server.addHook('onRequest', async (request, reply) => setSecurityHeaders(request, reply, options.tls !== undefined))
  server.addHook('onRequest', async (request, reply) => requireOurName(request, reply, names))
  server.addHook('onRequest', async (request, reply) => limitRate(request, reply, options))
  server.addHook('onRequest', async (request, reply) => refuseQuery(request, reply))
  server.addHook('onResponse', async (request, reply) => {
    // The route's pattern, not the URL: what a client puts there is not ours to keep.
    request.log.info(
      { id: request.id, method: request.method, route: request.routeOptions.url ?? null, status: reply.statusCode },
      'answered',
    )
  })
}

export function answer(reply: FastifyReply, { status, body, headers }: Refused): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply, tls: boolean): void {
  reply.headers({
    'x-request-id': request.id,
    // RFC 6749 §5.1.
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    ...(tls && { 'strict-transport-security': 'max-age=31536000' }),
  })
}

/** Listener, TLS server name and Host agree, or RFC 9110 §15.5.20: misdirected. */
function requireOurName(request: FastifyRequest, reply: FastifyReply, names: ReadonlySet<string>): FastifyReply | undefined {
  // RFC 9112 §3.2.2: a whole URL, which is for proxies, would overrule Host.
  if (!request.raw.url?.startsWith('/'))
    return answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'the target of a request is a path'))
  // RFC 9112 §3.2. Node reads the first of several; whatever stands in front may have read another.
  if ((request.raw.headersDistinct?.host?.length ?? 0) > 1)
    return answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'Host is repeated'))
  const host = hostOf(request.headers.host)
  const serverName = (request.raw.socket as Partial<TLSSocket>).servername
  const agree = typeof serverName !== 'string' || serverName === '' || serverName.toLowerCase() === host
  if (host !== undefined && names.has(host) && agree) return undefined
  return answer(reply, refuse(421, 'invalid_request', 'GS_TOKEN_MISDIRECTED'))
}

/** RFC 9110 §7.2: a host and perhaps a port, as they are. A URL parser would also read a user before them, a path behind, or homoglyphs. */
function hostOf(header: string | undefined): string | undefined {
  const [, name, address] = /^(?:([A-Za-z0-9._-]+)|\[([0-9A-Fa-f:.]+)\])(?::\d{1,5})?$/.exec(header ?? '') ?? []
  return (name ?? address)?.toLowerCase()
}

function limitRate(request: FastifyRequest, reply: FastifyReply, options: TokenDoorOptions): FastifyReply | undefined {
  try {
    options.throttle.take(addressKey(request.ip))
    return undefined
  } catch (error) {
    return answer(reply, exchangeRefusal(error))
  }
}

/** Nothing here has a query, and a credential in one would end up in the logs of every proxy on the way. */
function refuseQuery(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  if (!request.raw.url?.includes('?')) return undefined
  return answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'nothing is taken from the query'))
}
