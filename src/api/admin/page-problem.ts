import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CodedError } from '../../operations/index.ts'
import type { FailureLog } from '../local/local-api.ts'
import { codedError, statusOf } from '../local/problem.ts'
import { html, sendOnwards, sendPage } from './page.ts'
import { returnPath } from './return-path.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A person looks at what it answers, problems too. */
    readonly page?: true
  }
}

/** Says on a page why something is not done; whoever is not signed in is led there, and back. */
export function sendProblemPage(request: FastifyRequest, reply: FastifyReply, error: CodedError): FastifyReply {
  const status = statusOf(error)
  const here = pageOf(request)
  reply.code(status)
  if (status !== 401)
    return sendPage(
      reply,
      'Not done',
      html`<h1>Not done</h1><p>${error.message}</p><p>${error.next} (${error.code})</p><p><a href="${here}">Back</a></p>`,
    )
  // RFC 9110 §15.5.2.
  reply.header('www-authenticate', 'Bearer')
  // A link on another site brings no session along although there may be one (SameSite=Strict): one on a page of ours does.
  const perhaps = error.code === 'GS_ADMIN_NOT_SIGNED_IN' && request.method === 'GET' && request.headers['sec-fetch-site'] === 'cross-site'
  return sendOnwards(reply, 'Sign in', perhaps ? here : `/signin?to=${here}`)
}

/** What a page answers where its route fails. */
export function pageErrors(log: FailureLog) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const coded = codedError(error)
    const route = request.routeOptions.url
    if (coded.code === 'GS_LOCAL_FAILED') log.error({ err: error, ...(route !== undefined && { route }) }, 'a page failed')
    sendProblemPage(request, reply, coded)
  }
}

/** The page that can be looked at again: a form leads to the one that it is on. */
function pageOf({ url, method }: FastifyRequest): string {
  const path = url.split('?')[0] ?? '/'
  if (method === 'GET' || method === 'HEAD') return returnPath(path)
  return returnPath(path.replace(/\/(?:revoke|signout)$/, ''))
}
