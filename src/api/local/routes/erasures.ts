import { z } from 'zod'
import type { LocalApi } from '../local-api.ts'
import type { ErasureReport, ErasureRequestView } from '../retention-operator.ts'
import {
  denyErasureSchema,
  type ErasureAnswer,
  type ErasureRequestAnswer,
  erasureParamsSchema,
  erasureRequestSchema,
  erasureSchema,
  shownErasureRequestSchema,
} from '../retention-schemas.ts'

/** Requests for erasure, which another person answers than the one who asked. */
export function erasureRoutes(api: LocalApi): void {
  const params = erasureParamsSchema
  const config = { permission: 'trail.erase' } as const

  api.get('/v1/erasures', { config, schema: { response: { 200: z.array(erasureRequestSchema) } } }, async ({ operator }) =>
    (await operator.erasureRequests()).map(erasureRequestAnswer),
  )

  api.get('/v1/erasures/:id', { config, schema: { params, response: { 200: shownErasureRequestSchema } } }, async (request) => {
    const { asker, reason, ...shown } = await request.operator.erasureRequest(request.params.id)
    return { ...erasureRequestAnswer(shown), ...(asker && { asker }), ...(reason !== undefined && { reason }) }
  })

  api.post('/v1/erasures/:id/approve', { config, schema: { params, response: { 200: erasureSchema } } }, async (request) =>
    erasureAnswer(await request.operator.approveErasure(request.params.id)),
  )

  api.post(
    '/v1/erasures/:id/deny',
    { config, schema: { params, body: denyErasureSchema, response: { 200: erasureRequestSchema } } },
    async (request) => erasureRequestAnswer(await request.operator.denyErasure(request.params.id, request.body.reason)),
  )
}

export function erasureAnswer({ runs, sessions, request, ...report }: ErasureReport): ErasureAnswer {
  return { ...report, runs: [...runs], sessions: [...sessions], ...(request && { request: erasureRequestAnswer(request) }) }
}

function erasureRequestAnswer({ askedAt, expiresAt, endedAt, ...request }: ErasureRequestView): ErasureRequestAnswer {
  const moment = (at: number) => new Date(at).toISOString()
  return {
    ...request,
    askedAt: moment(askedAt),
    expiresAt: moment(expiresAt),
    ...(endedAt !== undefined && { endedAt: moment(endedAt) }),
  }
}
