import { Readable } from 'node:stream'
import { z } from 'zod'
import type { FailureLog, LocalApi } from '../local-api.ts'
import type { HoldView } from '../retention-operator.ts'
import {
  eraseSchema,
  erasureSchema,
  type HoldAnswer,
  holdExportQuerySchema,
  holdParamsSchema,
  holdSchema,
  liftSchema,
  placeSchema,
  pruneQuerySchema,
  pruningSchema,
} from '../retention-schemas.ts'
import { erasureAnswer } from './erasures.ts'
import { told } from './told.ts'

/** What is taken out of the trail, and what is kept in it. */
export function retentionRoutes(api: LocalApi, log: FailureLog): void {
  api.post(
    '/v1/trail/erase',
    { config: { permission: 'trail.erase' }, schema: { body: eraseSchema, response: { 200: erasureSchema } } },
    async (request) => erasureAnswer(await request.operator.eraseTrail(request.body)),
  )

  api.post(
    '/v1/trail/prune',
    { config: { permission: 'trail.prune' }, schema: { querystring: pruneQuerySchema, response: { 200: pruningSchema } } },
    async (request) => request.operator.pruneTrail(request.query.dryRun),
  )

  api.get('/v1/holds', { config: { permission: 'holds.read' }, schema: { response: { 200: z.array(holdSchema) } } }, async ({ operator }) =>
    (await operator.holds()).map(holdAnswer),
  )

  api.post(
    '/v1/holds',
    { config: { permission: 'holds.write' }, schema: { body: placeSchema, response: { 200: holdSchema } } },
    async (request) => holdAnswer(await request.operator.placeHold(request.body)),
  )

  const params = holdParamsSchema
  api.post(
    '/v1/holds/:id/lift',
    { config: { permission: 'holds.write' }, schema: { params, body: liftSchema, response: { 200: holdSchema } } },
    async (request) => holdAnswer(await request.operator.liftHold(request.params.id, request.body.reason)),
  )

  api.get(
    '/v1/holds/:id/export',
    { config: { permission: 'trail.export' }, schema: { params, querystring: holdExportQuerySchema } },
    async (request, reply) => {
      const { bytes } = await request.operator.exportHold(request.params.id, request.query.payloads)
      return reply.type('application/x-tar').send(Readable.from(told(bytes, log, '/v1/holds/:id/export'), { objectMode: false }))
    },
  )
}

function holdAnswer({ placedAt, copy, ...hold }: HoldView): HoldAnswer {
  return { ...hold, placedAt: new Date(placedAt).toISOString(), ...(copy && { copy: { ...copy } }) }
}
