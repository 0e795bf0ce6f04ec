import type { TlsOptions } from 'node:tls'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { SlackRequest } from '../../channels/index.ts'
import type { Throttle } from '../../identity/index.ts'
import type { People, SignedInPerson } from '../../identity/people/index.ts'
import { CodedError } from '../../operations/index.ts'
import { httpDoor, isLoopback, listenOn, type Misfit } from '../http/door.ts'
import { type FailureLog, type LocalApi, operatorRoutes, speakProblems, type ZodTypes } from '../local/local-api.ts'
import type { Operator } from '../local/operator.ts'
import type { Permission } from '../local/permissions.ts'
import { problemOf, statusOf } from '../local/problem.ts'
import { approvalPages } from './approval-pages.ts'
import { type Authenticated, authenticate, requireOurPage } from './authenticate.ts'
import { cutStreams } from './cut-streams.ts'
import { AdminDoorError } from './errors.ts'
import { frontPage } from './front-page.ts'
import { describeApi } from './openapi.ts'
import { ownRunRoutes } from './own-run-routes.ts'
import type { OwnRuns } from './own-runs.ts'
import { sendProblemPage } from './page-problem.ts'
import { mayDo } from './role-permissions.ts'
import { browserSignInRoutes, signInRoutes } from './sign-in-routes.ts'
import { slackRoute } from './slack-route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it; of routes that ask for a session. */
    authenticated: Authenticated
  }
}

export interface AdminDoorOptions {
  readonly people: People
  /** What a person may have done: everything recorded in that person's name. */
  readonly operatorFor: (person: SignedInPerson) => Operator
  /** What a person does at the planes. */
  readonly ownRuns: OwnRuns
  /** How browsers reach this door, `https://gw.example.org:8445`: what `Origin` must say, and where issuers send people back. */
  readonly origin: string
  readonly names: readonly string[]
  readonly tls?: TlsOptions | undefined
  readonly throttle: Throttle
  readonly logger?: FastifyBaseLogger | undefined
  /** Ends what is still streaming. */
  readonly closing: AbortSignal
  readonly version: string
  /** What Slack says of its buttons; absent where it cannot be asked anything. @throws ChannelError */
  readonly slack?: ((request: SlackRequest) => Promise<void>) | undefined
  /** Why no operation can be admitted now; undefined while they can. What `/health` says. */
  readonly unavailable: () => CodedError | undefined
}

export interface AdminDoor {
  /** @returns the port in use. @throws AdminDoorError GS_ADMIN_DOOR_PLAINTEXT */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>
  close(): Promise<void>
  /** Every route, with what it asks of its caller. */
  readonly routes: readonly { readonly method: string; readonly url: string; readonly permission: Permission }[]
  /** For tests without a port. */
  readonly server: LocalApi
}

const BODY_LIMIT = 64 * 1024

/** The admin door: the API for people and their tools, on a listener and an origin of its own. docs/api.md */
export async function adminDoor(options: AdminDoorOptions): Promise<AdminDoor> {
  const server = httpDoor({
    ...options,
    bodyLimit: BODY_LIMIT,
    contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
    refuse: refuseMisfit,
  }).withTypeProvider<ZodTypes>() as unknown as LocalApi
  const log: FailureLog = { error: (fields, message) => options.logger?.error(fields, message) }
  speakProblems(server, log)
  server.decorateRequest('authenticated')
  const routes: AdminDoor['routes'][number][] = []
  server.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) if (config?.permission) routes.push({ method: each, url, permission: config.permission })
  })
  await server.register(cookie)
  await server.register(formbody, { bodyLimit: BODY_LIMIT })
  await describeApi(server, options.version)
  server.addHook('onRequest', async (request, reply) => {
    const { permission } = request.routeOptions.config
    if (request.is404 || permission === 'anybody') return undefined
    try {
      const authenticated = authenticate(request, options.people.sessions)
      if (permission === undefined || !mayDo(authenticated.session.person.roles, permission))
        throw new AdminDoorError('GS_ADMIN_NOT_PERMITTED')
      request.authenticated = authenticated
      request.channel = authenticated.csrf === undefined ? 'cli' : 'console'
      request.operator = options.operatorFor(authenticated.session.person)
      return undefined
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      return refuse(reply, error, request)
    }
  })
  cutStreams(server, options.people.sessions)
  // Behind parsing: what shows that a form is ours stands in it. Before validation: nobody learns from it what a route takes.
  server.addHook('preValidation', async (request, reply) => {
    try {
      if (!request.authenticated) return undefined
      requireOurPage(request, request.authenticated, options.origin)
      // Whoever sends slowly may have been revoked meanwhile.
      if (!options.people.sessions.isLive(request.authenticated.session.id)) throw new AdminDoorError('GS_ADMIN_NOT_SIGNED_IN')
      return undefined
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      return refuse(reply, error, request)
    }
  })
  // For whoever watches over the gateway, who is nobody in particular.
  server.get('/health', { config: { permission: 'anybody' } }, async (_request, reply) => {
    const why = options.unavailable()
    return why ? reply.code(503).send(problemOf(why)) : { status: 'ok' }
  })
  browserSignInRoutes(server, options, log)
  signInRoutes(server, options)
  ownRunRoutes(server, options.ownRuns)
  frontPage(server, log)
  approvalPages(server, log)
  operatorRoutes(server, log, options.closing)
  if (options.slack) await slackRoute(server, options.slack)
  await server.ready()
  return {
    routes,
    server,
    async listen({ host, port }) {
      if (!options.tls && !isLoopback(host)) throw new AdminDoorError('GS_ADMIN_DOOR_PLAINTEXT')
      return listenOn(server as never, { host, port })
    },
    close: () => server.close() as unknown as Promise<void>,
  }
}

function refuse(reply: FastifyReply, error: CodedError, request?: FastifyRequest): FastifyReply {
  if (request?.routeOptions.config.page) return sendProblemPage(request, reply, error)
  const status = statusOf(error)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).send(problemOf(error))
}

function refuseMisfit(reply: FastifyReply, why: Misfit): FastifyReply {
  if (typeof why === 'object') {
    const { retryAfter } = why.throttled as { retryAfter?: number }
    reply.header('retry-after', String(retryAfter ?? 1))
    return refuse(reply, new AdminDoorError('GS_ADMIN_THROTTLED'))
  }
  if (why === 'misdirected') return refuse(reply, new AdminDoorError('GS_ADMIN_MISDIRECTED'))
  return refuse(reply, new AdminDoorError('GS_ADMIN_REQUEST_INVALID'))
}
