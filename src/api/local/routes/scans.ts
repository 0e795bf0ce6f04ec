import { z } from 'zod'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import { scanRequestSchema } from '../scan-schemas.ts'

const params = z.object({ name: z.string().max(128) })

/** What a resource holds. */
export function scanRoutes(api: LocalApi, closing: AbortSignal): void {
  // The answer is a stream of `scanSchema` lines: it may take minutes. What cannot begin is still a status.
  api.post(
    '/v1/resources/:name/scan',
    { config: { permission: 'resources.scan' }, schema: { params, body: scanRequestSchema } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      const steps = await request.operator.scanResource({ ...request.body, resource: request.params.name }, signal)
      return reply.type('application/x-ndjson').send(ndjson(steps, signal))
    },
  )
}
