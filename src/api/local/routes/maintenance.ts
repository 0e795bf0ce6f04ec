import { caAnswer, statusAnswer } from '../answers.ts'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import type { Operator } from '../operator.ts'
import { caSchema, reloadedSchema, statusSchema } from '../schemas.ts'

/** The gateway itself: how it is, what it is trusted by, its configuration, its surroundings. */
export function maintenanceRoutes(api: LocalApi, operator: Operator, closing: AbortSignal): void {
  api.get('/v1/status', { schema: { response: { 200: statusSchema } } }, async () => statusAnswer(operator.status()))
  api.get('/v1/ca', { schema: { response: { 200: caSchema } } }, async () => caAnswer(await operator.namesCa()))
  api.post('/v1/reload', { schema: { response: { 200: reloadedSchema } } }, async () => operator.reload())

  // The answer is a stream of `findingSchema` lines: each as soon as it is found.
  api.get('/v1/doctor', async (_request, reply) => {
    const signal = untilGone(reply.raw, closing)
    return reply.type('application/x-ndjson').send(ndjson(operator.doctor(signal), signal))
  })
}
