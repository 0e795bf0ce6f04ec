import { randomBytes } from 'node:crypto'
import type { TlsOptions } from 'node:tls'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { LoginThrottle, RunCredentials, Throttle, TokenExchange } from '../../identity/index.ts'
import type { CodedError } from '../../operations/index.ts'
import type { RunLifeCycle, Runs } from '../../runs/index.ts'
import { exchangeRefusal, refuse } from './answers.ts'
import { TokenDoorError } from './errors.ts'
import { exchangeRoute } from './exchange-route.ts'
import { answer, guardRequests, setSecurityHeaders } from './hooks.ts'
import { limitConnections } from './limit-connections.ts'
import { plainRoutes } from './plain-routes.ts'
import { runRoutes } from './run-routes.ts'

export interface TokenDoorOptions {
  readonly exchange: TokenExchange
  readonly credentials: RunCredentials
  readonly runs: Runs & RunLifeCycle
  /** What a run came to and that it is in the log, JSON. @throws CodedError where the run is live, or it cannot be told */
  readonly receipt: (run: string) => Promise<string>
  /** Names under which this door may be addressed (Host, and TLS server name): those of `gateway.tls`, and loopback names in tests. */
  readonly names: readonly string[]
  /** Where jobs find the PostgreSQL plane, if it is to be told. */
  readonly postgres?: { readonly host: string; readonly port: number }
  /** The CA that signed our certificates, PEM; undefined where the operator brought a certificate. */
  readonly ca: () => string | undefined
  /** Why no operation can be admitted now; undefined while they can. What `/health` says. */
  readonly unavailable: () => CodedError | undefined
  /** Certificate and key, or an SNICallback. Without it the door only listens on loopback. */
  readonly tls?: TlsOptions
  /** All requests, per address. */
  readonly throttle: Throttle
  /** Failed run handles, per address. */
  readonly failures: LoginThrottle
  /** How long a client may take for the TLS handshake, and then for each request, ms. Default 10,000. */
  readonly patience?: number
  /** Gets method, path, status and request id; never a header, query or body. */
  readonly logger?: FastifyBaseLogger
}

export interface TokenDoor {
  /** @returns the port in use. @throws TokenDoorError GS_TOKEN_DOOR_PLAINTEXT */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>
  /** Answers what is in flight, closes idle connections. */
  close(): Promise<void>
  /** For tests without a port, and to describe the routes. */
  readonly server: FastifyInstance
}

/** RFC 8693 says nothing of sizes; tokens with many groups reach a few KiB. */
const BODY_LIMIT = 64 * 1024
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** The token door: exchange and run life cycle, on a listener of its own. docs/identity.md shows it from outside. */
export function tokenDoor(options: TokenDoorOptions): TokenDoor {
  const { patience = 10_000 } = options
  // Node looks only every 30 s by default, and grants a handshake two minutes: a few idle sockets would keep everybody out.
  const slow = { connectionsCheckingInterval: Math.min(1_000, patience / 2), handshakeTimeout: patience }
  const common = {
    ...(options.logger && { loggerInstance: options.logger }),
    // Ours are in the hooks: Fastify's own lines hold the URL, and a credential may have been put there by mistake.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: patience,
    connectionTimeout: 15_000,
    keepAliveTimeout: 5_000,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    // A path that cannot be decoded reaches no hook; its answer would be Fastify's own, and quote it.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setSecurityHeaders(request, reply, options.tls !== undefined)
      answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'the path is not a path'))
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
  // Only a form is read, and only where a route says so; everything else is 415.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  guardRequests(server, options)
  server.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ err: { name: error.name, message: error.message } }, 'token door failed')
    const refused = status >= 500 ? exchangeRefusal(undefined) : refuse(status, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID')
    return answer(reply, refused)
  })
  server.setNotFoundHandler((_request, reply) =>
    answer(reply, refuse(404, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'nothing is at this path')),
  )
  exchangeRoute(server, options)
  runRoutes(server, options)
  plainRoutes(server, options)
  return {
    server,
    async listen({ host, port }) {
      if (!options.tls && !LOOPBACK.has(host)) throw new TokenDoorError('GS_TOKEN_DOOR_PLAINTEXT')
      await server.listen({ host, port })
      const address = server.server.address()
      return typeof address === 'object' && address ? address.port : port
    },
    close: () => server.close(),
  }
}
