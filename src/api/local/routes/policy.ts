import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import {
  casesRequestSchema,
  checkedRulesSchema,
  explainedEntrySchema,
  explainRequestSchema,
  MAX_REPLAY_BYTES,
  replayRequestSchema,
  rulesRequestSchema,
  testedRulesSchema,
} from '../policy-schemas.ts'

/** Rules against what was recorded. */
export function policyRoutes(api: LocalApi, closing: AbortSignal): void {
  const limit = { bodyLimit: MAX_REPLAY_BYTES, config: { permission: 'trail.read' } } as const

  const rules = { bodyLimit: MAX_REPLAY_BYTES, config: { permission: 'policy.read' } } as const
  api.post(
    '/v1/policy/check',
    { ...rules, schema: { body: rulesRequestSchema, response: { 200: checkedRulesSchema } } },
    async ({ operator, body }) => operator.checkRules(body.configuration),
  )

  api.post('/v1/policy/test', { ...rules, schema: { body: casesRequestSchema, response: { 200: testedRulesSchema } } }, async (request) =>
    request.operator.testRules(request.body),
  )

  // The answer is a stream of `replaySchema` lines: it may take minutes. What is wrong with the candidate is still a status.
  api.post('/v1/policy/replay', { ...limit, schema: { body: replayRequestSchema } }, async (request, reply) => {
    const signal = untilGone(reply.raw, closing)
    return reply.type('application/x-ndjson').send(ndjson(await request.operator.replayPolicy(request.body, signal), signal))
  })

  api.post(
    '/v1/policy/explain',
    { ...limit, schema: { body: explainRequestSchema, response: { 200: explainedEntrySchema } } },
    async (request, reply) => request.operator.explainEntry(request.body, untilGone(reply.raw, closing)),
  )
}
