import { z } from 'zod'
import { breakGlassAnswer } from '../break-glass-answers.ts'
import {
  breakGlassParamsSchema,
  breakGlassSchema,
  closeBreakGlassSchema,
  requestBreakGlassSchema,
  reviewBreakGlassSchema,
  shownBreakGlassSchema,
} from '../break-glass-schemas.ts'
import type { LocalApi } from '../local-api.ts'

/** What two persons open for one of them in an emergency. Which of them may do what, the room judges besides. */
export function breakGlassRoutes(api: LocalApi): void {
  const params = breakGlassParamsSchema
  const response = { 200: breakGlassSchema }

  api.get(
    '/v1/breakglass',
    { config: { permission: 'breakglass.read' }, schema: { response: { 200: z.array(breakGlassSchema) } } },
    async ({ operator }) => (await operator.breakGlasses()).map(breakGlassAnswer),
  )

  api.get(
    '/v1/breakglass/:id',
    { config: { permission: 'breakglass.open' }, schema: { params, response: { 200: shownBreakGlassSchema } } },
    async (request) => breakGlassAnswer(await request.operator.breakGlass(request.params.id)),
  )

  api.post(
    '/v1/breakglass',
    { config: { permission: 'breakglass.request' }, schema: { body: requestBreakGlassSchema, response } },
    async ({ operator, body }) => breakGlassAnswer(await operator.requestBreakGlass(body)),
  )

  api.post('/v1/breakglass/:id/confirm', { config: { permission: 'breakglass.confirm' }, schema: { params, response } }, async (request) =>
    breakGlassAnswer(await request.operator.confirmBreakGlass(request.params.id)),
  )

  api.post(
    '/v1/breakglass/:id/close',
    { config: { permission: 'breakglass.close' }, schema: { params, body: closeBreakGlassSchema, response } },
    async ({ operator, params: { id }, body: { reason } }) => breakGlassAnswer(await operator.closeBreakGlass(id, reason)),
  )

  api.post(
    '/v1/breakglass/:id/review',
    { config: { permission: 'breakglass.review' }, schema: { params, body: reviewBreakGlassSchema, response } },
    async ({ operator, params: { id }, body: { note } }) => breakGlassAnswer(await operator.reviewBreakGlass(id, note)),
  )
}
