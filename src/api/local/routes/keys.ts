import type { CheckStep } from '../../../trail/index.ts'
import type { LocalApi } from '../local-api.ts'
import type { LogKeys } from '../log-operator.ts'
import { type CheckAnswer, checkQuerySchema, type LogKeysAnswer, logKeysSchema, rotateQuerySchema } from '../log-schemas.ts'
import { ndjson, untilGone } from '../ndjson.ts'

/** The keys that sign the log, and the check of what they signed. */
export function keyRoutes(api: LocalApi, closing: AbortSignal): void {
  api.get('/v1/keys', { config: { permission: 'trail.read' }, schema: { response: { 200: logKeysSchema } } }, async ({ operator }) =>
    keysAnswer(await operator.logKeys()),
  )

  api.post(
    '/v1/keys/rotate',
    { config: { permission: 'keys.rotate' }, schema: { querystring: rotateQuerySchema, response: { 200: logKeysSchema } } },
    async (request) => keysAnswer(await request.operator.rotateLogKey(request.query.overlap)),
  )

  // The answer is a stream of `checkSchema` lines: it may take minutes, and says how far it is.
  api.post(
    '/v1/trail/check',
    { config: { permission: 'trail.check' }, schema: { querystring: checkQuerySchema } },
    async (request, reply) => {
      const signal = untilGone(reply.raw, closing)
      const steps = await request.operator.checkLog(request.query.payloads, signal)
      return reply.type('application/x-ndjson').send(ndjson(answers(steps), signal))
    },
  )
}

function keysAnswer({ log, keys }: LogKeys): LogKeysAnswer {
  const moment = (name: 'since' | 'until', milliseconds: number | undefined) =>
    milliseconds === undefined ? {} : { [name]: new Date(milliseconds).toISOString() }
  return {
    log,
    keys: keys.map(({ vkey, state, since, until }) => ({ vkey, state, ...moment('since', since), ...moment('until', until) })),
  }
}

async function* answers(steps: AsyncIterable<CheckStep>): AsyncGenerator<CheckAnswer> {
  for await (const step of steps) {
    if ('report' in step) yield { report: { ...step.report, root: Buffer.from(step.report.root).toString('base64') } }
    else yield step
  }
}
