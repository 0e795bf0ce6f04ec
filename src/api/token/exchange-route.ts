import type { FastifyInstance } from 'fastify'
import type { ExchangedRun } from '../../identity/index.ts'
import { exchangeRefusal } from './answers.ts'
import type { TokenDoorOptions } from './door.ts'
import { ACCESS_TOKEN, readExchangeForm } from './form.ts'
import { answer } from './hooks.ts'
import { type ExchangeAnswer, errorAnswer, exchangeAnswer } from './schemas.ts'

/** POST /oauth/token: RFC 8693. */
export function exchangeRoute(server: FastifyInstance, options: TokenDoorOptions): void {
  server.post<{ Body: string }>(
    '/oauth/token',
    { schema: { body: { type: 'string' }, response: { 200: exchangeAnswer, '4xx': errorAnswer, '5xx': errorAnswer } } },
    async (request, reply) => {
      const form = readExchangeForm(request.body)
      if ('status' in form) return answer(reply, form)
      try {
        const exchanged = await options.exchange.exchange({ subjectToken: form.subjectToken, address: request.ip })
        return reply.send(exchangeAnswerOf(exchanged, options))
      } catch (error) {
        const refused = exchangeRefusal(error)
        if (refused.status === 500) throw error
        return answer(reply, refused)
      }
    },
  )
}

/** Where the planes are, and what a run may open on them. */
export type PlanesSurface = Pick<TokenDoorOptions, 'postgres' | 'https' | 'proxy'>

/** What whoever launches a run is told of it. */
export function exchangeAnswerOf(exchanged: ExchangedRun, { postgres, https, proxy }: PlanesSurface): ExchangeAnswer {
  const { host, port, reachable } = postgres ?? {}
  const lasts = secondsUntil(exchanged.expiresAt)
  const behindHttps = (plane: 'kubernetes' | 'http' | 'model' | 'mcp') => {
    const credential = exchanged[plane]
    if (https === undefined || credential === undefined) return {}
    const { host, port } = https
    return { [plane]: { credential, expires_in: lasts, host, port, resources: [...https.reachable(exchanged.run, plane)] } }
  }
  const opensHttps = [exchanged.kubernetes, exchanged.http, exchanged.model, exchanged.mcp].some((credential) => credential !== undefined)
  const otlp = opensHttps && https?.otlp !== undefined && { url: https.otlp }
  return {
    access_token: exchanged.handle,
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: lasts,
    gatescribe: {
      run: exchanged.run.id,
      joined: exchanged.joined,
      planes: {
        postgres: {
          ...{ credential: exchanged.postgres, user: exchanged.run.id, expires_in: lasts },
          ...(host !== undefined && port !== undefined && { host, port }),
          ...(reachable && { resources: [...reachable(exchanged.run)] }),
        },
        ...behindHttps('kubernetes'),
        ...behindHttps('http'),
        ...behindHttps('model'),
        ...behindHttps('mcp'),
        ...(otlp && { otlp }),
        ...(proxy && exchanged.proxy !== undefined && { proxy: { credential: exchanged.proxy, expires_in: lasts, ...proxy() } }),
      },
    },
  }
}

/** Rounded down, so that nobody relies on a second that is not there. @param at milliseconds since the epoch */
export function secondsUntil(at: number): number {
  return Math.max(0, Math.floor((at - Date.now()) / 1000))
}
