import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Misfit } from '../http/door.ts'
import { exchangeRefusal, type Refused, refuse } from './answers.ts'

export function answer(reply: FastifyReply, { status, body, headers }: Refused): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** What reaches no route, in the form of RFC 6749 §5.2. */
export function refuseMisfit(reply: FastifyReply, why: Misfit): FastifyReply {
  if (typeof why === 'object') return answer(reply, exchangeRefusal(why.throttled))
  if (why === 'misdirected') return answer(reply, refuse(421, 'invalid_request', 'GS_TOKEN_MISDIRECTED'))
  const about = why === 'host-repeated' ? 'Host is repeated' : 'the target of a request is a path'
  return answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', about))
}

/** Nothing here has a query, and a credential in one would end up in the logs of every proxy on the way. */
export function refuseQueries(server: FastifyInstance): void {
  server.addHook('onRequest', async (request: FastifyRequest, reply) => {
    if (!request.raw.url?.includes('?')) return undefined
    return answer(reply, refuse(400, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'nothing is taken from the query'))
  })
}
