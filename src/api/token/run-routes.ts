import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IdentityError } from '../../identity/index.ts'
import type { Run } from '../../operations/index.ts'
import { RunError, type RunView } from '../../runs/index.ts'
import { accountAnswer } from './account-answer.ts'
import { bearerRefusal, receiptRefusal } from './answers.ts'
import type { TokenDoorOptions } from './door.ts'
import { secondsUntil } from './exchange-route.ts'
import { answer } from './hooks.ts'
import { readLease } from './lease.ts'
import { errorAnswer, type RunAnswer, runAnswer } from './schemas.ts'

/** The life of a run, for whoever holds its handle. */
export function runRoutes(server: FastifyInstance, options: TokenDoorOptions): void {
  const { credentials, runs } = options
  const schema = { response: { 200: runAnswer, '4xx': errorAnswer, '5xx': errorAnswer } }
  const withRun = (act: (run: Run) => RunView) => async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      return reply.send(answerOf(act(authenticate(request, options, (handle) => credentials.runOfHandle(handle)))))
    } catch (error) {
      if (!(error instanceof IdentityError || error instanceof RunError)) throw error
      return answer(reply, bearerRefusal(error))
    }
  }
  server.get(
    '/runs/self',
    { schema },
    withRun((run) => runs.run(run.id)!),
  )
  server.post('/runs/renew', { schema }, (request, reply) => {
    const lease = readLease(request.body)
    if (typeof lease === 'object') return answer(reply, lease)
    return withRun((run) => runs.extend(run.id, lease))(request, reply)
  })
  server.post(
    '/runs/end',
    { schema },
    withRun((run) => {
      runs.end(run.id)
      return runs.run(run.id)!
    }),
  )
  server.get(
    '/runs/account',
    { schema: { response: { 200: accountAnswer, '4xx': errorAnswer, '5xx': errorAnswer } } },
    async (request, reply) => {
      try {
        const run = authenticate(request, options, (handle) => credentials.anyRunOfHandle(handle))
        return reply.send(await options.account(run.id))
      } catch (error) {
        return answer(reply, error instanceof IdentityError ? bearerRefusal(error) : receiptRefusal(error))
      }
    },
  )
  server.get('/runs/receipt', async (request, reply) => {
    try {
      const run = authenticate(request, options, (handle) => credentials.anyRunOfHandle(handle))
      return reply.type('application/json').send(await options.receipt(run.id))
    } catch (error) {
      return answer(reply, error instanceof IdentityError ? bearerRefusal(error) : receiptRefusal(error))
    }
  })
}

/** RFC 6750 §2.1: the header, and nowhere else. @throws IdentityError */
function authenticate(request: FastifyRequest, { failures }: TokenDoorOptions, runOf: (handle: string) => Run): Run {
  const throttled = failures.check(request.ip)
  if (throttled) throw throttled
  const [, credential] = /^Bearer +([\w-]{1,200})$/i.exec(request.headers.authorization ?? '') ?? []
  try {
    return runOf(credential ?? '')
  } catch (error) {
    // A run that is over is the launcher's own; guessing is what is limited.
    if (error instanceof IdentityError && error.code !== 'GS_IDENTITY_RUN_OVER') failures.failed(request.ip)
    throw error
  }
}

function answerOf({ run, state, expiresAt, sessions, suspended }: RunView): RunAnswer {
  const left = state === 'live' ? secondsUntil(expiresAt) : 0
  return { run: run.id, state, expires_in: left, sessions, ...(suspended && { suspended: true as const }) }
}
