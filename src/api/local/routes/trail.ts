import { z } from 'zod'
import type { StoredEntry } from '../../../trail/index.ts'
import { entryAnswer } from '../answers.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import type { Operator, TrailReading } from '../operator.ts'
import { entrySchema, referenceSchema, trailQuerySchema } from '../schemas.ts'
import { trailFilter } from '../trail-filter.ts'

export function trailRoutes(api: LocalApi, closing: AbortSignal): void {
  // The answer is a stream of `entrySchema` lines, which Fastify passes on as it is.
  api.get('/v1/trail', { config: { permission: 'trail.read' }, schema: { querystring: trailQuerySchema } }, async (request, reply) => {
    const { from, follow, opened, kind, run, session } = request.query
    const filter = { ...(kind ? { kind } : {}), ...(run ? { run } : {}), ...(session ? { session } : {}) }
    const reading: TrailReading = { from, follow, opened, ...(Object.keys(filter).length > 0 ? { filter } : {}) }
    const signal = untilGone(reply.raw, closing)
    return reply.type('application/x-ndjson').send(ndjson(answers(request.operator, reading, signal), signal))
  })

  api.get(
    '/v1/trail/:ref',
    { config: { permission: 'trail.read' }, schema: { params: z.object({ ref: referenceSchema }), response: { 200: entrySchema } } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      const entry = await findEntry(request.operator, request.params.ref, signal)
      if (!entry) throw new LocalError('GS_LOCAL_NOT_FOUND', 'The trail has no entry with this index or id.')
      const requests = await request.operator.requestsOf(entry, signal)
      return { ...entryAnswer(entry, true), ...(requests.length > 0 && { requests: [...requests] }) }
    },
  )
}

async function* answers(operator: Operator, reading: TrailReading, signal: AbortSignal) {
  const keep = trailFilter(reading.filter ?? {})
  // Which sessions are the run's is said where they were opened, which may be before the place that is read from.
  const learns = reading.filter?.run !== undefined && reading.from !== 0
  const whole = learns ? { ...reading, before: (entry: StoredEntry) => void keep(entry) } : reading
  for await (const entry of operator.readTrail(whole, signal)) if (keep(entry)) yield entryAnswer(entry, reading.opened)
}

/** An index is looked up; an id is searched for from the start, as ids of different boots have no order. */
async function findEntry(operator: Operator, ref: string, signal: AbortSignal): Promise<StoredEntry | undefined> {
  const index = /^\d+$/.test(ref) ? Number(ref) : undefined
  for await (const entry of operator.readTrail({ from: index ?? 0, follow: false, opened: true, entry: ref }, signal)) {
    if (index !== undefined) return entry.index === index ? entry : undefined
    if (entry.id === ref) return entry
  }
  return undefined
}
