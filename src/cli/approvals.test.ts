import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf } from '../../test/parts/approvals.ts'
import { noOwnRuns } from '../../test/parts/no-own-runs.ts'
import { inMemoryOperator, waitingRequest } from '../../test/parts/operator.ts'
import { settingsOf, startPeople, type TestPeople } from '../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../test/parts/people-issuer.ts'
import { type TestSurroundings, testSurroundings } from '../../test/parts/surroundings.ts'
import { issueTestCertificates, type TestCertificates } from '../../test/parts/test-certificates.ts'
import { type AdminDoor, adminDoor } from '../api/admin/index.ts'
import { listenLocally, localApi } from '../api/local/index.ts'
import { approvalOperator } from '../gateway/approving.ts'
import { Throttle } from '../identity/index.ts'
import { run } from './main.ts'

let certificates: TestCertificates
let house: ApprovalHouse
let issuer: TestPeopleIssuer
let people: TestPeople
let door: AdminDoor
let folder: string
let url: string
const closing = new AbortController()

beforeEach(async () => {
  certificates = await issueTestCertificates(['localhost'])
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-cli-'))
  writeFileSync(join(folder, 'ca.pem'), certificates.ca)
  house = await new ApprovalHouse().open()
  issuer = await startPeopleIssuer({
    pollEvery: 1,
    accounts: { ada: { name: 'Ada', groups: ['sre'] }, eve: { name: 'Eve', groups: ['sre'] }, grace: { name: 'Grace', groups: ['sre'] } },
  })
  people = startPeople([settingsOf(issuer, { link: { ci: '{sub}@ci' } })], { approver: { groups: ['okta/sre'] } })
  door = await adminDoor({
    ownRuns: noOwnRuns,
    people: people.people,
    operatorFor: (person) => ({
      ...inMemoryOperator(),
      ...approvalOperator(
        { approvals: house.approvals, runs: house.runs, records: { approvalOpened: async () => undefined } },
        { name: person.person.subject, person },
      ),
    }),
    origin: 'https://gw.example.org:8445',
    names: ['localhost'],
    tls: { cert: certificates.server.certificate, key: certificates.server.key },
    throttle: new Throttle({ burst: 10_000, perSecond: 10_000 }),
    closing: closing.signal,
    version: '1.0.0',
    unavailable: () => undefined,
  })
  url = `https://localhost:${await door.listen({ host: '127.0.0.1', port: 0 })}`
})
afterEach(async () => {
  await door.close()
  people.close()
  await issuer.close()
  await house.close()
  await house.remove()
  rmSync(folder, { recursive: true, force: true })
})

const sessionFile = (who: string) => join(folder, who, 'gatescribe', 'session.json')

/** A command of somebody who has a configuration folder of their own. */
function around(who: string, env: Record<string, string> = {}): TestSurroundings {
  return testSurroundings({ folder, env: { XDG_CONFIG_HOME: join(folder, who), HOME: folder, ...env } })
}

async function of(who: string, ...words: string[]) {
  const surroundings = around(who)
  return { code: await run(words, surroundings), ...surroundings.printed }
}

/** Does what the terminal says, as soon as it says it. */
async function login(who: string, words: readonly string[] = [], account = who) {
  const surroundings = around(who)
  const code = run(['login', '--gateway', url, '--ca', 'ca.pem', ...words], surroundings)
  await expect.poll(() => surroundings.printed.out, { timeout: 5_000 }).toMatch(/Code|userCode/)
  const [, shown] = /(?:Code +|"userCode":")([A-Z-]+)/.exec(surroundings.printed.out)!
  const [, page] = /(?:Open +|"verificationUri":")([^\s"]+)/.exec(surroundings.printed.out)!
  await issuer.confirm(page!, shown!, account)
  // What the issuer says must be between two polls has gone by.
  people.clock.now += 10_000
  return { code: await code, ...surroundings.printed }
}

async function asked(sql = 'DELETE FROM orders') {
  const live = house.runs.run('run_a')?.run ?? (await house.run())
  return (await house.ask(live, sql, { effective: effectiveOf(sql), claimed: { message: 'the CTO said so \u001b[2J' } }, 'ticket')).id
}

describe('signing in from a terminal', () => {
  it('shows address and code, keeps the session for its owner only, and never prints it', async () => {
    const { code, out, err } = await login('ada')
    expect([code, out]).toEqual([0, expect.stringContaining(`Signed in at ${url} as Ada; roles: approver`)])
    const kept = readFileSync(sessionFile('ada'), 'utf8')
    const token = /gs_ps_\w+/.exec(kept)![0]
    expect(statSync(sessionFile('ada')).mode & 0o777).toBe(0o600)
    expect(out + err).not.toContain('gs_ps_')
    const me = await of('ada', 'whoami')
    expect(me.out).toMatch(/name +Ada\n[\s\S]*account +ci: ada@ci/)
    expect(JSON.parse((await of('ada', 'whoami', '--json')).out)).toMatchObject({ gateway: url, subject: 'ada', session: { via: 'cli' } })
    expect((await of('ada', 'logout')).out).toBe(`Signed out of ${url}.\n`)
    expect(readFileSync(sessionFile('ada'), 'utf8')).not.toContain(token)
    expect(() => people.people.sessions.authenticate(token)).toThrow()
    expect((await of('ada', 'whoami')).code).toBe(7)
  }, 30_000)

  it('prints JSON lines, and replaces the session of before', async () => {
    await login('ada')
    const before = /gs_ps_\w+/.exec(readFileSync(sessionFile('ada'), 'utf8'))![0]
    const { out } = await login('ada', ['--json'])
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toEqual([
      expect.objectContaining({ userCode: expect.any(String), verificationUri: expect.any(String) }),
      expect.objectContaining({ gateway: url, displayName: 'Ada' }),
    ])
    expect(out).not.toMatch(/gs_ps_|handle|csrf/)
    expect(() => people.people.sessions.authenticate(before)).toThrow()
  }, 30_000)

  it('trusts the named CA and nothing else, whatever the environment says', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const { code, err } = await of('ada', 'login', '--gateway', url)
      expect([code, err]).toEqual([3, expect.stringMatching(/GS_ADMIN_UNREACHABLE.*CERT|GS_ADMIN_UNREACHABLE.*VERIFY/)])
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
    expect((await of('ada', 'login', '--gateway', 'http://gw.example.org')).err).toContain('GS_ADMIN_URL_INSECURE')
    expect((await of('ada', 'login', '--gateway', 'gw')).code).toBe(2)
    expect((await of('ada', 'login')).code).toBe(2)
  })

  it('refuses a file of sessions that others can read, or that is none, without quoting it', async () => {
    await login('ada')
    chmodSync(sessionFile('ada'), 0o640)
    const open = await of('ada', 'approvals', 'ls')
    expect([open.code, open.err]).toEqual([1, expect.stringContaining('GS_CLI_SESSION_FILE')])
    chmodSync(sessionFile('ada'), 0o600)
    writeFileSync(sessionFile('ada'), '{"token": "gs_ps_secret"')
    const broken = await of('ada', 'approvals', 'ls')
    expect([broken.code, broken.err.includes('gs_ps_')]).toEqual([1, false])
  }, 30_000)

  it('ends with Ctrl-C while it waits', async () => {
    const surroundings = around('ada')
    const code = run(['login', '--gateway', url, '--ca', 'ca.pem'], surroundings)
    await expect.poll(() => surroundings.printed.out).toContain('Code')
    surroundings.ending.abort()
    expect(await code).toBe(130)
  })
})

describe('requests on a terminal', () => {
  it('are listed, shown as every channel shows them, and answered', async () => {
    await login('ada')
    const id = await asked('DELETE FROM "or\u202eders"\n-- \u001b[31mred')
    const list = await of('ada', 'approvals', 'ls')
    expect(list.out).toMatch(new RegExp(`${id} +pending +orders-db +run_a +ask-first 0/1`))
    const { out } = await of('ada', 'approvals', 'show', id)
    const order = [
      'state',
      'launcher        eve@ci',
      'write: delete',
      'statement (',
      '    DELETE FROM "or⟨U+202E⟩ders"\n    -- ⟨U+001B⟩[31mred',
      'search_path',
      'Written by the agent, may be false',
      'the CTO said so ⟨U+001B⟩[2J',
    ]
    const places = order.map((text) => out.indexOf(text))
    expect(places).not.toContain(-1)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    for (const hidden of ['\u202e', '\u001b']) expect(out).not.toContain(hidden)
    const exact = JSON.parse((await of('ada', 'approvals', 'show', id, '--json')).out) as { content: { parts: { content: string }[] } }
    expect(Buffer.from(exact.content.parts[0]!.content, 'base64').toString()).toBe('DELETE FROM "or\u202eders"\n-- \u001b[31mred')
    for (const _ of 'twice') expect((await of('ada', 'approvals', 'approve', id, '--reason', 'fine')).out).toBe(`${id} is approved.\n`)
    expect((await of('ada', 'approvals', 'revoke', id)).out).toBe(`${id} is revoked.\n`)
    expect((await house.entries()).map(({ fields }) => fields.channel)).toEqual([undefined, 'cli', 'cli'])
    expect((await of('ada', 'approvals', 'ls')).out).not.toContain(id)
    expect((await of('ada', 'approvals', 'ls', '--state', 'revoked')).out).toContain(id)
  }, 30_000)

  it('say who else must say yes, and who may not', async () => {
    await login('grace')
    await login('eve')
    const live = await house.run()
    const terms = { requirements: [{ rule: 'ask-two', groups: ['okta/sre'], count: 2 }], for: 900_000, stream: false }
    const { id } = await house.ask(live, 'DROP TABLE orders', { terms }, 'ticket')
    expect((await of('grace', 'approvals', 'approve', id)).out).toBe(`Your yes to ${id} is recorded; it still waits: ask-two has 1 of 2.\n`)
    const own = await of('eve', 'approvals', 'approve', id)
    expect([own.code, own.err]).toEqual([1, expect.stringContaining('GS_APPROVALS_OWN')])
    expect((await of('eve', 'approvals', 'deny', id)).out).toBe(`${id} is denied.\n`)
    expect((await of('grace', 'approvals', 'deny', 'apr_none')).code).toBe(4)
  }, 30_000)

  it('are for somebody who signed in; over the local socket they can be looked at', async () => {
    const operator = inMemoryOperator()
    operator.requests.push(waitingRequest('apr_one'))
    const local = await listenLocally(folder, localApi(operator, { error: () => undefined }, closing.signal))
    try {
      const socket = ['--socket', local.path]
      expect((await of('tom', 'approvals', 'ls', ...socket)).out).toContain('apr_one')
      expect((await of('tom', 'approvals', 'show', 'apr_one', ...socket)).out).toContain('    DELETE FROM orders')
      const answer = await of('tom', 'approvals', 'approve', 'apr_one')
      expect([answer.code, answer.err]).toEqual([7, expect.stringContaining('gatescribe login')])
      expect(operator.answers).toEqual([])
      expect((await of('tom', 'approvals', 'ls', ...socket, '--gateway', url)).code).toBe(2)
    } finally {
      await local.close()
    }
  })
})
