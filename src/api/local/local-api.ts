import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyTypeProvider, type RawServerDefault } from 'fastify'
import type { z } from 'zod'
import './declared.ts'
import { LocalError } from './errors.ts'
import type { Operator } from './operator.ts'
import { codedError, problemOf, statusOf } from './problem.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { breakGlassRoutes } from './routes/break-glass.ts'
import { connectorRoutes } from './routes/connectors.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { exportRoutes } from './routes/exports.ts'
import { keyRoutes } from './routes/keys.ts'
import { maintenanceRoutes } from './routes/maintenance.ts'
import { pastSessionRoutes } from './routes/past-sessions.ts'
import { personRoutes } from './routes/persons.ts'
import { policyRoutes } from './routes/policy.ts'
import { resourceRoutes } from './routes/resources.ts'
import { retentionRoutes } from './routes/retention.ts'
import { runRoutes } from './routes/runs.ts'
import { scanRoutes } from './routes/scans.ts'
import { searchRoutes } from './routes/search.ts'
import { secretRoutes } from './routes/secrets.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { toolRoutes } from './routes/tools.ts'
import { trailRoutes } from './routes/trail.ts'

/** Routes are typed by the zod schemas that they declare. */
export interface ZodTypes extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown
}

export type LocalApi = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypes>

/** Where a failure that nobody expected is written; the caller only learns that there was one. */
export interface FailureLog {
  error(fields: { err: unknown; route?: string }, message: string): void
}

/**
 * The API that the commands speak, over an Operator; not listening yet (see `listenLocally` and `injectTransport`).
 * It authenticates nobody: whoever can open the 0600 socket is the user that the gateway runs as, or root, and could read
 * the data folder as well. Node does not tell SO_PEERCRED, so the two are not told apart.
 *
 * @param closing ends what is still streaming
 */
export function localApi(operator: Operator, log: FailureLog, closing: AbortSignal): LocalApi {
  const api = Fastify({ bodyLimit: 64 * 1024, forceCloseConnections: true }).withTypeProvider<ZodTypes>()
  speakProblems(api, log)
  api.addHook('onRequest', async (request) => {
    request.operator = operator
    request.channel = 'cli'
  })
  operatorRoutes(api, log, closing)
  return api
}

/** Requests are checked by zod, and whatever goes wrong is answered as a problem: {code, message, next}. A route that declares no permission is refused. */
export function speakProblems(api: LocalApi, log: FailureLog): void {
  api.setValidatorCompiler<z.ZodType>(({ schema }) => (value) => {
    const read = schema.safeParse(value)
    return read.success ? { value: read.data } : { error: read.error }
  })
  api.setSerializerCompiler<z.ZodType>(
    ({ schema }) =>
      (value) =>
        JSON.stringify(schema.parse(value)),
  )
  // A secret is passed as it is: no JSON around it that would have to be copied to be read.
  api.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  api.setNotFoundHandler((_request, reply) => {
    reply.code(404).send(problemOf(new LocalError('GS_LOCAL_BAD_REQUEST', 'The gateway does not know this request.')))
  })
  api.setErrorHandler((error, request, reply) => {
    const coded = codedError(error)
    if (coded.code === 'GS_LOCAL_FAILED')
      log.error({ err: error, ...(request.routeOptions.url ? { route: request.routeOptions.url } : {}) }, 'a request failed')
    reply.code(statusOf(coded)).send(problemOf(coded))
  })
  api.addHook('onRoute', ({ url, config }) => {
    if (config?.permission === undefined) throw new Error(`the route ${url} does not declare what it needs of its caller`)
  })
  api.decorateRequest('operator')
  api.decorateRequest('channel')
}

/** Everything that an Operator may do, at any door. */
export function operatorRoutes(api: LocalApi, log: FailureLog, closing: AbortSignal): void {
  maintenanceRoutes(api, closing)
  runRoutes(api)
  resourceRoutes(api)
  connectorRoutes(api)
  scanRoutes(api, closing)
  toolRoutes(api)
  sessionRoutes(api)
  approvalRoutes(api)
  breakGlassRoutes(api)
  pastSessionRoutes(api, closing)
  trailRoutes(api, closing)
  evidenceRoutes(api, log, closing)
  exportRoutes(api)
  retentionRoutes(api, log)
  erasureRoutes(api)
  searchRoutes(api, closing)
  keyRoutes(api, closing)
  policyRoutes(api, closing)
  personRoutes(api)
  secretRoutes(api)
}
