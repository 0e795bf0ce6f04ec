import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { Team } from '../parts/team.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let team: Team

beforeAll(async () => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    pollEvery: 1,
    redirectUri: `${url}/signin/callback`,
    accounts: {
      root: { groups: ['admins'], github_id: '1' },
      ada: { groups: ['audit', 'sre'], github_id: '2' },
      grace: { groups: ['audit'], github_id: '3' },
      ken: { groups: ['audit'], github_id: '4' },
    },
  })
  team = new Team(url, { okta: people })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: [{ name: 'orders', server: postgres, user: 'postgres', databases: { postgres: 'postgres' } }],
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      const { id: clientId } = people.client
      const registered = { clientId, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } }
      config.issuers.push({ name: 'okta', issuer: people.url, insecureLoopback: true, people: registered })
      const roles = { admin: ['okta/admins'], auditor: ['okta/audit'], approver: ['okta/sre'] }
      Object.assign(config, {
        roles: Object.fromEntries(Object.entries(roles).map(([role, groups]) => [role, { groups }])),
      })
      config.rules.push({ name: 'changes-need-a-person', effect: 'ask', do: ['postgres.write'], approvers: { groups: ['okta/sre'] } })
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
  await postgres.query('CREATE TABLE orders (n int)')
})
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await people?.close()
  await jobs?.close()
  team?.remove()
})

const by: Team['by'] = (account, ...words) => team.by(account, ...words)

async function connected(): Promise<{ client: Client; run: string }> {
  const { run, password } = await gateway.credential()
  const client = new Client({ host: 'localhost', port: gateway.port, user: run, password, database: 'postgres', ssl: { ca: gateway.ca } })
  client.on('error', () => undefined)
  await client.connect()
  return { client, run }
}

/** In a transaction, where nobody waits for long. @returns what it is refused with; undefined where it is done */
async function change(client: Client, text: string): Promise<string | undefined> {
  await client.query('BEGIN')
  try {
    await client.query(text)
    await client.query('COMMIT')
    return undefined
  } catch (error) {
    await client.query('ROLLBACK')
    return `${(error as Error).message} ${(error as DatabaseError).detail}`
  }
}

const requestIn = (refusal: string | undefined) => /apr_\w+/.exec(refusal ?? '')![0]

/** A run that has ended, with one statement of this text; `changes` are approved by ada. */
async function ended(text: string, changes?: string): Promise<string> {
  const { client, run } = await connected()
  await client.query(`SELECT '${text}'`)
  if (changes !== undefined) {
    const id = requestIn(await change(client, changes))
    expect(await by('ada', 'approvals', 'approve', id)).toMatchObject({ code: 0 })
    expect(await change(client, changes)).toBeUndefined()
  }
  await client.end()
  await gateway.operator.revokeRun(run)
  return run
}

async function fieldsOf(kind: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  const query = { from: 0, follow: false, opened: false, filter: { kind } }
  for await (const entry of gateway.operator.trail(query, new AbortController().signal)) found.push(entry.fields)
  return found
}

describe('erasing', () => {
  it('takes two persons, also over a restart; the local operator alone is told how', async () => {
    const run = await ended('alpha')
    const local = await by('grace', 'trail', 'erase', '-c', gateway.configPath, '--run', run, '--reason', 'letter', '--yes')
    expect(local).toMatchObject({ code: 1, err: expect.stringMatching(/^GS_RETENTION_TWO_PERSONS: .+\nnext: .+gatescribe login/) })
    const dry = await by('grace', 'trail', 'erase', '--run', run, '--reason', 'letter')
    // That of the session, and that of what was recorded of it.
    expect(dry.out).toContain('Would destroy 2 payload keys')
    const asked = await by('grace', 'trail', 'erase', '--run', run, '--reason', 'letter', '--yes')
    const id = /erq_\w+/.exec(asked.out)![0]
    expect(await by('grace', 'erasures', 'approve', id)).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_RETENTION_SAME_PERSON'),
    })
    gateway = await gateway.again()
    expect((await by('ken', 'erasures', 'ls')).out).toMatch(new RegExp(`${id} +asked +run ${run}`))
    expect((await by('ken', 'erasures', 'show', id)).out).toContain('because    letter')
    expect(await fieldsOf('erased')).toEqual([])
    expect((await by('ken', 'erasures', 'approve', id)).out).toContain('Destroyed 2 payload keys')
    const [erased] = await fieldsOf('erased')
    expect(erased).toMatchObject({ run, request: id, persons: 'proven' })
    const people = (await fieldsOf('signin')).map(({ who }) => (who as { pseudonym: string }).pseudonym)
    expect(people).toEqual(expect.arrayContaining([erased!.by, erased!.approvedBy]))
    expect(erased!.by).not.toBe(erased!.approvedBy)
  }, 120_000)

  it('is not for who approved an operation there, whatever roles they have', async () => {
    const run = await ended('beta', 'INSERT INTO orders VALUES (1)')
    const refusal = { code: 1, err: expect.stringContaining('GS_RETENTION_APPROVED_THERE') }
    expect(await by('ada', 'trail', 'erase', '--run', run, '--reason', 'mine', '--yes')).toMatchObject(refusal)
    const id = /erq_\w+/.exec((await by('grace', 'trail', 'erase', '--run', run, '--reason', 'letter', '--yes')).out)![0]
    expect(await by('ada', 'erasures', 'approve', id)).toMatchObject(refusal)
    expect(await by('root', 'erasures', 'deny', id, '--reason', 'not now')).toMatchObject({ code: 0, out: `${id} is denied.\n` })
  }, 120_000)
})

describe('revoking', () => {
  it('a run cuts its live sessions within a second, whoever does it from the admin door, and names them', async () => {
    const { client, run } = await connected()
    const told = client.query('SELECT pg_sleep(30)').catch((error: Error & { code?: string }) => error)
    const running = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND state = 'active'"
    await expect.poll(() => postgres.query(running)).not.toEqual(await postgres.query('SELECT 1 WHERE false'))
    await by('root', 'whoami')
    const began = performance.now()
    await team.as('root').revokeRun(run)
    expect(await told).toMatchObject({ code: '57P01' })
    expect(performance.now() - began).toBeLessThan(1_000)
    const revoked = (await fieldsOf('run.revoked')).find((fields) => fields.run === run)
    expect(revoked?.by).toBe(await pseudonymOf('root'))
    await expect(gateway.operator.revokeRun(run)).rejects.toThrow()
  }, 120_000)

  it('a person ends their sessions and what they still read at once, takes back what they approved, and keeps them out until it is lifted', async () => {
    const { client } = await connected()
    const changes = 'INSERT INTO orders VALUES (2)'
    const id = requestIn(await change(client, changes))
    await by('ada', 'approvals', 'approve', id)
    const reading = (async () => {
      for await (const _ of team.as('ada').trail({ from: 0, follow: true, opened: false, filter: {} }, new AbortController().signal)) {
        // Reads until it is cut.
      }
    })()
    const cut = reading.then(
      () => 'cut',
      () => 'cut',
    )
    expect(await by('grace', 'persons', 'revoke', 'okta', 'ada')).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_ADMIN_NOT_PERMITTED'),
    })
    const began = performance.now()
    const done = await by('root', 'persons', 'revoke', 'okta', 'ada', '--reason', 'left the company')
    expect(done.out).toMatch(/ is revoked: 1 sessions ended, 1 approvals are taken back/)
    expect(await cut).toBe('cut')
    expect(performance.now() - began).toBeLessThan(1_000)
    await expect(team.as('ada').status()).rejects.toMatchObject({ code: 'GS_PEOPLE_SESSION_INVALID' })
    expect(await team.login('ada')).toBe(1)
    expect(await change(client, changes)).toContain('GS_APPROVAL_DENIED')
    const pseudonym = await pseudonymOf('ada')
    expect(await fieldsOf('person.revoked')).toMatchObject([
      { who: { pseudonym, issuer: 'okta', kind: 'person' }, sessions: 1, by: await pseudonymOf('root') },
    ])
    expect((await fieldsOf('signin.refused')).at(-1)).toMatchObject({ code: 'GS_PEOPLE_REVOKED' })
    gateway = await gateway.again()
    expect(await team.login('ada')).toBe(1)
    expect((await by('root', 'persons', 'ls')).out).toContain(pseudonym)
    expect((await by('root', 'persons', 'restore', 'okta', 'ada')).out).toBe(`${pseudonym} may sign in again.\n`)
    expect(await team.login('ada')).toBe(0)
    expect(await fieldsOf('person.restored')).toMatchObject([{ who: { pseudonym } }])
    await client.end().catch(() => undefined)
  }, 120_000)
})

/** As entries name them: their newest sign-in is that of the account. */
async function pseudonymOf(account: string): Promise<string> {
  const query = { from: 0, follow: false, opened: true, filter: { kind: 'signin' } }
  for await (const { fields, payloads } of gateway.operator.trail(query, new AbortController().signal)) {
    const person = payloads?.find(({ name }) => name === 'person')?.content
    if (person?.includes(`"subject":"${account}"`)) return (fields.who as { pseudonym: string }).pseudonym
  }
  throw new Error(`${account} has not signed in`)
}
