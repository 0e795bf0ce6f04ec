import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop, SHOP_PASSWORD, type Shop } from '../parts/shop.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

const SCRAPE = 'what-a-scrape-brings-3b1f'
const COLLECTOR = 'Bearer of-the-collector-77c2'

let shop: Shop
let collector: Server
let url: string
let job: JobCredential
const pushed: { readonly authorization: string | undefined; readonly text: string }[] = []

beforeAll(async () => {
  collector = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    pushed.push({ authorization: request.headers.authorization, text: Buffer.concat(chunks).toString() })
    response.end('{}')
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const otlp = { url: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/metrics`, every: '1s', insecureLoopback: true }
  shop = await openShop({
    gateway: {
      environment: { SCRAPE, COLLECTOR },
      adjust(config) {
        Object.assign(config.gateway.listen as object, { metrics: '127.0.0.1:0' })
        Object.assign(config, { metrics: { token: 'env:SCRAPE', otlp: { ...otlp, headers: { authorization: 'env:COLLECTOR' } } } })
      },
    },
  })
  url = `http://${(await shop.gateway.operator.status()).listening.metrics}`
  job = await shop.gateway.credential()
})
afterAll(async () => {
  await shop?.close()
  await new Promise((resolve) => collector.close(resolve).closeAllConnections())
})

async function scrape(): Promise<string> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${SCRAPE}` } })
  expect(answer.status).toBe(200)
  return answer.text()
}

const ready = async () => {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined)
  return answer && [answer.status, ((await answer.json()) as { reasons: { code: string }[] }).reasons.map(({ code }) => code)]
}

describe('a gateway that tells of itself', () => {
  it('wants the token of the configuration, and says without one that it lives and takes work', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(401)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(await ready()).toEqual([200, []])
  })

  it('counts what a job does, and names neither it nor anybody, nor what was asked for', async () => {
    const client = new Client(shop.clientOf(job))
    await client.connect()
    for (let n = 0; n < 5; n++) await client.query(`SELECT 'a-value-in-a-query-${n}'`)
    await client.query('SELECT no_such_thing').catch(() => undefined)
    await client.end()
    await expect
      .poll(scrape, { timeout: 5_000 })
      .toContain('gatescribe_operations_total{resource="shop",protocol="postgres",outcome="completed"} 5')
    const text = await scrape()
    expect(text).toContain('gatescribe_operations_total{resource="shop",protocol="postgres",outcome="failed"} 1')
    const secrets = [
      SCRAPE,
      COLLECTOR,
      SHOP_PASSWORD,
      job.run,
      job.password,
      job.handle,
      'a-value-in-a-query',
      'acme',
      'no_such_thing',
      '127.0.0.1',
    ]
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  it('pushes the same to a collector, with what opens it', async () => {
    const last = () => pushed.at(-1)?.text ?? ''
    await expect.poll(() => /"gatescribe_operations_total".*?"asDouble":5/.test(last()), { timeout: 5_000 }).toBe(true)
    expect(pushed.every(({ authorization }) => authorization === COLLECTOR)).toBe(true)
    expect(last()).toContain('{"key":"service.instance.id","value":{"stringValue":"gateway.test/tests/main"}}')
    for (const secret of [SCRAPE, COLLECTOR, job.run, 'a-value-in-a-query']) expect(last()).not.toContain(secret)
  })

  it('is examined by doctor', async () => {
    const said: Record<string, string> = {}
    for await (const { subject, level } of shop.gateway.operator.doctor(AbortSignal.timeout(20_000))) said[subject] = level
    expect(said).toMatchObject({ metrics: 'ok', 'metrics collector': 'ok' })
  })

  it('says that it drains while the last sessions end, and tells of those to the end', async () => {
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    await client.connect()
    const slow = client.query('SELECT pg_sleep(2)').then(
      () => 'ended',
      () => 'cut',
    )
    const count = pushed.length
    const stopped = shop.gateway.stop()
    await expect.poll(ready, { timeout: 2_000 }).toEqual([503, ['GS_RUNS_DRAINING']])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(await scrape()).toContain('\ngatescribe_ready 0\n')
    expect(await slow).toBe('ended')
    expect(await stopped).toBe(0)
    expect(pushed.length).toBeGreaterThan(count)
    expect(pushed.at(-1)?.text).toMatch(/"gatescribe_operations_total".*?"asDouble":6/)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })
})
