import { afterAll, beforeAll, expect, it } from 'vitest'
import { newBrowser } from '../parts/browser.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let url: string

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: {
      ada: { name: 'Ada', groups: ['platform'] },
      grace: { name: 'Grace', groups: ['audit'] },
    },
  })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: [{ name: 'orders', server: postgres, user: 'postgres', databases: { postgres: 'postgres' } }],
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      config.issuers.push({
        name: 'okta',
        issuer: people.url,
        insecureLoopback: true,
        people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}' },
      })
      Object.assign(config, { roles: { auditor: { groups: ['okta/audit'] } } })
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await people?.close()
  await jobs?.close()
})

const okta = () => ({ name: 'okta', signIn: people.signIn })
const first = (): string | undefined => /\/signin\?first=(\S+)/.exec(gateway.log())?.[1]

it('shows a link once, by which the first administrator signs in', async () => {
  const link = first()!
  const page = await newBrowser(url).get(`/signin?first=${link}`)
  expect(page.body).toContain('becomes the first administrator')
  const ada = newBrowser(url)
  await ada.signIn(okta(), 'ada', link)
  expect(JSON.parse((await ada.get('/v1/me')).body)).toMatchObject({ displayName: 'Ada', roles: expect.arrayContaining(['admin']) })
  const other = await newBrowser(url).submit('/signin', { issuer: 'okta', first: link })
  expect(other.body).toContain('GS_PEOPLE_FIRST_ADMIN_REFUSED')
  gateway = await gateway.again()
  expect(gateway.log().match(/signin\?first=/g)).toHaveLength(1)
})

it('lets people do what their roles are for, in their own name', async () => {
  const { run } = await gateway.credential()
  const [ada, grace] = [newBrowser(url), newBrowser(url)]
  await ada.signIn(okta(), 'ada')
  await grace.signIn(okta(), 'grace')
  const csrf = (JSON.parse((await ada.get('/v1/me')).body) as { csrf: string }).csrf
  expect((await ada.get('/v1/trail')).status).toBe(403)
  expect((await grace.submit(`/v1/runs/${run}/revoke`, { csrf })).status).toBe(403)
  expect((await ada.submit(`/v1/runs/${run}/revoke`, { csrf })).status).toBe(204)
  const trail = (await grace.get('/v1/trail')).body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; fields: Record<string, unknown> })
  const who = (name: string) =>
    trail.find(({ kind, fields }) => kind === 'signin' && (fields.roles as string[]).includes(name))?.fields.who as { pseudonym: string }
  expect(trail.find(({ kind }) => kind === 'run.revoked')?.fields).toEqual({ run, by: who('admin').pseudonym })
  expect(trail.find(({ kind }) => kind === 'log.read')?.fields).toMatchObject({ viewer: who('auditor').pseudonym })
  expect(JSON.stringify(trail)).not.toMatch(/Ada|Grace/)
})

it('tells anybody whether it works, and people what can be reached, without where a secret stands', async () => {
  expect(JSON.parse((await newBrowser(url).get('/health')).body)).toEqual({ status: 'ok' })
  const grace = newBrowser(url)
  await grace.signIn(okta(), 'grace')
  const { body } = await grace.get('/v1/resources')
  expect(JSON.parse(body)).toMatchObject([{ name: 'orders', kind: 'postgres', tls: 'off', credentials: [{ as: 'job', user: 'postgres' }] }])
  expect(body).not.toMatch(/password|env:|file:/)
})

it('takes a changed configuration at once: whoever has no role any more has no session', async () => {
  const grace = newBrowser(url)
  await grace.signIn(okta(), 'grace')
  await gateway.reconfigure({ roles: { admin: { groups: ['okta/platform'] }, member: { groups: ['okta/platform'] } } } as never)
  expect((await grace.get('/v1/me')).status).toBe(401)
  const ada = newBrowser(url)
  await ada.signIn(okta(), 'ada')
  expect(JSON.parse((await ada.get('/v1/me')).body)).toMatchObject({ roles: expect.arrayContaining(['admin', 'member']) })
})

it('keeps what opens something out of the log', () => {
  const said = gateway.log().replace(/signin\?first=\S+/, '')
  expect(said).not.toMatch(/gs_ps_|gs_first_|code=|state=/)
  expect(said).not.toContain(people.client.secret)
})
