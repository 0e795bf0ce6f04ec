import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { digestOf, type ExportReceiver, type ExportReceiverOptions, startExportReceiver } from '../parts/export-receiver.ts'
import { entriesOfBundles } from '../parts/log-bundles.ts'
import { freePort } from '../parts/ports.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import { issueTestCertificates, type TestCertificates } from '../parts/test-certificates.ts'

const KINDS = ['ocsf', 'otlp', 'webhook'] as const
type Kind = ExportReceiverOptions['kind']

let certificates: TestCertificates
let shop: Shop
const receivers = new Map<Kind, ExportReceiver>()
const ports = new Map<Kind, number>()
const environment = { EXPORT_TOKEN: 'Bearer a-token-of-the-tests', EXPORT_SECRET: 'a signing secret of the tests', EXPORT_CA: '' }

const receiverOf = (kind: Kind) => receivers.get(kind)!

async function startReceiver(kind: Kind): Promise<ExportReceiver> {
  const receiver = await startExportReceiver({ kind, tls: certificates.server, port: ports.get(kind)! })
  receivers.set(kind, receiver)
  return receiver
}

beforeAll(async () => {
  certificates = await issueTestCertificates()
  environment.EXPORT_CA = certificates.ca
  for (const kind of KINDS) ports.set(kind, await freePort())
  shop = await openShop({
    gateway: {
      environment,
      adjust: (config) =>
        Object.assign(config, {
          exports: KINDS.map((kind) => ({
            ...{ name: `to-${kind}`, kind, url: `https://127.0.0.1:${ports.get(kind)}/v1/logs`, ca: 'env:EXPORT_CA' },
            headers: { authorization: 'env:EXPORT_TOKEN' },
            ...(kind === 'webhook' && { secret: 'env:EXPORT_SECRET' }),
          })),
        }),
    },
  })
})
afterAll(async () => {
  for (const receiver of receivers.values()) await receiver.close()
  await shop?.close()
})

/** Eight clients that ask without a pause, until told to stop or the gateway goes away; resolves when they have got so many answers. */
async function busy(answers: number): Promise<{ stop(): Promise<void> }> {
  let isOver = false
  let answered = 0
  const working = Array.from({ length: 8 }, async () => {
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    client.on('error', () => undefined)
    await client.connect()
    for (; !isOver; answered++) await client.query('SELECT $1::int', [answered])
    await client.end()
  })
  const settled = Promise.allSettled(working)
  while (answered < answers) await sleep(5)
  return {
    async stop() {
      isOver = true
      await settled
    },
  }
}

/** Until nothing is written for a while: what sessions leave behind comes within a second or so. */
async function atRest(): Promise<void> {
  for (let before = -1, size = 0; before !== size; ) {
    before = size
    await sleep(1_500)
    size = entriesOfBundles(shop.gateway.data).size
  }
}

it('gets exactly what the trail holds, whatever happens to receiver and gateway', { timeout: 120_000 }, async () => {
  // One is there from the beginning and fails, one cuts connections when it has taken what they brought, one is down.
  const troubled = await startReceiver('ocsf')
  const cutting = await startReceiver('otlp')
  troubled.trouble.push(503, { status: 429, headers: { 'retry-after': '1' } })
  cutting.trouble.push('taken-and-cut', 'cut')
  let work = await busy(400)
  await shop.gateway.kill9()
  await work.stop()
  shop.gateway = await shop.gateway.again()
  cutting.trouble.push('taken-and-cut')
  work = await busy(400)
  await work.stop()
  const [, , down] = await shop.gateway.operator.exports()
  expect(down).toMatchObject({ name: 'to-webhook', state: 'failing', delivered: 0, lastError: { code: 'GS_EXPORTS_UNREACHABLE' } })
  expect(down!.lagEntries).toBeGreaterThan(100)
  await startReceiver('webhook')
  // Whoever finds that it is there again need not wait for the next attempt.
  expect(await shop.gateway.operator.testExport('to-webhook')).toMatchObject({ taken: true, status: 200, tls: 'TLSv1.3' })
  for (const { name } of await shop.gateway.operator.exports()) await shop.gateway.operator.testExport(name)
  await atRest()

  await expect
    .poll(
      async () => {
        const { size } = entriesOfBundles(shop.gateway.data)
        return (
          [size, ...(await shop.gateway.operator.exports()).map(({ cursor, lagEntries }) => cursor + lagEntries)].every(
            (one) => one === size,
          ) && KINDS.every((kind) => receiverOf(kind).entries.size === size)
        )
      },
      { timeout: 40_000, interval: 200 },
    )
    .toBe(true)
  const { size, entries } = entriesOfBundles(shop.gateway.data)
  expect(size).toBeGreaterThan(200)
  for (const kind of KINDS) {
    const { entries: got, digest, batches, notices } = { ...receiverOf(kind), digest: receiverOf(kind).digest() }
    expect({ kind, count: got.size, digest }).toEqual({ kind, count: size, digest: digestOf(entries) })
    // Ranges leave nothing out, from the first entry on.
    let reached = 0
    for (const { from, to } of batches) {
      expect(from).toBeLessThanOrEqual(reached)
      reached = Math.max(reached, to)
    }
    expect(reached).toBe(size)
    expect(notices.length).toBeGreaterThan(0)
  }
  expect(cutting.doubles).toBeGreaterThan(0)
  // Its own entries make no more of them: what is at rest stays at rest.
  await sleep(2_000)
  expect(
    entriesOfBundles(shop.gateway.data)
      .entries.slice(size)
      .map((entry) => (JSON.parse(entry) as { kind: string }).kind),
  ).toEqual([])
  const kinds = entries.map((entry) => (JSON.parse(entry) as { kind: string }).kind)
  expect(kinds.filter((kind) => kind === 'export.begun')).toHaveLength(3)
  expect(kinds.filter((kind) => kind === 'export.tested').length).toBeLessThanOrEqual(4)
})

it('takes another export while it runs, and gives it the log from its beginning', async () => {
  const late = await startExportReceiver({ kind: 'ocsf' })
  receivers.set('ocsf', late)
  const receiver = {
    ...{ name: 'late', kind: 'ocsf', url: late.url, insecureLoopback: true },
    headers: { authorization: 'env:EXPORT_TOKEN' },
  }
  const before = (shop.gateway.config as unknown as { exports: object[] }).exports
  await shop.gateway.reconfigure({ exports: [...before, receiver] } as never)
  await expect.poll(() => late.entries.size === entriesOfBundles(shop.gateway.data).size, { timeout: 15_000, interval: 200 }).toBe(true)
  expect(late.digest()).toBe(digestOf(entriesOfBundles(shop.gateway.data).entries.slice(0, late.entries.size)))
  const findings = []
  for await (const finding of shop.gateway.operator.doctor(AbortSignal.timeout(10_000))) findings.push(finding)
  expect(findings.filter(({ subject }) => subject.startsWith('export '))).toContainEqual(
    expect.objectContaining({ subject: 'export late', level: 'ok' }),
  )
})

it('tells no secret, and nothing that is sealed', async () => {
  for (const kind of KINDS) {
    const bodies = receiverOf(kind)
      .batches.map(({ body }) => body)
      .join()
    expect(bodies).not.toContain('SELECT')
    for (const secret of [environment.EXPORT_TOKEN, environment.EXPORT_SECRET]) expect(bodies).not.toContain(secret)
  }
  for (const secret of [environment.EXPORT_TOKEN, environment.EXPORT_SECRET]) expect(shop.gateway.log()).not.toContain(secret)
})
