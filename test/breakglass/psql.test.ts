import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, type TestContext } from 'vitest'
import { doorTransport } from '../../src/api/admin/client.ts'
import { type LocalClient, localClient } from '../../src/api/local/index.ts'
import { run as gatescribe } from '../../src/cli/main.ts'
import { readSessions } from '../../src/cli/session-file.ts'
import { verify } from '../../src/verify/main.ts'
import { trustKeys } from '../../src/verify/policy.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { needs } from '../parts/require.ts'
import { testSurroundings } from '../parts/surroundings.ts'
import { ask, asleep, type Environment, psql, talking } from './psql-session.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let url: string
let folder: string

const DENY = { name: 'nobody-drops', effect: 'deny', do: ['postgres.define'], say: 'Ask the owner of this resource.' } as const
const READ = { name: 'all-may-read', effect: 'allow', do: ['postgres.read'] } as const
const ASK = { name: 'changes-need-a-person', effect: 'ask', do: ['postgres.write'] } as const

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-cli-'))
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: {
      root: { groups: ['admins'] },
      ada: { groups: ['sre'] },
      grace: { groups: ['sre'] },
      ken: { groups: ['leads'] },
      lin: { groups: ['sre'] },
    },
    pollEvery: 1,
  })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: [
      { name: 'orders', server: postgres, user: 'postgres', databases: { orders: 'postgres' } },
      { name: 'stock', server: postgres, user: 'postgres', databases: { stock: 'postgres' } },
    ],
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      const { id: clientId } = people.client
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId, clientSecret: 'env:OKTA_SECRET', groups: '{groups}' },
      })
      const roles = { admin: ['okta/admins'], approver: ['okta/leads'], auditor: ['okta/admins'] }
      Object.assign(config, {
        roles: Object.fromEntries(Object.entries(roles).map(([role, groups]) => [role, { groups }])),
        breakGlass: { who: { groups: ['okta/sre'] }, on: { resources: ['orders', 'stock'] } },
      })
      config.rules = [READ, DENY, ASK]
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
}, 60_000)
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await people?.close()
  await jobs?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async (test) => {
  needs(test as TestContext, psql, 'psql (Debian: postgresql-client)')
  await postgres.query('DROP TABLE IF EXISTS doomed; CREATE TABLE doomed (n int)')
})

const at = (account: string) => testSurroundings({ folder, env: { XDG_CONFIG_HOME: join(folder, account) } })

/** A command as this person gives it, who signs in first where they have not. */
async function by(account: string, ...words: string[]) {
  if (Object.keys(readSessions(at(account))).length === 0) await login(account)
  const around = at(account)
  return { code: await gatescribe(words, around), ...around.printed }
}

async function login(account: string): Promise<number> {
  const around = at(account)
  const signingIn = gatescribe(['login', '--gateway', url], around)
  await expect.poll(() => around.printed.out, { timeout: 5_000 }).toContain('Code')
  await people.confirm(/Open +(\S+)/.exec(around.printed.out)![1]!, /Code +(\S+)/.exec(around.printed.out)![1]!, account)
  return signingIn
}

async function as(account: string): Promise<LocalClient> {
  await by(account, 'whoami')
  return localClient(doorTransport(url, { token: readSessions(at(account))[url]!.token }))
}

async function connect(account: string, resource = 'orders'): Promise<Environment> {
  const { out } = await by(account, 'connect', resource, '--json')
  return (JSON.parse(out) as { environment: Environment }).environment
}

/** Asked for by one and confirmed by another. @returns its id */
async function opened(account: string, resources: readonly string[], minutes = 5): Promise<string> {
  const { id } = await (await as(account)).requestBreakGlass({ resources: [...resources], reason: 'orders are stuck', minutes })
  await (await as('ken')).confirmBreakGlass(id)
  return id
}

const isThere = async () => (await postgres.query("SELECT to_regclass('doomed') IS NOT NULL AS there")).at(-1)!.there === true

async function entries(kind: string) {
  const all = []
  const query = { from: 0, follow: false, opened: false, filter: { kind } }
  for await (const entry of gateway.operator.trail(query, new AbortController().signal)) all.push(entry)
  return all
}

it('lets one person do on one resource what rules deny and ask about, says so at the start, and keeps what the rules said', async () => {
  const ada = await connect('ada')
  expect(ask(ada, 'DROP TABLE doomed').err).toMatch(/The rule "nobody-drops" denies this operation/)
  const id = await opened('ada', ['orders'])
  const done = ask(ada, 'INSERT INTO doomed VALUES (1)', 'DROP TABLE doomed')
  expect(done).toMatchObject({ status: 0 })
  expect(done.err).toMatch(new RegExp(`NOTICE: .+break-glass ${id} until \\d{4}-.+Z`))
  expect(done.err).toContain('somebody else reviews it')
  expect(await isThere()).toBe(false)

  const intents = (await entries('operation.intent')).filter(({ fields }) => fields.breakGlass === id)
  expect(intents.flatMap(({ fields }) => fields.decisions)).toMatchObject([
    [expect.any(Number), 'ask', [ASK.name], expect.any(String), expect.any(Number)],
    [expect.any(Number), 'deny', [DENY.name], expect.any(String), expect.any(Number)],
  ])
  const { session } = intents[0]!.fields
  expect((await entries('session.open')).find(({ fields }) => fields.session === session)!.fields).toMatchObject({
    effect: 'allow',
    breakGlass: id,
  })
  const outcomes = (await entries('operation.outcome')).filter(({ fields }) => fields.session === session)
  expect(outcomes.flatMap(({ fields }) => (fields.outcomes as unknown[][]).map(([, status]) => status))).toEqual(['completed', 'completed'])
  const shown = await by('root', 'trail', 'show', String(intents[1]!.index), '-c', gateway.configPath)
  expect(shown.out).toContain(id)
  expect((await by('root', 'trail', 'search', '--break-glass', id, '-c', gateway.configPath)).out).toMatch(
    /operation\.intent .*breakGlass=bgl_/,
  )
  await (await as('ada')).closeBreakGlass(id, undefined)
}, 90_000)

it('is of nobody else, of no other resource, and of no job', async () => {
  const id = await opened('ada', ['orders'])
  const others = await opened('lin', ['stock'])
  expect(ask(await connect('grace'), 'DROP TABLE doomed').err).toContain('"nobody-drops"')
  expect(ask(await connect('ada', 'stock'), 'DROP TABLE doomed').err).toContain('"nobody-drops"')
  const { run, password } = await gateway.credential()
  expect(ask({ ...(await connect('ada')), PGUSER: run, PGPASSWORD: password }, 'DROP TABLE doomed').err).toContain('"nobody-drops"')
  expect(await isThere()).toBe(true)
  await (await as('ada')).closeBreakGlass(id, undefined)
  await (await as('lin')).closeBreakGlass(others, undefined)
}, 90_000)

it('gives nothing to a session that was open before; one behind it is under it, and is cut when it is closed, with what is running at the target', async () => {
  const ada = await connect('ada')
  const before = talking(ada)
  await before.say('SELECT 41 + 1;', '42')
  const id = await opened('ada', ['orders'])
  await before.say('DROP TABLE doomed;', '"nobody-drops"')

  const under = talking(ada)
  await under.say('CREATE TABLE IF NOT EXISTS made (n int); SELECT 42;', '42')
  under.write('INSERT INTO doomed SELECT 1 FROM pg_sleep(60);')
  await expect.poll(() => asleep(postgres, 60), { timeout: 10_000 }).toBe(1)
  const began = performance.now()
  await (await as('ken')).closeBreakGlass(id, 'enough')
  await expect.poll(under.said, { interval: 20 }).toContain('57P01')
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(under.said()).toContain(`Break-glass ${id} is over`)
  await expect.poll(() => asleep(postgres, 60), { interval: 20, timeout: 1_000 }).toBe(0)
  expect(await postgres.query('SELECT n FROM doomed')).toEqual(await postgres.query('SELECT n FROM doomed WHERE false'))
  under.leave()
  // The other one was never under it.
  await before.say('SELECT 42 + 1;', '43')
  before.leave()
  await Promise.all([under.exited, before.exited])
  expect(ask(ada, 'DROP TABLE doomed').err).toContain('"nobody-drops"')
  expect(await isThere()).toBe(true)
}, 90_000)

it('ends with the person, and a log that holds says all of it', async () => {
  const ada = await connect('ada')
  const id = await opened('ada', ['orders', 'stock'])
  const under = talking(ada)
  await under.say('DROP TABLE doomed; SELECT 42;', '42')
  const began = performance.now()
  await (await as('root')).revokePerson({ issuer: 'okta', subject: 'ada' }, undefined)
  expect(performance.now() - began).toBeLessThan(1_000)
  under.write('SELECT 1;')
  await under.exited
  expect(under.said()).toContain('57P01')
  expect((await entries('breakglass.closed')).at(-1)!.fields).toMatchObject({ breakGlass: id, why: 'person-revoked' })
  expect(ask(ada, 'SELECT 1').status).toBe(2)

  const at = (await entries('operation.intent')).at(-1)!.index
  await expect.poll(async () => (await gateway.operator.status()).log.size, { timeout: 10_000 }).toBeGreaterThan(at)
  const { keys } = await gateway.operator.logKeys()
  const report = verify(join(gateway.data, 'trail/log'), { trust: trustKeys(keys.map(({ vkey }) => vkey)) })
  expect(report.print(false)).toContain('ok   semantic')
}, 90_000)
