import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noOwnRuns } from '../../../test/parts/no-own-runs.ts'
import { type InMemoryOperator, inMemoryOperator, liveRun } from '../../../test/parts/operator.ts'
import { settingsOf, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import { Throttle } from '../../identity/index.ts'
import type { SignedInPerson } from '../../identity/people/index.ts'
import { permissions } from '../local/permissions.ts'
import { type AdminDoor, adminDoor } from './index.ts'
import { mayDo, rolesThatMay } from './role-permissions.ts'

const ROLES = ['admin', 'auditor', 'approver', 'member'] as const
const ORIGIN = 'https://gw.example.org:8445'
const HOST = 'gw.example.org:8445'

let issuer: TestPeopleIssuer
let people: TestPeople
let operator: InMemoryOperator
let door: AdminDoor
let closing: AbortController
const viewers: SignedInPerson[] = []

beforeEach(async () => {
  issuer = await startPeopleIssuer({ accounts: Object.fromEntries(ROLES.map((role) => [role, { groups: [`${role}s`] }])) })
  people = startPeople([settingsOf(issuer)], Object.fromEntries(ROLES.map((role) => [role, { groups: [`okta/${role}s`] }])))
  operator = inMemoryOperator()
  closing = new AbortController()
  viewers.length = 0
  door = await adminDoor({
    ownRuns: noOwnRuns,
    people: people.people,
    operatorFor(person) {
      viewers.push(person)
      return operator
    },
    origin: ORIGIN,
    names: ['gw.example.org'],
    throttle: new Throttle({ burst: 10_000, perSecond: 10_000 }),
    closing: closing.signal,
    version: '1.0.0',
    unavailable: () => undefined,
  })
})
afterEach(async () => {
  closing.abort()
  await door.close()
  people.close()
  await issuer.close()
})

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string | object
  readonly cookies?: Readonly<Record<string, string>>
}

const ask = ({ method = 'GET', headers, ...asked }: Asked) =>
  door.server.inject({ method, headers: { host: HOST, ...headers }, ...asked } as never) as unknown as Promise<{
    statusCode: number
    body: string
    headers: Record<string, string | string[] | undefined>
    cookies: { name: string; value: string; path?: string; secure?: boolean; httpOnly?: boolean; sameSite?: string; maxAge?: number }[]
    json(): Record<string, unknown>
  }>

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** Signs in as a browser does. @returns its cookies, and what a page of ours would send back */
async function browser(account: string, kept: Readonly<Record<string, string>> = {}, to = '/') {
  const begun = await ask({
    method: 'POST',
    url: '/signin',
    headers: { ...FORM, origin: ORIGIN },
    payload: form({ issuer: 'okta', to }),
    cookies: kept,
  })
  const pending = Object.fromEntries(begun.cookies.map(({ name, value }) => [name, value]))
  const url = /url=([^"]+)"/.exec(begun.body)![1]!.replaceAll('&amp;', '&')
  const callback = new URL(await issuer.signIn(url, account))
  const finished = await ask({ url: `${callback.pathname}${callback.search}`, cookies: { ...kept, ...pending } })
  const session = finished.cookies.find(({ name }) => name === '__Host-gatescribe')
  return { begun, finished, cookies: session ? { [session.name]: session.value } : {}, callback, pending }
}

/** The token of a command line. */
async function token(account: string): Promise<string> {
  const begun = (await ask({ method: 'POST', url: '/v1/signin/device', payload: { issuer: 'okta' } })).json() as Record<string, string>
  await issuer.confirm(begun.verificationUri!, begun.userCode!, account)
  people.clock.now += 10_000
  const polled = await ask({ method: 'POST', url: '/v1/signin/device/poll', payload: { handle: begun.handle } })
  return polled.json().token as string
}

describe('signing in', () => {
  it('takes a browser to the issuer and back, and gives it a session that no script and no other site can use', async () => {
    const { finished, cookies } = await browser('auditor', {}, '/approvals')
    const session = finished.cookies.find(({ name }) => name === '__Host-gatescribe')!
    expect(session).toMatchObject({ path: '/', secure: true, httpOnly: true, sameSite: 'Strict' })
    expect(finished.body).toContain('url=/approvals')
    const me = await ask({ url: '/v1/me', cookies })
    expect(me.json()).toMatchObject({ issuer: 'okta', subject: 'auditor', roles: ['auditor', 'member'] })
    expect(me.body).not.toContain(session.value)
  })

  it('gives another session than the one that was there, so that none can be planted', async () => {
    const first = await browser('auditor')
    const again = await browser('admin', first.cookies)
    expect(again.cookies).not.toEqual(first.cookies)
    expect((await ask({ url: '/v1/me', cookies: first.cookies })).statusCode).toBe(401)
    const planted = `gs_ps_${'a'.repeat(43)}`
    const after = await browser('admin', { '__Host-gatescribe': planted })
    expect(Object.values(after.cookies)).not.toContain(planted)
  })

  it('finishes only what this browser began, once', async () => {
    const { callback, pending } = await browser('auditor')
    const url = `${callback.pathname}${callback.search}`
    for (const cookies of [{}, pending]) {
      const answer = await ask({ url, cookies })
      expect(answer.statusCode).toBe(403)
      expect(answer.cookies.find(({ name }) => name === '__Host-gatescribe')).toBeUndefined()
    }
  })

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/%5cevil.example',
    '/a?b',
    'javascript:alert(1)',
    '/a//b',
    '/a"><script>',
  ])('leads nowhere but to pages of ours: %s', async (to) => {
    const { finished } = await browser('auditor', {}, to)
    expect(finished.body).toContain('content="0; url=/"')
    expect(finished.body).not.toContain('evil')
  })

  it('takes no return path from a cookie that somebody made either', async () => {
    const { pending, callback } = await browser('auditor')
    const answer = await ask({
      url: `${callback.pathname}${callback.search}`,
      cookies: { ...pending, '__Host-gatescribe-return': '//evil.example' },
    })
    expect(answer.body).not.toContain('evil')
  })

  it('begins none that another site asks for', async () => {
    for (const origin of ['https://evil.example', 'null', undefined]) {
      const answer = await ask({
        method: 'POST',
        url: '/signin',
        headers: { ...FORM, ...(origin && { origin }) },
        payload: form({ issuer: 'okta' }),
      })
      expect(answer.statusCode).toBe(403)
    }
    expect(issuer.asked.filter(({ path }) => path === '/token')).toEqual([])
  })

  it('gives a command line a token by the device flow, and the same person', async () => {
    const headers = { authorization: `Bearer ${await token('approver')}` }
    expect((await ask({ url: '/v1/me', headers })).json()).toMatchObject({ subject: 'approver', roles: ['approver', 'member'] })
    expect((await ask({ method: 'POST', url: '/v1/signout', headers })).statusCode).toBe(204)
    expect((await ask({ url: '/v1/me', headers })).statusCode).toBe(401)
  })

  it('shows what an issuer or address is called as text', async () => {
    people.again([settingsOf(issuer, { displayName: '<b>{sub}</b>' })], {})
    const page = await ask({ url: '/signin?first=abc' })
    expect(page.body).toContain('first administrator')
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/)
    expect(page.body).not.toContain('<script')
  })
})

describe('every route', () => {
  /** What fits none of them, but for what is asked before a route looks at it. */

  it('refuses whoever is not signed in, holds a run’s credential, or none of the roles', async () => {
    const headers = await Promise.all(ROLES.map(async (role) => [role, { authorization: `Bearer ${await token(role)}` }] as const))
    const asked: string[] = []
    for (const { method, url, permission } of routesOf(door)) {
      if (permission === 'anybody') continue
      const request = { method: method as 'GET', url: fill(url) }
      for (const authorization of [undefined, 'Bearer gs_pg_0123456789', 'Basic YTpi', `Bearer gs_ps_${'x'.repeat(43)}`]) {
        const { statusCode } = await ask({ ...request, headers: { ...(authorization && { authorization }) } })
        expect([method, url, authorization, statusCode]).toEqual([method, url, authorization, 401])
      }
      for (const [role, header] of headers) {
        const may = mayDo(new Set([role, 'member']), permission)
        if (may && url === '/v1/signout') continue
        viewers.length = 0
        closing.abort()
        const { statusCode } = await ask({ ...request, headers: header })
        expect([method, url, role, statusCode === 403]).toEqual([method, url, role, !may])
        expect(viewers.map(({ person }) => person.subject)).toEqual(may ? [role] : [])
      }
      asked.push(`${method} ${url}`)
    }
    expect(asked.length).toBeGreaterThan(25)
  })

  it('is for somebody', () => {
    const nobody = permissions.filter((permission) => permission !== 'anybody' && rolesThatMay(permission).length === 0)
    expect(nobody).toEqual([])
    expect(mayDo(new Set(), 'status.read')).toBe(false)
    // Nobody both approves and erases, nor reads secrets' names and what was recorded, by one role.
    expect(rolesThatMay('approvals.decide').filter((role) => rolesThatMay('trail.erase').includes(role))).toEqual([])
    expect(rolesThatMay('secrets.write').filter((role) => rolesThatMay('trail.read').includes(role))).toEqual([])
  })

  it('is described, with who may use it', async () => {
    const described = (await ask({ url: '/openapi.json' })).json() as { openapi: string; paths: Record<string, Record<string, Described>> }
    expect(described.openapi).toBe('3.1.0')
    const listed = Object.entries(described.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const own = routesOf(door)
      .filter(({ method, url }) => url.startsWith('/v1/') && method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(listed.sort()).toEqual(own.sort())
    expect(described.paths['/v1/runs/{id}/revoke']?.post).toMatchObject({
      description: 'Permission: runs.revoke. Roles: approver, admin.',
      security: [{ person: [] }],
      parameters: [expect.objectContaining({ name: 'id', in: 'path' })],
    })
  })
})

interface Described {
  readonly description: string
}

describe('what changes something', () => {
  beforeEach(() => {
    operator.live.runs.push(liveRun('run_a').run)
  })

  it('is taken from a page of ours only: by its origin and by what was made for this session', async () => {
    const { cookies } = await browser('admin')
    const csrf = await csrfOf(cookies)
    const other = await csrfOf((await browser('auditor')).cookies)
    const revoke = (headers: Record<string, string>) => ask({ method: 'POST', url: '/v1/runs/run_a/revoke', cookies, headers })
    for (const headers of [
      {},
      { origin: ORIGIN },
      { 'x-gatescribe-csrf': csrf },
      { origin: 'https://evil.example', 'x-gatescribe-csrf': csrf },
      { origin: 'null', 'x-gatescribe-csrf': csrf },
      { origin: ORIGIN, 'x-gatescribe-csrf': other },
      { origin: ORIGIN, 'x-gatescribe-csrf': '' },
      { origin: ORIGIN, 'x-gatescribe-csrf': `${csrf.slice(0, -1)}ä` },
    ]) {
      const { statusCode, body } = await revoke(headers)
      expect([headers, statusCode]).toEqual([headers, 403])
      expect(body).toContain('GS_ADMIN_CROSS_SITE')
    }
    expect(operator.live.runs[0]?.state).toBe('live')
    expect((await revoke({ origin: ORIGIN, 'x-gatescribe-csrf': csrf })).statusCode).toBe(204)
  })

  it('is not taken from a page of another site, whatever it is', async () => {
    const browsers = new Map(await Promise.all(ROLES.map(async (role) => [role, (await browser(role)).cookies] as const)))
    let asked = 0
    for (const { method, url, permission } of routesOf(door)) {
      const role = permission !== 'anybody' && ROLES.find((each) => mayDo(new Set([each]), permission))
      if (!role || method === 'GET' || method === 'HEAD') continue
      for (const headers of [{}, { origin: 'https://evil.example' }, { origin: ORIGIN }]) {
        const sent = { cookies: browsers.get(role)!, headers, payload: { resource: 'orders', note: 'x', reason: 'x' } }
        const { statusCode, body } = await ask({ method: method as 'POST', url: fill(url), ...sent })
        expect([method, url, statusCode, body.includes('GS_ADMIN_CROSS_SITE')]).toEqual([method, url, 403, true])
      }
      asked++
    }
    expect(asked).toBeGreaterThan(15)
  })

  it.each(['GET', 'PUT', 'DELETE'] as const)('of break-glass and of own runs is never done by %s', async (method) => {
    const authorization = `Bearer ${await token('approver')}`
    for (const url of ['/v1/runs/mine', '/v1/runs/mine/run_a/end', '/v1/breakglass/bgl_1/confirm', '/v1/breakglass/bgl_1/close'])
      expect([url, (await ask({ method, url, headers: { authorization } })).statusCode]).toEqual([url, 404])
  })

  it('is not taken from whoever was revoked while they sent it', async () => {
    const bearer = await token('approver')
    const port = await door.listen({ host: '127.0.0.1', port: 0 })
    const body = JSON.stringify({ verdict: 'approve' })
    const headers = { host: HOST, authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'content-length': body.length }
    const sending = request({ port, method: 'POST', path: '/v1/approvals/apr_one/decide', headers })
    const answer = once(sending, 'response')
    sending.write(body.slice(0, 5))
    await sleep(50)
    people.people.revoke({ issuer: 'okta', subject: 'approver' })
    sending.end(body.slice(5))
    const [{ statusCode }] = (await answer) as [IncomingMessage]
    expect([statusCode, operator.answers]).toEqual([401, []])
  })

  it('is taken from a command line, which sends nothing by itself', async () => {
    const authorization = `Bearer ${await token('admin')}`
    expect((await ask({ method: 'POST', url: '/v1/runs/run_a/revoke', headers: { authorization } })).statusCode).toBe(204)
  })
})

const fill = (url: string) => url.replace(':id', 'run_a').replace(':ref', '0').replace(':name', 'orders')

/** As a page of ours carries it. */
async function csrfOf(cookies: Record<string, string>): Promise<string> {
  return (await ask({ url: '/v1/me', cookies })).json().csrf as string
}

it('serves its own names only, and nothing of it may be framed, sniffed or kept', async () => {
  expect((await ask({ url: '/signin', headers: { host: 'evil.example' } })).statusCode).toBe(421)
  const { headers } = await ask({ url: '/v1/status' })
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
})

it('does not listen in plaintext where others reach it', async () => {
  await expect(door.listen({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'GS_ADMIN_DOOR_PLAINTEXT' })
  expect(await door.listen({ host: '127.0.0.1', port: 0 })).toBeGreaterThan(0)
})

/** All of them, as the server knows them. */
const routesOf = ({ routes }: AdminDoor) => routes
