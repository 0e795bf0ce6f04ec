import { randomBytes } from 'node:crypto'
import { isIP, type Server } from 'node:net'
import type { TlsOptions } from 'node:tls'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { addressKey, type Throttle } from '../../identity/index.ts'
import { limitConnections } from './limit-connections.ts'
import { isAddressedTo } from './own-name.ts'

/** Why a request is answered before any route sees it. */
export type Misfit =
  /** Its target is no path, or one that cannot be decoded (RFC 9112 §3.2.2). */
  | 'not-a-path'
  | 'host-repeated'
  /** Listener, TLS server name and Host do not agree (RFC 9110 §15.5.20). */
  | 'misdirected'
  | { readonly throttled: unknown }

export interface HttpDoorOptions {
  /** Names under which this door may be addressed (Host, and TLS server name). */
  readonly names: readonly string[]
  /** Certificate and key, or an SNICallback. Without it the door only listens on loopback. */
  readonly tls?: TlsOptions | undefined
  /** All requests, per address. */
  readonly throttle: Throttle
  /** How long a client may take for the TLS handshake, and then for each request, ms. Default 10,000. */
  readonly patience?: number | undefined
  /** Gets method, route, status and request id; never a header, path, query or body. */
  readonly logger?: FastifyBaseLogger | undefined
  /** Bytes of a body. */
  readonly bodyLimit: number
  /** Of every answer, unless a route says otherwise. */
  readonly contentSecurityPolicy: string
  /** Says no in this door's own form. */
  readonly refuse: (reply: FastifyReply, why: Misfit) => FastifyReply
}

/** What holds for every door that speaks HTTP: time limits, names, rates, headers, what is logged. Routes and errors are the door's own. */
export function httpDoor(options: HttpDoorOptions): FastifyInstance {
  const { patience = 10_000, refuse } = options
  // Node looks only every 30 s by default, and grants a handshake two minutes: a few idle sockets would keep everybody out.
  const slow = { connectionsCheckingInterval: Math.min(1_000, patience / 2), handshakeTimeout: patience }
  const common = {
    ...(options.logger && { loggerInstance: options.logger }),
    // Ours are below: Fastify's own lines hold the URL, and a credential may have been put there by mistake.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    requestTimeout: patience,
    connectionTimeout: 15_000,
    keepAliveTimeout: 5_000,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    // A path that cannot be decoded reaches no hook; its answer would be Fastify's own, and quote it.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setHeaders(request, reply, options)
      refuse(reply, 'not-a-path')
    },
    genReqId: () => `req_${randomBytes(10).toString('hex')}`,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  } as const
  // Fastify types the two servers apart; nothing here depends on which one it is.
  const server = options.tls
    ? (fastify({
        ...common,
        https: { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], ...slow, ...options.tls },
      }) as unknown as FastifyInstance)
    : fastify({ ...common, http: slow })
  server.server.maxConnections = 1_000
  limitConnections(server.server, 250)
  // Node swaps the two where this one is the longer, and would grant a body its 60 s.
  server.server.headersTimeout = patience
  const names = new Set(options.names.map((name) => name.toLowerCase()))
  server.addHook('onRequest', async (request, reply) => setHeaders(request, reply, options))
  server.addHook('onRequest', async (request, reply) => {
    // A whole URL, which is for proxies, would overrule Host.
    if (!request.raw.url?.startsWith('/')) return refuse(reply, 'not-a-path')
    // RFC 9112 §3.2. Node reads the first of several; whatever stands in front may have read another.
    if ((request.raw.headersDistinct?.host?.length ?? 0) > 1) return refuse(reply, 'host-repeated')
    return isAddressedTo(request, names) ? undefined : refuse(reply, 'misdirected')
  })
  server.addHook('onRequest', async (request, reply) => {
    try {
      options.throttle.take(addressKey(request.ip))
      return undefined
    } catch (error) {
      return refuse(reply, { throttled: error })
    }
  })
  server.addHook('onResponse', async (request, reply) => {
    // The route's pattern, not the URL: what a client puts there is not ours to keep.
    request.log.info(
      { id: request.id, method: request.method, route: request.routeOptions.url ?? null, status: reply.statusCode },
      'answered',
    )
  })
  return server
}

/** Whether nobody on another machine reaches what listens there. */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** @returns the port in use */
export async function listenOn(server: FastifyInstance, address: { readonly host: string; readonly port: number }): Promise<number> {
  await server.listen({ host: address.host, port: address.port })
  const bound = (server.server as Server).address()
  return typeof bound === 'object' && bound ? bound.port : address.port
}

function setHeaders(request: FastifyRequest, reply: FastifyReply, { tls, contentSecurityPolicy }: HttpDoorOptions): void {
  reply.headers({
    'x-request-id': request.id,
    // RFC 6749 §5.1.
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
    ...(tls && { 'strict-transport-security': 'max-age=31536000' }),
  })
}
