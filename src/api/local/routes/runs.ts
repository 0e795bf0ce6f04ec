import { z } from 'zod'
import type { RunId } from '../../../operations/index.ts'
import { runAnswer } from '../answers.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'
import { runSchema } from '../schemas.ts'

const runId = z.templateLiteral(['run_', z.string()]) satisfies z.ZodType<RunId>

export function runRoutes(api: LocalApi): void {
  api.get('/v1/runs', { config: { permission: 'runs.read' }, schema: { response: { 200: z.array(runSchema) } } }, async ({ operator }) =>
    operator.runs().map(runAnswer),
  )

  api.post(
    '/v1/runs/:id/revoke',
    { config: { permission: 'runs.revoke' }, schema: { params: z.object({ id: runId }), response: { 204: z.void() } } },
    async (request, reply) => {
      if (!(await request.operator.revokeRun(request.params.id))) throw new LocalError('GS_LOCAL_NOT_FOUND', 'No live run has this id.')
      return reply.code(204).send()
    },
  )

  api.post(
    '/v1/runs/:id/resume',
    { config: { permission: 'runs.resume' }, schema: { params: z.object({ id: runId }), response: { 204: z.void() } } },
    async (request, reply) => {
      if (!(await request.operator.resumeRun(request.params.id)))
        throw new LocalError('GS_LOCAL_NOT_FOUND', 'No suspended run has this id.')
      return reply.code(204).send()
    },
  )
}
