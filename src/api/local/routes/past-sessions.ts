import { z } from 'zod'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import { runTranscriptQuerySchema } from '../past-run-schemas.ts'
import { pastSessionsQuerySchema, pastSessionsSchema, transcriptQuerySchema } from '../past-session-schemas.ts'

const runParams = z.object({ id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'the public id of a run, run_…') })
const params = z.object({ id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'the id of a session, ses_…') })

/** Sessions that are over, and what happened in any of them. */
export function pastSessionRoutes(api: LocalApi, closing: AbortSignal): void {
  api.get(
    '/v1/trail/sessions',
    { config: { permission: 'trail.read' }, schema: { querystring: pastSessionsQuerySchema, response: { 200: pastSessionsSchema } } },
    async (request) => request.operator.pastSessions(request.query),
  )

  // The answer is a stream of `transcriptSchema` lines. What there is none of is still a status.
  api.get(
    '/v1/trail/sessions/:id/transcript',
    { config: { permission: 'trail.read' }, schema: { params, querystring: transcriptQuerySchema } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      const lines = await request.operator.transcript({ ...request.query, session: request.params.id }, signal)
      return reply.type('application/x-ndjson').send(ndjson(lines, signal))
    },
  )

  // Likewise, of `runTranscriptSchema`.
  api.get(
    '/v1/trail/runs/:id/transcript',
    { config: { permission: 'trail.read' }, schema: { params: runParams, querystring: runTranscriptQuerySchema } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      const lines = await request.operator.runTranscript({ ...request.query, run: request.params.id }, signal)
      return reply.type('application/x-ndjson').send(ndjson(lines, signal))
    },
  )
}
