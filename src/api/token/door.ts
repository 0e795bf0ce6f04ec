import type { TlsOptions } from 'node:tls'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { BearerPlane, LoginThrottle, RunCredentials, Throttle, TokenExchange } from '../../identity/index.ts'
import type { CodedError, Run } from '../../operations/index.ts'
import type { RunLifeCycle, Runs } from '../../runs/index.ts'
import { httpDoor, isLoopback, listenOn } from '../http/door.ts'
import type { AccountAnswer } from './account-answer.ts'
import { exchangeRefusal, refuse } from './answers.ts'
import { TokenDoorError } from './errors.ts'
import { exchangeRoute } from './exchange-route.ts'
import { answer, refuseMisfit, refuseQueries } from './hooks.ts'
import { plainRoutes } from './plain-routes.ts'
import { runRoutes } from './run-routes.ts'
import type { HttpsPlaneAnswer, PostgresResources } from './schemas.ts'

export interface TokenDoorOptions {
  readonly exchange: TokenExchange
  readonly credentials: RunCredentials
  readonly runs: Runs & RunLifeCycle
  /** What a run came to and that it is in the log, JSON. @throws CodedError where the run is live, or it cannot be told */
  readonly receipt: (run: string) => Promise<string>
  /** What a run came to at each resource. @throws CodedError where the run is live, or it cannot be told */
  readonly account: (run: string) => Promise<AccountAnswer>
  /** Names under which this door may be addressed (Host, and TLS server name): those of `gateway.tls`, and loopback names in tests. */
  readonly names: readonly string[]
  /** Where jobs find the PostgreSQL plane, if it is to be told. */
  readonly postgres?: {
    /** Absent where there is no such door. */
    readonly host?: string
    readonly port?: number
    /** What a run may open there. */
    reachable?(run: Run): PostgresResources
  }
  /** Where jobs find the planes behind the https door, and what a run may open there; absent: there is no such door. */
  readonly https?: {
    readonly host: string
    readonly port: number
    /** Where it takes spans. */
    readonly otlp?: string
    reachable(run: Run, plane: BearerPlane): HttpsPlaneAnswer['resources']
  }
  /** Where jobs find the forward proxy; absent: there is none. */
  readonly proxy?: () => { readonly host: string; readonly port: number; readonly ca?: string }
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

/** The token door: exchange and run life cycle, on a listener of its own. docs/identity.md shows it from outside. */
export function tokenDoor(options: TokenDoorOptions): TokenDoor {
  const server = httpDoor({
    ...options,
    bodyLimit: BODY_LIMIT,
    contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
    refuse: refuseMisfit,
  })
  // Only a form is read, and only where a route says so; everything else is 415.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  refuseQueries(server)
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
      if (!options.tls && !isLoopback(host)) throw new TokenDoorError('GS_TOKEN_DOOR_PLAINTEXT')
      return listenOn(server, { host, port })
    },
    close: () => server.close(),
  }
}
