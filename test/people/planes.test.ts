import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { doorTransport, ownRunClient } from '../../src/api/admin/client.ts'
import { type LocalClient, localClient } from '../../src/api/local/index.ts'
import { run as gatescribe } from '../../src/cli/main.ts'
import { readSessions } from '../../src/cli/session-file.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { found, needs } from '../parts/require.ts'
import { testSurroundings } from '../parts/surroundings.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let url: string
let folder: string
const psql = found('psql')

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-cli-'))
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: {
      root: { groups: ['admins'] },
      ada: { groups: ['dba', 'sre'] },
      grace: { groups: ['readers', 'sre'] },
      ken: { groups: ['audit'] },
      lin: { groups: ['audit'] },
    },
    pollEvery: 1,
  })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: [{ name: 'orders', server: postgres, user: 'postgres', databases: { postgres: 'postgres' } }],
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      const { id: clientId } = people.client
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId, clientSecret: 'env:OKTA_SECRET', groups: '{groups}' },
      })
      const roles = { admin: ['okta/admins'], approver: ['okta/sre'], auditor: ['okta/audit'] }
      Object.assign(config, { roles: Object.fromEntries(Object.entries(roles).map(([role, groups]) => [role, { groups }])) })
      config.rules = [
        { name: 'readers-may-read', effect: 'allow', who: { groups: ['okta/readers', 'okta/dba'] }, do: ['postgres.read'] },
        { name: 'dba-changes-with-another', effect: 'ask', who: { groups: ['okta/dba'] }, do: ['postgres.write'] },
        { name: 'persons-may-not-define', effect: 'deny', who: { kind: 'person' } as never, do: ['postgres.define'] },
        { name: 'jobs-may', effect: 'allow', who: { groups: ['github/repo:acme/reports'] }, do: ['postgres.*'] },
      ]
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
  await postgres.query('CREATE TABLE orders (n int); INSERT INTO orders VALUES (7)')
}, 60_000)
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await people?.close()
  await jobs?.close()
  rmSync(folder, { recursive: true, force: true })
})

const home = (account: string) => ({ XDG_CONFIG_HOME: join(folder, account) })
const at = (account: string) => testSurroundings({ folder, env: home(account) })

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

function as(account: string): LocalClient {
  return localClient(doorTransport(url, { token: readSessions(at(account))[url]!.token }))
}

interface Connected {
  readonly run: string
  readonly environment: Record<string, string>
}

async function connect(account: string): Promise<Connected> {
  const { code, out, err } = await by(account, 'connect', 'orders', '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out) as Connected
}

/** Statements by psql, one after the other, told everything by its environment. */
function ask(environment: Record<string, string>, ...sql: string[]) {
  const { status, stdout, stderr } = spawnSync(psql!, ['-XAtq', '-v', 'VERBOSITY=verbose', ...sql.flatMap((each) => ['-c', each])], {
    env: { PATH: process.env.PATH, ...environment },
    encoding: 'utf8',
  })
  return { status, out: stdout.trim(), err: stderr }
}

/** A psql that is asleep at the target. */
async function asleep(environment: Record<string, string>): Promise<{ exited: Promise<unknown>; said: () => string }> {
  const child = spawn(psql!, ['-XAt', '-v', 'VERBOSITY=verbose', '-c', 'SELECT pg_sleep(60)'], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  await expect.poll(() => running(), { timeout: 5_000 }).toBe(1)
  return { exited, said: () => said }
}

const running = async () =>
  Number(
    (
      await postgres.query(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()",
      )
    ).at(-1)!.n,
  )

async function entries(kind: string, opened = false) {
  const all = []
  const query = { from: 0, follow: false, opened, filter: { kind } }
  for await (const entry of gateway.operator.trail(query, new AbortController().signal)) all.push(entry)
  return all
}

const needPsql = (test: TestContext) => needs(test, psql, 'psql (Debian: postgresql-client)')

describe('gatescribe run', () => {
  /** What the command printed; standard output is the command's own, so it writes a file. */
  const printed = () => join(folder, 'printed')
  const job = () => ['--', 'sh', '-c', `psql -XAtc 'SELECT n FROM orders' > ${printed()}; echo $GATESCRIBE_RUN >> ${printed()}; exit 4`]

  it('is a run of whoever is signed in, for all that they may open', async (test) => {
    needs(test, psql, 'psql (Debian: postgresql-client)')
    const { code, err } = await by('grace', 'run', '--identity', 'person', '--receipt', join(folder, 'receipt.json'), ...job())
    expect({ code, err }).toEqual({ code: 4, err: expect.stringContaining(`(identity: person at ${url})`) })
    const [rows, run] = readFileSync(printed(), 'utf8').split('\n')
    expect(rows).toBe('7')
    expect(err).toMatch(/orders: \d+ allowed, 0 refused/)
    expect((await gateway.operator.runs()).find(({ id }) => id === run)).toMatchObject({ state: 'ended', issuer: 'okta' })
    expect(JSON.parse(readFileSync(join(folder, 'receipt.json'), 'utf8'))).toMatchObject({ run })
  })

  it('signs somebody in who is there, and is nobody where nobody is', async (test) => {
    needs(test, psql, 'psql (Debian: postgresql-client)')
    const around = testSurroundings({
      folder,
      terminal: true,
      typed: '',
      env: { ...process.env, ...home('new-grace'), GATESCRIBE_ADMIN: url },
    })
    const running = gatescribe(['run', '--no-receipt', ...job()], around)
    await expect.poll(() => around.printed.err, { timeout: 5_000 }).toContain('Code')
    expect(around.printed.out).toBe('')
    await people.confirm(
      /Open +(\S+)/.exec(around.printed.err)![1]!,
      /Code +(\S+)/.exec(around.printed.err)![1]!.replace(/\p{Cc}.*/u, ''),
      'grace',
    )
    expect(await running).toBe(4)
    const nobody = testSurroundings({ folder, env: { ...home('nobody'), GATESCRIBE_GATEWAY: 'https://localhost:1' } })
    expect(await gatescribe(['run', ...job()], nobody)).toBe(125)
    expect(nobody.printed.err).toContain('GS_LAUNCH_NO_IDENTITY')
  })
})

describe('a person at the PostgreSQL plane', () => {
  it('is who signed in, and may what rules about persons and their groups say', async (test) => {
    needPsql(test)
    const [ada, grace] = [await connect('ada'), await connect('grace')]
    expect(ask(grace.environment, 'SELECT n FROM orders')).toMatchObject({ status: 0, out: '7' })
    expect(ask(grace.environment, 'DELETE FROM orders').err).toContain('No rule allows this operation')
    expect(ask(ada.environment, 'CREATE TABLE more (n int)').err).toContain('The rule "persons-may-not-define" denies this operation')
    const ken = await connect('ken')
    expect(ask(ken.environment, 'SELECT n FROM orders').err).toContain('No rule allows this run anything on "orders"')
    // A job is nobody of these groups, and no person.
    const { run: user, password } = await gateway.credential()
    expect(ask({ ...grace.environment, PGUSER: user, PGPASSWORD: password }, 'CREATE TABLE made (n int)').status).toBe(0)

    const starts = await entries('run.start', true)
    const start = starts.find(({ fields }) => fields.run === grace.run)!
    expect(start.fields).toMatchObject({ who: { issuer: 'okta', kind: 'person', proof: 'proven' }, signIn: expect.stringMatching(/^psn_/) })
    expect(start.payloads![0]!.content).toContain('"subject":"grace"')
    expect(JSON.stringify(start.fields)).not.toContain('grace')
    expect((await entries('signin')).map(({ fields }) => fields.session)).toContain(start.fields.signIn)
  }, 60_000)

  it('approves nothing of their own; somebody else may', async (test) => {
    needPsql(test)
    const { environment } = await connect('ada')
    const change = ['BEGIN', 'INSERT INTO orders VALUES (8)', 'COMMIT']
    const id = /apr_\w+/.exec(ask(environment, ...change).err)![0]
    expect(await by('ada', 'approvals', 'approve', id)).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_APPROVALS_OWN'),
    })
    expect(await by('grace', 'approvals', 'approve', id)).toMatchObject({ code: 0 })
    expect(ask(environment, ...change)).toMatchObject({ status: 0 })
    expect((await entries('approval.decided')).at(-1)!.fields).toMatchObject({ independence: 'proven' })
  }, 60_000)

  it('has a command of theirs carried within a run, which ends with it', async (test) => {
    needPsql(test)
    await by('grace', 'whoami')
    const bin = join(import.meta.dirname, '../../bin/gatescribe.js')
    const started = spawnSync(
      process.execPath,
      [bin, 'connect', 'orders', '--', psql!, '-XAtq', '-c', 'SELECT n FROM orders LIMIT 1', '-c', 'SELECT 1 / 0'],
      {
        env: { PATH: process.env.PATH, HOME: folder, PGHOSTADDR: '192.0.2.1', PGSERVICE: 'elsewhere', ...home('grace') },
        encoding: 'utf8',
      },
    )
    expect(started).toMatchObject({ status: 1, stdout: '7\n', stderr: expect.stringContaining('division by zero') })
    const ended = (await entries('run.end')).at(-1)!.fields
    expect(ended).toMatchObject({ state: 'ended', decisions: { allow: 2 } })
    const none = spawnSync(process.execPath, [bin, 'connect', 'orders', '--', './not-there'], {
      env: { PATH: process.env.PATH, HOME: folder, ...home('grace') },
      encoding: 'utf8',
    })
    expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('GS_CLI_NO_COMMAND') })
    expect(readdirSync(join(folder, 'grace', 'gatescribe')).filter((name) => name.startsWith('planes-'))).toHaveLength(1)
  }, 60_000)

  it('prints what a shell evaluates, but no credential on a terminal', async () => {
    await by('grace', 'whoami')
    expect((await by('grace', 'connect', 'orders')).out).toMatch(/^export PGHOST='localhost'\n(.+\n)*export PGPASSWORD='gs_pg_\w+'\n/)
    const around = testSurroundings({ folder, env: home('grace'), terminal: true })
    expect(await gatescribe(['connect', 'orders'], around)).toBe(1)
    expect(around.printed.err).toContain('GS_CLI_SECRET_ON_TERMINAL')
    expect(await by('grace', 'connect', 'nowhere')).toMatchObject({ code: 4 })
    expect(await by('grace', 'connect', 'orders', '-c', gateway.configPath)).toMatchObject({ code: 2 })
  }, 60_000)

  it('renews and ends their own runs only', async () => {
    const { run } = await connect('grace')
    const mine = ownRunClient(doorTransport(url, { token: readSessions(at('grace'))[url]!.token }))
    const others = ownRunClient(doorTransport(url, { token: readSessions(at('ada'))[url]!.token }))
    expect(await mine.renew(run)).toMatchObject({ run })
    await expect(others.renew(run)).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(others.end(run)).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await mine.end(run)
    await expect(mine.renew(run)).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
  })

  it('has no more of them at once than a few', async () => {
    await by('lin', 'whoami')
    const client = ownRunClient(doorTransport(url, { token: readSessions(at('lin'))[url]!.token }))
    for (let n = 0; n < 16; n++) await client.start('orders')
    await expect(client.start('orders')).rejects.toMatchObject({ code: 'GS_RUNS_TOO_MANY' })
    expect((await by('lin', 'logout')).code).toBe(0)
  })

  it('has no more of them when all are started at the same moment', async () => {
    await by('lin', 'whoami')
    const client = ownRunClient(doorTransport(url, { token: readSessions(at('lin'))[url]!.token }))
    const all = await Promise.allSettled(Array.from({ length: 24 }, () => client.start('orders')))
    const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
    expect(refused).toEqual(new Array(8).fill('GS_RUNS_TOO_MANY'))
    expect((await by('lin', 'logout')).code).toBe(0)
  })
})

describe('the end of a sign-in', () => {
  it('is the end of what was started from it: signed out, a session is cut within a second', async (test) => {
    needPsql(test)
    const { environment } = await connect('grace')
    const { exited, said } = await asleep(environment)
    const began = performance.now()
    await by('grace', 'logout')
    await exited
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(said()).toContain('57P01')
    await expect.poll(running, { timeout: 1_000 }).toBe(0)
    expect(ask(environment, 'SELECT 1').status).toBe(2)
  }, 60_000)

  it('also where the person is revoked, whose runs are over and whom nobody lets in', async (test) => {
    needPsql(test)
    const { environment, run } = await connect('grace')
    const { exited, said } = await asleep(environment)
    await by('root', 'whoami')
    const began = performance.now()
    await as('root').revokePerson({ issuer: 'okta', subject: 'grace' }, undefined)
    await exited
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(said()).toContain('57P01')
    await expect.poll(running, { timeout: 1_000 }).toBe(0)
    expect(ask(environment, 'SELECT 1').status).toBe(2)
    expect((await by('grace', 'connect', 'orders')).code).toBe(7)
    await expect.poll(async () => (await entries('run.end')).find(({ fields }) => fields.run === run)?.fields.state).toBe('ended')
    await by('root', 'persons', 'restore', 'okta', 'grace')
    expect(await login('grace')).toBe(0)
  }, 60_000)

  it('also where another configuration has no place for them', async (test) => {
    needPsql(test)
    const { environment } = await connect('grace')
    const { exited } = await asleep(environment)
    const before = (gateway.config as unknown as { roles: object }).roles
    await gateway.reconfigure({ roles: { ...before, approver: { groups: ['okta/dba'] }, member: { groups: ['okta/dba'] } } } as never)
    await exited
    await expect.poll(running, { timeout: 1_000 }).toBe(0)
    await gateway.reconfigure({ roles: before } as never)
    await login('grace')
  }, 60_000)

  it('not where the gateway starts again: the run goes on as long as the sign-in does', async (test) => {
    needPsql(test)
    const { environment } = await connect('grace')
    gateway = await gateway.again()
    const here = { ...environment, PGPORT: String(gateway.port) }
    expect(ask(here, 'SELECT n FROM orders LIMIT 1')).toMatchObject({ status: 0, out: '7' })
    await by('grace', 'logout')
    expect(ask(here, 'SELECT 1').status).toBe(2)
  }, 60_000)
})

describe('erasing a person', () => {
  it('takes what they did and who they were out of the trail and out of the list of runs', async (test) => {
    needPsql(test)
    await login('grace')
    const { environment, run } = await connect('grace')
    ask(environment, "SELECT 'of grace'")
    await by('grace', 'logout')
    const start = (await entries('run.start')).find(({ fields }) => fields.run === run)!
    const { pseudonym } = start.fields.who as { pseudonym: string }
    const asked = await by('ken', 'trail', 'erase', '--pseudonym', pseudonym, '--reason', 'letter', '--yes')
    const id = /erq_\w+/.exec(asked.out)![0]
    expect(await by('lin', 'erasures', 'approve', id)).toMatchObject({ code: 0 })
    const [said] = await entries('run.start', true).then((all) => all.filter(({ fields }) => fields.run === run))
    expect(said!.payloads).toMatchObject([{ name: 'run', encoding: 'erased' }])
    const listed = (await gateway.operator.runs()).find((each) => each.id === run)
    expect(JSON.stringify(listed ?? {})).not.toContain('grace')
  }, 60_000)
})
