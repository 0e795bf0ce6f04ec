import type { FastifyRequest } from 'fastify'
import type { SlackRequest } from '../../channels/index.ts'
import type { LocalApi } from '../local/local-api.ts'

/** Slack sends the message along that a button is of, in a form, so that it grows threefold and more. */
const BODY_LIMIT = 512 * 1024

/**
 * Where Slack says that somebody pressed a button. Whoever calls proves that it is Slack by signing the bytes, so nothing reads them before that.
 * It is not known here which person that was: no session is involved.
 */
export async function slackRoute(server: LocalApi, take: (request: SlackRequest) => Promise<void>): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    )
    scope.post('/channels/slack', { bodyLimit: BODY_LIMIT, config: { permission: 'anybody' } }, async (request, reply) => {
      await take({
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        timestamp: only(request, 'x-slack-request-timestamp'),
        signature: only(request, 'x-slack-signature'),
      })
      return reply.code(200).send()
    })
  })
}

function only({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
