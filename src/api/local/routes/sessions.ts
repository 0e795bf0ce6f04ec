import { z } from 'zod'
import { sessionAnswer } from '../answers.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'
import { sessionSchema } from '../schemas.ts'

const params = z.object({ id: z.string().max(128) })

export function sessionRoutes(api: LocalApi): void {
  api.get(
    '/v1/sessions',
    { config: { permission: 'sessions.read' }, schema: { response: { 200: z.array(sessionSchema) } } },
    async ({ operator }) => operator.sessions().map(sessionAnswer),
  )

  api.get(
    '/v1/sessions/:id',
    { config: { permission: 'sessions.read' }, schema: { params, response: { 200: sessionSchema } } },
    async (request) => {
      const session = request.operator.sessions().find(({ id }) => id === request.params.id)
      if (!session) throw noSession()
      return sessionAnswer(session)
    },
  )

  api.post(
    '/v1/sessions/:id/kill',
    { config: { permission: 'sessions.kill' }, schema: { params, response: { 204: z.void() } } },
    async (request, reply) => {
      if (!(await request.operator.killSession(request.params.id))) throw noSession()
      return reply.code(204).send()
    },
  )
}

function noSession(): LocalError {
  return new LocalError('GS_LOCAL_NOT_FOUND', 'No live session has this id.')
}
