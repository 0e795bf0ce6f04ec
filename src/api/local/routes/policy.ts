import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import type { Operator } from '../operator.ts'
import { explainedEntrySchema, explainRequestSchema, MAX_REPLAY_BYTES, replayRequestSchema } from '../policy-schemas.ts'

/** Rules against what was recorded. */
export function policyRoutes(api: LocalApi, operator: Operator, closing: AbortSignal): void {
  const bodyLimit = MAX_REPLAY_BYTES

  // The answer is a stream of `replaySchema` lines: it may take minutes. What is wrong with the candidate is still a status.
  api.post('/v1/policy/replay', { bodyLimit, schema: { body: replayRequestSchema } }, async (request, reply) => {
    const signal = untilGone(reply.raw, closing)
    return reply.type('application/x-ndjson').send(ndjson(await operator.replayPolicy(request.body, signal), signal))
  })

  api.post(
    '/v1/policy/explain',
    { bodyLimit, schema: { body: explainRequestSchema, response: { 200: explainedEntrySchema } } },
    async (request, reply) => operator.explainEntry(request.body, untilGone(reply.raw, closing)),
  )
}
