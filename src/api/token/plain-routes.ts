import type { FastifyInstance } from 'fastify'
import { refuse, unavailable } from './answers.ts'
import type { TokenDoorOptions } from './door.ts'
import { answer } from './hooks.ts'
import { errorAnswer } from './schemas.ts'

/** What anybody may ask: can operations be admitted, and which CA signs its names. */
export function plainRoutes(server: FastifyInstance, options: TokenDoorOptions): void {
  const health = { type: 'object', required: ['status'], additionalProperties: false, properties: { status: { type: 'string' } } }
  server.get('/health', { schema: { response: { 200: health, '4xx': errorAnswer, '5xx': errorAnswer } } }, async (_request, reply) => {
    const why = options.unavailable()
    return why ? answer(reply, unavailable(why)) : reply.send({ status: 'ok' })
  })
  server.get('/ca.pem', { schema: { response: { 200: { type: 'string' }, '4xx': errorAnswer } } }, async (_request, reply) => {
    const ca = options.ca()
    if (ca === undefined)
      return answer(
        reply,
        refuse(404, 'invalid_request', 'GS_TOKEN_REQUEST_INVALID', 'the certificate of this gateway was brought by its operator'),
      )
    return reply.type('application/x-pem-file').send(ca)
  })
}
