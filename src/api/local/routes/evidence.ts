import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Scope } from '../../../evidence/index.ts'
import type { FailureLog, LocalApi } from '../local-api.ts'
import { untilGone } from '../ndjson.ts'
import { exportQuerySchema, proofSchema, referenceSchema } from '../schemas.ts'
import { told } from './told.ts'

const params = z.object({ ref: referenceSchema })
const payload = z.string().regex(/^[a-z0-9.]{1,64}$/)
/** One name in a query is text, several are a list. */
const names = z.object({ payload: z.union([payload.transform((name) => [name]), z.array(payload).max(1000)]).optional() })

/** What goes to auditors and to the CI system. */
export function evidenceRoutes(api: LocalApi, log: FailureLog, closing: AbortSignal): void {
  // The answer is the archive itself; one that breaks off ends without its end.
  api.get(
    '/v1/trail/export',
    { config: { permission: 'trail.export' }, schema: { querystring: exportQuerySchema } },
    async (request, reply) => {
      const { payloads, ...scope } = request.query
      const { bytes } = await request.operator.exportTrail(scope as Scope, payloads, untilGone(reply.raw, closing))
      return reply.type('application/x-tar').send(Readable.from(told(bytes, log, '/v1/trail/export'), { objectMode: false }))
    },
  )

  api.get(
    '/v1/trail/:ref/proof',
    { config: { permission: 'trail.export' }, schema: { params, response: { 200: proofSchema } } },
    async (request, reply) => request.operator.prove(request.params.ref, untilGone(reply.raw, closing)),
  )

  api.get(
    '/v1/trail/:ref/disclosure',
    { config: { permission: 'trail.export' }, schema: { params, querystring: names } },
    async (request, reply) => {
      const text = await request.operator.disclose(request.params.ref, request.query.payload, untilGone(reply.raw, closing))
      return reply.type('application/json').send(text)
    },
  )

  api.get(
    '/v1/runs/:id/receipt',
    { config: { permission: 'trail.export' }, schema: { params: z.object({ id: z.string().max(128) }) } },
    async (request, reply) => reply.type('application/json').send(await request.operator.receipt(request.params.id)),
  )
}
