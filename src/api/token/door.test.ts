import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from 'vitest'
import { startIssuer, type TestIssuer } from '../../../test/parts/issuer.ts'
import { budgetsOf } from '../../../test/parts/unlimited.ts'
import { EvidenceError } from '../../evidence/index.ts'
import {
  loginThrottle,
  openIdentityKeys,
  prepareIssuer,
  type RefusedSignIn,
  RunCredentials,
  Throttle,
  TokenExchange,
} from '../../identity/index.ts'
import type { CodedError, PostgresResource, RunId, Sealer } from '../../operations/index.ts'
import { type BudgetSettings, LiveRuns } from '../../runs/index.ts'
import {
  type EmbeddedDatabase,
  embeddedCredentialStore,
  embeddedRootKeyStore,
  embeddedRunStore,
  embeddedSpentTokens,
  openDatabase,
} from '../../store/index.ts'
import { TrailError } from '../../trail/index.ts'
import type { AccountAnswer } from './account-answer.ts'
import { TokenDoorClient } from './client.ts'
import { type TokenDoor, tokenDoor } from './index.ts'

const audience = 'https://gw.example.org'
/** Sealing is proven in credentials/; here the key only has to survive a restart. */
const sealer: Sealer = { seal: (plain) => plain, open: (sealed) => sealed }

let folder: string
let database: EmbeddedDatabase
let issuer: TestIssuer
let closing: (() => Promise<unknown> | unknown)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-token-'))
  database = openDatabase(folder)
  issuer = await startIssuer()
})
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
  await issuer.close()
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Gateway {
  readonly door: TokenDoor
  readonly client: TokenDoorClient
  readonly url: string
  readonly runs: LiveRuns
  readonly credentials: RunCredentials
  readonly refused: RefusedSignIn[]
  readonly started: ReturnType<typeof vi.fn>
  readonly receipt: Mock<(run: string) => Promise<string>>
  readonly account: Mock<(run: string) => Promise<AccountAnswer>>
}

let closedFor: CodedError | undefined
afterEach(() => {
  closedFor = undefined
})

async function gateway(
  limits: { address?: { burst: number; perSecond: number }; subject?: { burst: number; perSecond: number } } = {},
  budgets: readonly BudgetSettings[] = [],
): Promise<Gateway> {
  const receipt = vi.fn(async (run: string) => JSON.stringify({ gatescribe: 'run-receipt', version: 1, run, logs: [] }))
  const numbers = { name: 'orders-db', sessions: 2, sessionsRefused: 0, operations: 7, refused: 1, held: 1, masked: 3 }
  const account = vi.fn(async (run: string): Promise<AccountAnswer> => ({ run, state: 'ended', resources: [numbers] }))
  const place = (index: number) => ({ log: 'example.org/one', index })
  const started = vi.fn(async () => place(5))
  const runs = new LiveRuns({
    store: embeddedRunStore(database),
    observer: {
      notBefore: () => place(3),
      started,
      find: async () => undefined,
      joined: () => undefined,
      over: async () => place(9),
      killed: () => undefined,
      suspended: () => undefined,
      resumed: async () => undefined,
      crossed: () => undefined,
      crowded: () => undefined,
    },
    budgets: budgetsOf(budgets),
  })
  const keys = openIdentityKeys(embeddedRootKeyStore(database), sealer)
  const credentials = new RunCredentials(keys, embeddedCredentialStore(database), runs)
  const refused: RefusedSignIn[] = []
  const exchange = new TokenExchange({
    issuers: [
      prepareIssuer({
        name: 'github',
        issuer: issuer.url,
        audience,
        accept: { repository_id: '987654' },
        groups: ['repo:{repository}'],
        run: { id: ['{repository_id}', '{run_id}', '{run_attempt}'], repository: '{repository}' },
        insecureLoopback: true,
      }),
    ],
    runIdKey: keys.runIds,
    runs,
    credentials,
    spent: embeddedSpentTokens(database),
    onRefused: (one) => refused.push(one),
    limits,
  })
  const door = tokenDoor({
    exchange,
    credentials,
    runs,
    receipt,
    account,
    names: ['127.0.0.1'],
    postgres: { host: 'gw.example.org', port: 5432 },
    ca: () => '-----BEGIN CERTIFICATE-----\n',
    unavailable: () => closedFor,
    throttle: new Throttle({ burst: 200, perSecond: 100 }),
    failures: loginThrottle({ burst: 3, perSecond: 0.1 }),
  })
  const url = `http://127.0.0.1:${await door.listen({ host: '127.0.0.1', port: 0 })}`
  const client = new TokenDoorClient(url)
  closing.push(
    () => client.close(),
    () => door.close(),
    () => runs.close(),
  )
  return { door, client, url, runs, credentials, refused, started, receipt, account }
}

const form = (fields: readonly (readonly [string, string])[] | Record<string, string>) =>
  new URLSearchParams(fields as Record<string, string>).toString()
const exchangeForm = async (changed: Record<string, string> = {}) =>
  form({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: await issuer.mint({ aud: audience }),
    ...changed,
  })
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })

async function signIn({ client }: Gateway, claims: Record<string, unknown> = {}) {
  const outcome = await client.exchange(await issuer.mint({ aud: audience, ...claims }))
  if (!outcome.ok) throw new Error(outcome.refusal.code)
  return outcome.answer
}

it('exchanges a token for a run handle and a plane credential, and says nothing may store them', async () => {
  const { url, started } = await gateway()
  const response = await post(`${url}/oauth/token`, await exchangeForm())
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  const answer = (await response.json()) as Record<string, unknown>
  expect(answer).toEqual({
    access_token: expect.stringMatching(/^gs_run_[0-9a-z]{39}$/),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: expect.any(Number),
    gatescribe: {
      run: expect.stringMatching(/^run_/),
      joined: false,
      planes: {
        postgres: {
          credential: expect.stringMatching(/^gs_pg_[0-9a-z]{39}$/),
          user: (answer.gatescribe as { run: string }).run,
          expires_in: expect.any(Number),
          host: 'gw.example.org',
          port: 5432,
        },
      },
    },
  })
  expect(answer.expires_in).toBeGreaterThan(890)
  expect(started).toHaveBeenCalledOnce()
})

it('gives no credential before the start of the run is recorded', async () => {
  const { url, started, runs } = await gateway()
  started.mockRejectedValueOnce(new Error('disk full'))
  const refused = await post(`${url}/oauth/token`, await exchangeForm())
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable', code: 'GS_RUNS_NOT_RECORDED' })
  expect(runs.runs()).toEqual([])
})

it('refuses the same token twice, also after a restart, and joins the run with a fresh one', async () => {
  const token = await issuer.mint({ aud: audience })
  const before = await gateway()
  const first = await before.client.exchange(token)
  expect(first.ok).toBe(true)
  expect(await before.client.exchange(token)).toMatchObject({ ok: false, status: 400, refusal: { code: 'GS_IDENTITY_TOKEN_REPLAYED' } })
  const after = await gateway()
  expect(await after.client.exchange(token)).toMatchObject({ ok: false, refusal: { code: 'GS_IDENTITY_TOKEN_REPLAYED' } })
  const joined = await signIn(after)
  expect(joined).toMatchObject({ gatescribe: { joined: true } })
  expect(first.ok && first.answer.access_token).toBe(joined.access_token)
  expect(first.ok && first.answer.gatescribe.planes).toMatchObject({
    postgres: { credential: joined.gatescribe.planes.postgres.credential },
  })
  expect(after.refused).toMatchObject([{ code: 'GS_IDENTITY_TOKEN_REPLAYED', signedBy: { issuer: 'github' } }])
})

it('exchanges one token once, however many try at the same time', async () => {
  const { client } = await gateway()
  const token = await issuer.mint({ aud: audience })
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => client.exchange(token)))
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
})

it('keeps a run alive by heart-beat, ends it, and lets nobody in again', async () => {
  const gate = await gateway()
  const { access_token: handle } = await signIn(gate)
  expect(await gate.client.renew(handle)).toMatchObject({ ok: true, answer: { state: 'live', sessions: 0 } })
  expect(await gate.client.self(handle)).toMatchObject({ ok: true, answer: { state: 'live' } })
  expect(await gate.client.end(handle)).toMatchObject({ ok: true, answer: { state: 'ended', expires_in: 0 } })
  expect(await gate.client.renew(handle)).toMatchObject({ ok: false, status: 401, refusal: { code: 'GS_IDENTITY_RUN_OVER' } })
  expect(await gate.client.exchange(await issuer.mint({ aud: audience }))).toMatchObject({ ok: false, refusal: { code: 'GS_RUNS_OVER' } })
})

describe('the receipt of a run', () => {
  it('goes to the holder of its handle, also when it is over', async () => {
    const gate = await gateway()
    const { access_token: handle, gatescribe } = await signIn(gate)
    await gate.client.end(handle)
    expect(await gate.client.receipt(handle)).toEqual({
      ok: true,
      answer: { gatescribe: 'run-receipt', version: 1, run: gatescribe.run, logs: [] },
    })
    expect(gate.receipt).toHaveBeenCalledWith(gatescribe.run)
  })

  it('goes to nobody else: not to the job, not to who guesses', async () => {
    const gate = await gateway()
    const { access_token: handle, gatescribe } = await signIn(gate)
    const { credential } = gatescribe.planes.postgres
    expect(await gate.client.receipt(credential)).toMatchObject({ status: 401, refusal: { code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' } })
    expect(await gate.client.receipt('gs_run_x')).toMatchObject({ status: 401 })
    expect(await gate.client.receipt(`${handle}x`)).toMatchObject({ status: 401 })
    expect(await gate.client.receipt('gs_run_y')).toMatchObject({ status: 429 })
    expect(gate.receipt).not.toHaveBeenCalled()
  })

  it.each([
    ['GS_EVIDENCE_RUN_LIVE', 409, 'invalid_request'],
    ['GS_EVIDENCE_RUN_ELSEWHERE', 404, 'invalid_request'],
    ['GS_EVIDENCE_RUN_ENDING', 503, 'temporarily_unavailable'],
    ['GS_EVIDENCE_UNSIGNED', 503, 'temporarily_unavailable'],
  ] as const)('is refused with a code and a next step: %s', async (code, status, error) => {
    const gate = await gateway()
    const { access_token: handle } = await signIn(gate)
    gate.receipt.mockRejectedValueOnce(new EvidenceError(code))
    expect(await gate.client.receipt(handle)).toMatchObject({ ok: false, status, refusal: { error, code, next: expect.any(String) } })
  })

  it('says no more than that it failed where nobody expected it', async () => {
    const gate = await gateway()
    const { access_token: handle } = await signIn(gate)
    gate.receipt.mockRejectedValueOnce(new Error('password=hunter2'))
    const outcome = await gate.client.receipt(handle)
    expect(outcome).toMatchObject({ status: 500, refusal: { code: 'GS_TOKEN_DOOR_FAILED' } })
    expect(JSON.stringify(outcome)).not.toContain('hunter2')
  })
})

it('takes from a launcher for how long its run is to live without it, and nothing else', async () => {
  const gate = await gateway()
  const { access_token: handle } = await signIn(gate)
  expect(await gate.client.renew(handle, 60)).toMatchObject({
    ok: true,
    answer: { state: 'live', expires_in: expect.toSatisfy((left: number) => left <= 60) },
  })
  for (const lease of [0, 4, 901, -5, 1.5, Number.NaN, 1e3])
    expect(await gate.client.renew(handle, lease)).toMatchObject({ status: 400, refusal: { code: 'GS_TOKEN_REQUEST_INVALID' } })
  const headers = { authorization: `Bearer ${handle}`, 'content-type': 'application/x-www-form-urlencoded' }
  for (const body of ['lease=60&lease=60', 'lease=60&more=1', 'other=1'])
    expect((await fetch(`${gate.url}/runs/renew`, { method: 'POST', headers, body })).status).toBe(400)
})

describe('what a run came to', () => {
  it('goes to the holder of its handle once it is over, and not to the job', async () => {
    const gate = await gateway()
    const { access_token: handle, gatescribe } = await signIn(gate)
    const { credential } = gatescribe.planes.postgres
    expect(await gate.client.account(credential)).toMatchObject({ status: 401, refusal: { code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' } })
    expect(gate.account).not.toHaveBeenCalled()
    await gate.client.end(handle)
    expect(await gate.client.account(handle)).toEqual({
      ok: true,
      answer: {
        ...{ run: gatescribe.run, state: 'ended' },
        resources: [{ name: 'orders-db', sessions: 2, sessionsRefused: 0, operations: 7, refused: 1, held: 1, masked: 3 }],
      },
    })
  })

  it('is refused while it is live, and may be asked for again while it is ending', async () => {
    const gate = await gateway()
    const { access_token: handle } = await signIn(gate)
    gate.account.mockRejectedValueOnce(new EvidenceError('GS_EVIDENCE_RUN_LIVE'))
    expect(await gate.client.account(handle)).toMatchObject({ status: 409, refusal: { code: 'GS_EVIDENCE_RUN_LIVE' } })
    gate.account.mockRejectedValueOnce(new EvidenceError('GS_EVIDENCE_RUN_ENDING'))
    expect(await gate.client.account(handle)).toMatchObject({ status: 503, refusal: { error: 'temporarily_unavailable' } })
  })
})

it('ends live sessions at once when the run is revoked, and no credential of it works any more', async () => {
  const gate = await gateway()
  const answer = await signIn(gate)
  const run = await gate.credentials.postgres().runOf(answer.gatescribe.planes.postgres.credential)
  const session = gate.runs.openSession(run, { name: 'orders-db' } as PostgresResource, { address: '127.0.0.1:1', tls: false })
  expect(gate.runs.revoke(answer.gatescribe.run as RunId, 'operator')).toBe(true)
  expect(session.signal.reason).toMatchObject({ code: 'GS_RUN_ENDED' })
  await expect(gate.credentials.postgres().runOf(answer.gatescribe.planes.postgres.credential)).rejects.toMatchObject({
    code: 'GS_IDENTITY_RUN_OVER',
  })
  expect(await gate.client.self(answer.access_token)).toMatchObject({ ok: false, refusal: { code: 'GS_IDENTITY_RUN_OVER' } })
})

it('says of a suspended run that it is, and keeps it alive for its launcher', async () => {
  const gate = await gateway()
  const answer = await signIn(gate)
  const run = await gate.credentials.postgres().runOf(answer.gatescribe.planes.postgres.credential)
  const session = gate.runs.openSession(run, { name: 'orders-db' } as PostgresResource, { address: '127.0.0.1:1', tls: false })
  for (let count = 0; count <= 50; count++) session.budget.refused()
  for (const said of [await gate.client.self(answer.access_token), await gate.client.renew(answer.access_token)])
    expect(said).toMatchObject({ ok: true, answer: { state: 'live', suspended: true, sessions: 1 } })
  await gate.runs.resume(run.id, 'operator')
  expect(await gate.client.self(answer.access_token)).toMatchObject({ ok: true, answer: { state: 'live' } })
  expect(JSON.stringify(await gate.client.self(answer.access_token))).not.toContain('suspended')
})

it('starts no more runs at once than a budget has room for, and says that it is not the token', async () => {
  const one: BudgetSettings = { name: 'one-at-a-time', per: 'workload', limit: { concurrentRuns: 1 } }
  const gate = await gateway({}, [one])
  const first = await signIn(gate)
  const refused = await gate.client.exchange(await issuer.mint({ aud: audience, run_id: '77' }))
  expect(refused).toMatchObject({
    ...{ ok: false, status: 429 },
    refusal: { error: 'temporarily_unavailable', code: 'GS_RUNS_TOO_MANY', error_description: expect.stringContaining('one-at-a-time') },
  })
  expect(gate.refused.at(-1)).toMatchObject({ code: 'GS_RUNS_TOO_MANY' })
  await gate.client.end(first.access_token)
  expect(await gate.client.exchange(await issuer.mint({ aud: audience, run_id: '77' }))).toMatchObject({ ok: true })
})

it('keeps neither credential anywhere on the disk', async () => {
  const gate = await gateway()
  const answer = await signIn(gate)
  const everything = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'latin1'))
    .join()
  expect(everything).toContain(answer.gatescribe.run)
  expect(everything).not.toContain(answer.access_token.slice(7, 20))
  expect(everything).not.toContain(answer.gatescribe.planes.postgres.credential.slice(6, 20))
})

describe('the run life cycle is closed to', () => {
  it('a plane credential, by name', async () => {
    const gate = await gateway()
    const { credential } = (await signIn(gate)).gatescribe.planes.postgres
    expect(await gate.client.end(credential)).toMatchObject({
      status: 401,
      refusal: { error: 'invalid_token', code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' },
    })
  })

  it('a handle that was changed, invented, or sent in the query', async () => {
    const gate = await gateway()
    const { access_token: handle } = await signIn(gate)
    const changed = handle.slice(0, -1) + (handle.endsWith('0') ? '1' : '0')
    expect(await gate.client.end(changed)).toMatchObject({ status: 401, refusal: { code: 'GS_IDENTITY_CREDENTIAL_FOREIGN' } })
    expect((await fetch(`${gate.url}/runs/self`)).status).toBe(401)
    expect((await fetch(`${gate.url}/runs/self?access_token=${handle}`)).status).toBe(400)
    expect(await gate.client.self(handle)).toMatchObject({ ok: true })
  })

  it('whoever guesses, after a few tries', async () => {
    const gate = await gateway()
    for (let at = 0; at < 3; at++) await gate.client.self(randomBytes(20).toString('hex'))
    const response = await fetch(`${gate.url}/runs/self`, { headers: { authorization: 'Bearer x' } })
    expect(response.status).toBe(429)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

it('throttles an address before a good signature, and a subject after', async () => {
  const gate = await gateway({ address: { burst: 2, perSecond: 0.01 }, subject: { burst: 4, perSecond: 0.01 } })
  // Good signatures do not count against the address.
  for (let at = 0; at < 4; at++) await signIn(gate)
  const subject = await gate.client.exchange(await issuer.mint({ aud: audience }))
  expect(subject).toMatchObject({ ok: false, status: 429, refusal: { code: 'GS_IDENTITY_THROTTLED' } })
  await expect(signIn(gate, { sub: 'repo:acme/reports:environment:prod', run_id: '8' })).resolves.toBeDefined()
  for (let at = 0; at < 2; at++) expect(await gate.client.exchange('a.b.c')).toMatchObject({ status: 400 })
  expect(await gate.client.exchange('a.b.c')).toMatchObject({ status: 429 })
})

it('counts old tokens and those for others against the address that sends them, so that whoever found one locks nobody out', async () => {
  const gate = await gateway({ address: { burst: 4, perSecond: 0.01 }, subject: { burst: 2, perSecond: 0.01 } })
  const past = Math.floor(Date.now() / 1000) - 300
  for (const claims of [{ exp: past }, { exp: past }, { aud: 'https://elsewhere.example' }])
    expect(await gate.client.exchange(await issuer.mint({ aud: audience, ...claims }))).toMatchObject({ ok: false, status: 400 })
  await expect(signIn(gate)).resolves.toBeDefined()
  expect(await gate.client.exchange(await issuer.mint({ aud: audience, exp: past }))).toMatchObject({ status: 400 })
  expect(await gate.client.exchange(await issuer.mint({ aud: audience, exp: past }))).toMatchObject({ status: 429 })
})

describe('refuses a request', () => {
  it.each<[string, Record<string, string>, string]>([
    ['for another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ['with another type of token', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
    ['for another type of token', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request'],
    ['without a token', { subject_token: '' }, 'invalid_request'],
    ['on behalf of an actor', { actor_token: 'x' }, 'invalid_request'],
    ['for a scope', { scope: 'admin' }, 'invalid_scope'],
    ['for another audience', { audience: 'x' }, 'invalid_target'],
    ['with a bad token', { subject_token: 'a.b.c' }, 'invalid_request'],
  ])('%s', async (_, changed, error) => {
    const { url } = await gateway()
    const response = await post(`${url}/oauth/token`, await exchangeForm(changed))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error,
      error_description: expect.any(String),
      code: expect.stringMatching(/^GS_/),
      next: expect.any(String),
    })
  })

  it('that repeats a parameter, is too large, no form, misdirected, or has a query', async () => {
    const { url, door } = await gateway()
    const good = await exchangeForm()
    expect((await post(`${url}/oauth/token`, `${good}&grant_type=x`)).status).toBe(400)
    expect((await post(`${url}/oauth/token`, `${good}&x=${'a'.repeat(70_000)}`)).status).toBe(413)
    expect((await post(`${url}/oauth/token`, '{}', { 'content-type': 'application/json' })).status).toBe(415)
    expect((await post(`${url}/oauth/token?subject_token=x`, good)).status).toBe(400)
    expect((await door.server.inject({ method: 'POST', url: '/oauth/token', headers: { host: 'console.example.org' } })).statusCode).toBe(
      421,
    )
    expect((await fetch(`${url}/nowhere`)).status).toBe(404)
    // None of these spent the token.
    expect((await post(`${url}/oauth/token`, good)).status).toBe(200)
  })
})

it('says 503, and why, as its health while no operation can be admitted', async () => {
  const { url } = await gateway()
  closedFor = new TrailError('GS_TRAIL_FULL')
  const answer = await fetch(`${url}/health`)
  expect([answer.status, await answer.json()]).toEqual([
    503,
    expect.objectContaining({ error: 'temporarily_unavailable', code: 'GS_TRAIL_FULL', next: closedFor.next }),
  ])
})

it('shows its health and its CA to anybody', async () => {
  const { url } = await gateway()
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
  expect(await (await fetch(`${url}/ca.pem`)).text()).toContain('BEGIN CERTIFICATE')
})

it('does not listen in plaintext where others can reach it', async () => {
  const { door } = await gateway()
  await expect(door.listen({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'GS_TOKEN_DOOR_PLAINTEXT' })
})
