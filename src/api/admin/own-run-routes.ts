import { z } from 'zod'
import type { LocalApi } from '../local/local-api.ts'
import { type LaunchedOwnRunAnswer, launchedOwnRunSchema, ownRunLifeSchema, ownRunSchema, startOwnRunSchema } from './own-run-schemas.ts'
import type { OwnRun, OwnRuns } from './own-runs.ts'

/** Persons at the planes, in their own name. Only at this door: elsewhere nobody knows which person it is. */
export function ownRunRoutes(api: LocalApi, ownRuns: OwnRuns): void {
  const config = { permission: 'planes.use' } as const
  const params = z.object({ id: z.string().max(64) })

  api.post(
    '/v1/runs/mine',
    { config, schema: { body: startOwnRunSchema, response: { 200: ownRunSchema } } },
    async ({ authenticated, body }, reply) => {
      const { planes, ca, database, resource, ...life } = await ownRuns.start(authenticated.session, body.resource)
      reply.header('cache-control', 'no-store')
      return {
        ...{ ...lifeAnswer(life), resource, planes },
        ...(database !== undefined && { database }),
        ...(ca !== undefined && { ca }),
      }
    },
  )

  api.post(
    '/v1/runs/mine/launched',
    { config, schema: { body: z.strictObject({}), response: { 200: launchedOwnRunSchema } } },
    async ({ authenticated }, reply) => {
      const { gateway, exchange, ca } = await ownRuns.launch(authenticated.session)
      reply.header('cache-control', 'no-store')
      return { gateway, exchange: exchange as LaunchedOwnRunAnswer['exchange'], ...(ca !== undefined && { ca }) }
    },
  )

  api.post('/v1/runs/mine/:id/renew', { config, schema: { params, response: { 200: ownRunLifeSchema } } }, async (request) =>
    lifeAnswer(ownRuns.renew(request.authenticated.session, request.params.id)),
  )

  api.post('/v1/runs/mine/:id/end', { config, schema: { params, response: { 204: z.void() } } }, async (request, reply) => {
    ownRuns.end(request.authenticated.session, request.params.id)
    return reply.code(204).send()
  })
}

function lifeAnswer({ run, expiresAt, until }: Pick<OwnRun, 'run' | 'expiresAt' | 'until'>) {
  return { run, expiresAt: new Date(expiresAt).toISOString(), until: new Date(until).toISOString() }
}
