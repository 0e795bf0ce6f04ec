import { z } from 'zod'
import { CodedError } from '../../operations/index.ts'
import type { FailureLog, LocalApi } from '../local/local-api.ts'
import { requireOrigin } from './authenticate.ts'
import { clearPendingCookie, clearSessionCookie, pendingCookie, sessionCookie, setPendingCookie, setSessionCookie } from './cookies.ts'
import type { AdminDoorOptions } from './door.ts'
import { AdminDoorError } from './errors.ts'
import { html, sendOnwards, sendPage } from './page.ts'
import { pageErrors } from './page-problem.ts'
import { returnPath } from './return-path.ts'
import { deviceSchema, issuersSchema, meSchema, polledSchema } from './sign-in-schemas.ts'

const anybody = { permission: 'anybody' } as const
const signedIn = { permission: 'signed-in' } as const
const issuerName = z.string().regex(/^[a-z0-9-]{1,32}$/)
/** Behind the fragment or a form it never reaches a log; a link that is opened carries it once. */
const firstAdmin = z.string().regex(/^[\w-]{1,128}$/)

/** Signing in and out in a browser, without scripts. */
export function browserSignInRoutes(api: LocalApi, { people, origin }: AdminDoorOptions, log: FailureLog): void {
  const page = (permission: 'anybody' | 'signed-in') => ({ config: { permission, page: true }, errorHandler: pageErrors(log) }) as const
  const query = z.object({ to: z.string().max(200).optional(), first: firstAdmin.optional() })
  api.get('/signin', { ...page('anybody'), schema: { querystring: query } }, async (request, reply) => {
    const { first, to } = request.query
    const issuers = people.issuers.map(
      ({ name, url }) =>
        html`<form method="post" action="/signin"><input type="hidden" name="issuer" value="${name}"><input type="hidden" name="to" value="${returnPath(to)}">${
          first === undefined ? { markup: '' } : html`<input type="hidden" name="first" value="${first}">`
        }<p><button>Sign in with ${name}</button> <small>${url}</small></p></form>`,
    )
    const note =
      first === undefined
        ? html``
        : html`<p class="warn">Whoever signs in with this link becomes the first administrator of this gateway.</p>`
    return sendPage(reply, 'Sign in', html`<h1>Sign in to Gatescribe</h1>${note}${issuers}`)
  })

  const begun = z.object({ issuer: issuerName, to: z.string().max(200).optional(), first: firstAdmin.optional() })
  api.post('/signin', { ...page('anybody'), schema: { body: begun } }, async (request, reply) => {
    requireOrigin(request, origin)
    const { issuer, to, first } = request.body
    const begin = await people.begin({
      issuer,
      redirectUri: `${origin}/signin/callback`,
      address: request.ip,
      ...(first !== undefined && { firstAdmin: first }),
    })
    setPendingCookie(reply, begin.pending, returnPath(to))
    return sendOnwards(reply, 'Signing in', begin.url)
  })

  api.get('/signin/callback', page('anybody'), async (request, reply) => {
    const { pending, to } = pendingCookie(request)
    clearPendingCookie(reply)
    try {
      const signIn = await people.finish({ pending: pending ?? '', callbackUrl: request.url, address: request.ip })
      const { token } = await signIn.openSession('console', sessionCookie(request))
      setSessionCookie(reply, token)
      return sendOnwards(reply, 'Signed in', returnPath(to))
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      reply.code(403)
      return sendPage(
        reply,
        'Not signed in',
        html`<h1>Not signed in</h1><p>${error.message}</p><p>${error.next} (${error.code})</p><p><a href="/signin">Sign in again</a></p>`,
      )
    }
  })

  api.post('/signout', page('signed-in'), async (request, reply) => {
    const token = sessionCookie(request)
    if (token !== undefined) people.sessions.signOut(token)
    clearSessionCookie(reply)
    return sendOnwards(reply, 'Signed out', '/signin')
  })
}

/** Signing in from a command line, and who one is. */
export function signInRoutes(api: LocalApi, { people }: AdminDoorOptions): void {
  api.get('/v1/signin/issuers', { config: anybody, schema: { response: { 200: issuersSchema } } }, async () => [...people.issuers])

  api.post(
    '/v1/signin/device',
    { config: anybody, schema: { body: z.strictObject({ issuer: issuerName }), response: { 200: deviceSchema } } },
    async (request) => people.beginDevice({ issuer: request.body.issuer, address: request.ip }),
  )

  const polled = z.strictObject({ handle: z.string().min(1).max(200) })
  api.post('/v1/signin/device/poll', { config: anybody, schema: { body: polled, response: { 200: polledSchema } } }, async (request) => {
    const answer = await people.pollDevice({ handle: request.body.handle, address: request.ip })
    if (answer.state !== 'signed-in') return answer
    const { token, session } = await answer.signIn.openSession('cli')
    return { state: 'signed-in' as const, token, expiresAt: rfc3339(session.overAt) }
  })

  api.get('/v1/me', { config: signedIn, schema: { response: { 200: meSchema } } }, async ({ authenticated }) => {
    const { person, displayName, accounts, roles } = authenticated.session.person
    const { id, via, openedAt, overAt } = authenticated.session
    return {
      issuer: person.issuer,
      subject: person.subject,
      displayName,
      groups: [...person.groups],
      roles: [...roles],
      accounts: { ...accounts },
      ...(authenticated.csrf !== undefined && { csrf: authenticated.csrf }),
      session: { id, via, openedAt: rfc3339(openedAt), expiresAt: rfc3339(overAt) },
    }
  })

  api.post('/v1/signout', { config: signedIn, schema: { response: { 204: z.void() } } }, async (request, reply) => {
    const { authenticated } = request
    if (!people.sessions.revoke(authenticated.session.id)) throw new AdminDoorError('GS_ADMIN_NOT_SIGNED_IN')
    return reply.code(204).send()
  })
}

const rfc3339 = (milliseconds: number) => new Date(milliseconds).toISOString()
