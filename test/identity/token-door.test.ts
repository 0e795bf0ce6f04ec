import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { TokenDoorClient } from '../../src/api/token/client.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import type { RunningPostgres } from '../parts/postgres.ts'

/** The whole gateway as a process; nobody here goes as far as its target, which is not there. */
let issuer: TestIssuer
let gateway: RunningGateway
const clients: TokenDoorClient[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [{ name: 'orders-db', server: { port: 1 } as RunningPostgres, user: 'nobody', databases: { orders: 'orders' } }],
  })
})
afterAll(async () => {
  for (const client of clients) await client.close()
  await gateway?.remove()
  await issuer?.close()
})

const door = (): TokenDoorClient => {
  const client = new TokenDoorClient(`https://localhost:${gateway.tokenPort}`, gateway.ca)
  clients.push(client)
  return client
}
const mint = (claims: Record<string, unknown> = {}) => issuer.mint({ aud: AUDIENCE, ...claims })

async function entries() {
  const seen = []
  for await (const entry of gateway.operator.trail({ from: 0, follow: false, opened: true, filter: {} }, new AbortController().signal))
    seen.push({ ...entry, fields: entry.fields as Record<string, unknown> })
  return seen
}

it('keeps a run, and what was spent, over a kill -9; its start stands in the trail', async () => {
  const token = await mint({ run_id: '1' })
  const first = await door().exchange(token)
  if (!first.ok) throw new Error(first.refusal.code)
  const { access_token: handle, gatescribe } = first.answer
  await gateway.kill9()
  gateway = await gateway.again()
  const ofRun = (await entries()).filter(({ fields }) => fields.run === gatescribe.run)
  expect(ofRun.map(({ kind }) => kind)).toEqual(['run.start'])
  expect(await door().self(handle)).toMatchObject({ ok: true, answer: { run: gatescribe.run, state: 'live' } })
  expect(await door().exchange(token)).toMatchObject({ ok: false, refusal: { code: 'GS_IDENTITY_TOKEN_REPLAYED' } })
  expect(await door().exchange(await mint({ run_id: '1' }))).toMatchObject({
    ok: true,
    answer: { access_token: handle, gatescribe: { joined: true } },
  })
})

it('lets nobody into a revoked run again, also after a kill -9', async () => {
  const { run, handle } = await gateway.credential({ run_id: '2' })
  await gateway.operator.revokeRun(run)
  await gateway.kill9()
  gateway = await gateway.again()
  expect(await door().renew(handle)).toMatchObject({ ok: false, status: 401, refusal: { code: 'GS_IDENTITY_RUN_OVER' } })
  expect(await door().exchange(await mint({ run_id: '2' }))).toMatchObject({ ok: false, status: 400, refusal: { code: 'GS_RUNS_OVER' } })
})

it('records who was turned away, and nothing of what they brought', async () => {
  const token = await mint({ repository_id: '1', run_id: '3' })
  expect(await door().exchange(token)).toMatchObject({ ok: false, refusal: { code: 'GS_IDENTITY_NOT_ACCEPTED' } })
  // Noted, not waited for: the refusal does not hang on the disk.
  const refused = await vi.waitUntil(
    async () => (await entries()).find(({ kind, fields }) => kind === 'signin.refused' && fields.code === 'GS_IDENTITY_NOT_ACCEPTED'),
    { timeout: 5_000 },
  )
  expect(refused).toMatchObject({ fields: { door: 'token', issuer: 'github' } })
  expect(JSON.stringify(refused)).not.toContain(token.slice(-40))
})

it('writes no credential and no token to its disk or its log', async () => {
  const token = await mint({ run_id: '4' })
  const exchanged = await door().exchange(token)
  if (!exchanged.ok) throw new Error(exchanged.refusal.code)
  const { access_token: handle, gatescribe } = exchanged.answer
  await door().renew(handle)
  await door().renew(gatescribe.planes.postgres.credential)
  // Everything it wrote is there, and nothing moves any more.
  await gateway.stop()
  const written = filesBelow(gateway.folder).map((path) => readFileSync(path, 'latin1'))
  // The search can find something: the run's public id is there.
  expect(written.some((content) => content.includes(gatescribe.run))).toBe(true)
  for (const secret of [handle, gatescribe.planes.postgres.credential, token.split('.')[2]!])
    expect(written.filter((content) => content.includes(secret))).toEqual([])
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}
