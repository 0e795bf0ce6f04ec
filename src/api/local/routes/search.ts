import { entryAnswer } from '../answers.ts'
import type { LocalApi } from '../local-api.ts'
import { ndjson, untilGone } from '../ndjson.ts'
import type { TrailFound, TrailSearch } from '../operator.ts'
import { type FoundAnswer, reindexQuerySchema, searchQuerySchema } from '../schemas.ts'

export function searchRoutes(api: LocalApi, closing: AbortSignal): void {
  // The answer is a stream of `foundSchema` lines. What is wrong with the search itself is still a status.
  api.get(
    '/v1/trail/search',
    { config: { permission: 'trail.read' }, schema: { querystring: searchQuerySchema } },
    async (request, reply) => {
      const { opened, limit, cursor, ...query } = request.query
      const asked: TrailSearch = { query: present(query), limit, opened, ...(cursor === undefined ? {} : { cursor }) }
      const signal = untilGone(reply.raw, closing)
      const found = await request.operator.searchTrail(asked)
      return reply.type('application/x-ndjson').send(ndjson(answers(found, opened), signal))
    },
  )

  // The answer is a stream of `reindexSchema` lines: it may take minutes, and says how far it is.
  api.post(
    '/v1/trail/reindex',
    { config: { permission: 'trail.check' }, schema: { querystring: reindexQuerySchema } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      return reply.type('application/x-ndjson').send(ndjson(request.operator.reindex(request.query.check, signal), signal))
    },
  )
}

async function* answers({ entries, next, first, indexed, size }: TrailFound, opened: boolean): AsyncGenerator<FoundAnswer> {
  for (const entry of entries) yield entryAnswer(entry, opened)
  yield { page: { ...(next === undefined ? {} : { next }), first, indexed, size } }
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** Without what was not asked for. */
function present<T extends object>(query: T): Present<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Present<T>
}
