import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, type TestContext, vi } from 'vitest'
import type { BreakGlassAnswer } from '../../src/api/local/index.ts'
import { verify } from '../../src/verify/main.ts'
import { trustKeys } from '../../src/verify/policy.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { needs } from '../parts/require.ts'
import { Team } from '../parts/team.ts'
import { ask, asleep, type Environment, psql, talking } from './psql-session.ts'

/*
 * A minute is the shortest that break-glass is open. All that ends at its time does so here, in the same minute.
 */

const LONG = 120_000

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let team: Team
/** Of cy, which was open when the gateway was killed. */
let killed: BreakGlassAnswer
/** Of lin, with a session under it that is asleep at the target. */
let ending: Awaited<ReturnType<typeof untilItsTime>>

beforeAll(async () => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: { cy: { groups: ['sre'] }, lin: { groups: ['sre'] }, ken: { groups: ['leads'] } },
    pollEvery: 1,
  })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: ['orders', 'stock'].map((name) => ({ name, server: postgres, user: 'postgres', databases: { [name]: 'postgres' } })),
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}' },
      })
      Object.assign(config, {
        roles: { approver: { groups: ['okta/leads'] } },
        breakGlass: { who: { groups: ['okta/sre'] }, on: { resources: ['orders', 'stock'] } },
      })
      config.rules = [
        { name: 'all-may-read', effect: 'allow', do: ['postgres.read'] },
        { name: 'nobody-drops', effect: 'deny', do: ['postgres.define'], say: 'Ask the owner of this resource.' },
      ]
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
  team = new Team(url, { okta: people })
}, LONG)
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await Promise.all([people, jobs].map((each) => each?.close()))
  team?.remove()
})
beforeEach((test) => needs(test as TestContext, psql, 'psql (Debian: postgresql-client)'))

/** Asked for by one for a minute, and confirmed by Ken. */
async function openFor(account: string, resource: string): Promise<BreakGlassAnswer> {
  const words = ['breakglass', 'request', resource, '--minutes', '1', '--reason', 'orders are stuck', '--json']
  const { id } = JSON.parse((await team.by(account, ...words)).out) as BreakGlassAnswer
  return JSON.parse((await team.by('ken', 'breakglass', 'confirm', id, '--json')).out) as BreakGlassAnswer
}

async function connect(account: string, resource: string): Promise<Environment> {
  return (JSON.parse((await team.by(account, 'connect', resource, '--json')).out) as { environment: Environment }).environment
}

const stateOf = async (id: string) => (await gateway.operator.breakGlasses()).find((one) => one.id === id)?.state

async function closedOf({ id }: BreakGlassAnswer) {
  const entries = await readTrail(gateway.operator)
  return entries.find(({ kind, fields }) => kind === 'breakglass.closed' && fields.breakGlass === id)!
}

async function untilItsTime() {
  const glass = await openFor('lin', 'stock')
  const under = talking(await connect('lin', 'stock'))
  await under.say('SELECT 42;', '42')
  under.write('SELECT pg_sleep(90);')
  const over = isOver(under)
  over.catch(() => undefined)
  return { glass, under, over }
}

/** @returns when the session was told, ms of the clock; what ran at the target ended within a second of that */
async function isOver(under: ReturnType<typeof talking>): Promise<number> {
  const at = await vi.waitUntil(() => under.said().includes('57P01') && Date.now(), { interval: 20, timeout: 75_000 })
  await vi.waitUntil(async () => (await asleep(postgres, 90)) === 0, { interval: 20, timeout: 1_000 })
  return at as number
}

it('is open over a restart, also after a kill', { timeout: LONG }, async () => {
  killed = await openFor('cy', 'orders')
  await gateway.kill9()
  gateway = await gateway.again()
  expect(await stateOf(killed.id)).toBe('open')
  ending = await untilItsTime()
  await vi.waitUntil(async () => (await asleep(postgres, 90)) === 1, { timeout: 10_000 })
  expect(await stateOf(killed.id)).toBe('open')
})

it('ends at its time by an entry, also if the gateway was killed meanwhile', { timeout: LONG }, async () => {
  await expect.poll(() => stateOf(killed.id), { timeout: 70_000, interval: 250 }).toBe('closed')
  const closed = await closedOf(killed)
  expect(closed.fields).toMatchObject({ why: 'expired' })
  const late = Date.parse(closed.at) - Date.parse(killed.until!)
  expect(late).toBeGreaterThanOrEqual(0)
  expect(late).toBeLessThan(1_000)
})

it('ends at its time: a session is cut within a second, with what is running at the target', { timeout: LONG }, async () => {
  const { glass, under, over } = ending
  const late = (await over) - Date.parse(glass.until!)
  expect(late).toBeGreaterThanOrEqual(0)
  expect(late).toBeLessThan(1_000)
  expect(under.said()).toContain(`Break-glass ${glass.id} is over`)
  under.leave()
  await under.exited
  expect((await closedOf(glass)).fields).toMatchObject({ why: 'expired' })
  expect(ask(await connect('lin', 'stock'), 'DROP TABLE doomed').err).toContain('"nobody-drops"')
})

it('has left a log that holds', { timeout: LONG }, async () => {
  const at = (await closedOf(ending.glass)).index
  await expect.poll(async () => (await gateway.operator.status()).log.size, { timeout: 10_000 }).toBeGreaterThan(at)
  const { keys } = await gateway.operator.logKeys()
  const report = verify(join(gateway.data, 'trail/log'), { trust: trustKeys(keys.map(({ vkey }) => vkey)) })
  expect(report.print(false)).toContain('ok   semantic')
})
