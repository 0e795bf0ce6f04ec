import { caAnswer, statusAnswer } from '../answers.ts'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import { caSchema, reloadedSchema, statusSchema } from '../schemas.ts'

/** The gateway itself: how it is, what it is trusted by, its configuration, its surroundings. */
export function maintenanceRoutes(api: LocalApi, closing: AbortSignal): void {
  api.get('/v1/status', { config: { permission: 'status.read' }, schema: { response: { 200: statusSchema } } }, async ({ operator }) =>
    statusAnswer(operator.status()),
  )
  api.get('/v1/ca', { config: { permission: 'status.read' }, schema: { response: { 200: caSchema } } }, async ({ operator }) =>
    caAnswer(await operator.namesCa()),
  )
  api.get('/v1/ca/interception', { config: { permission: 'status.read' }, schema: { response: { 200: caSchema } } }, async ({ operator }) =>
    caAnswer(await operator.interceptionCa()),
  )
  api.post(
    '/v1/reload',
    { config: { permission: 'gateway.operate' }, schema: { response: { 200: reloadedSchema } } },
    async ({ operator }) => operator.reload(),
  )

  // The answer is a stream of `findingSchema` lines: each as soon as it is found.
  api.get('/v1/doctor', { config: { permission: 'gateway.operate' } }, async ({ operator }, reply) => {
    const signal = untilGone(reply.raw, closing)
    return reply.type('application/x-ndjson').send(ndjson(operator.doctor(signal), signal))
  })
}
