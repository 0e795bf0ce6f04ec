import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { issueTestCertificates, type TestCertificates } from '../../test/parts/test-certificates.ts'
import type { CodedError } from '../operations/index.ts'
import { wantsOpenMetrics } from './door.ts'
import { type MetricsDoor, type MetricsDoorOptions, MetricsError, metricsDoor } from './index.ts'

const TOKEN = 'a-scrape-token-of-the-tests'
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

let door: MetricsDoor | undefined
afterEach(async () => {
  await door?.close()
  door = undefined
})

async function open(more: Partial<MetricsDoorOptions> = {}): Promise<string> {
  door = metricsDoor({
    text: async (open) => ({ contentType: open ? 'open' : 'plain', text: open ? 'o 1\n# EOF\n' : 'p 1\n' }),
    reasons: () => [],
    token: undefined,
    ...more,
  })
  return `http://127.0.0.1:${await door.listen({ host: '127.0.0.1', port: 0 })}`
}

/** What comes back for bytes, until the door closes or nothing comes for a while. */
async function raw(url: string, bytes: string, patience = 300): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), sleep(patience)])
  socket.destroy()
  return said
}

describe('the door for metrics', () => {
  it('says numbers in the form that is asked for', async () => {
    const url = await open()
    const ask = async (accept: string) => (await fetch(`${url}/metrics`, { headers: { accept } })).text()
    expect(await ask(PROMETHEUS)).toBe('o 1\n# EOF\n')
    expect(await ask('*/*')).toBe('p 1\n')
    const head = await fetch(`${url}/metrics?a=b`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', ''])
  })

  it('lives, and says why it takes no work', async () => {
    const reasons: CodedError[] = []
    const url = await open({ reasons: () => reasons, token: async () => TOKEN })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    reasons.push(new MetricsError('GS_METRICS_STARTING'))
    const refused = await fetch(`${url}/readyz`)
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { ready: false, reasons: [{ code: 'GS_METRICS_STARTING', message: expect.any(String), next: expect.any(String) }] },
    ])
    const alive = await fetch(`${url}/healthz`)
    expect([alive.status, await alive.text()]).toEqual([200, 'ok\n'])
  })

  it('wants its token where there is one, as it is now', async () => {
    let token = TOKEN
    const url = await open({ token: async () => token })
    const status = async (authorization?: string) =>
      (await fetch(`${url}/metrics`, { headers: authorization === undefined ? {} : { authorization } })).status
    expect(await status(`Bearer ${TOKEN}`)).toBe(200)
    expect(await status(`bearer ${TOKEN}`)).toBe(200)
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      `Bearer ${'x'.repeat(5_000)}`,
    ])
      expect(await status(wrong), wrong).toBe(401)
    token = 'another'
    expect(await status(`Bearer ${TOKEN}`)).toBe(401)
    token = ''
    expect(await status('Bearer ')).toBe(401)
    expect(await status()).toBe(401)
  })

  it('lets nobody in where its token cannot be read, and does not say more', async () => {
    const url = await open({
      token: async () => {
        throw new Error('/etc/secret/scrape is not there')
      },
    })
    const answer = await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer x' } })
    expect([answer.status, await answer.text()]).toEqual([500, '{"message":"The gateway could not answer."}\n'])
  })

  it('is not addressed by a name where there is no token, so that no page can lead a browser here', async () => {
    const url = await open()
    for (const [host, status] of [
      ['127.0.0.1:9464', 200],
      ['[::1]:9464', 200],
      ['localhost', 200],
      ['rebound.example', 421],
      ['127.0.0.1.example', 421],
      ['', 421],
    ] as const)
      expect(await raw(url, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), host).toMatch(
        new RegExp(`^HTTP/1.1 ${status} `),
      )
  })

  it.for([
    'GET / HTTP/1.1',
    'GET /metrics/ HTTP/1.1',
    'GET /../metrics HTTP/1.1',
    'GET //metrics HTTP/1.1',
    'GET http://x/metrics HTTP/1.1',
  ])('has nothing at %s', async (line) => {
    expect(await raw(await open(), `${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 404 /)
  })

  it('takes nothing in', async () => {
    const url = await open()
    const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) })
    expect([posted.status, posted.headers.get('allow'), posted.headers.get('connection')]).toEqual([405, 'GET, HEAD', 'close'])
  })

  it('makes one text for all who ask meanwhile, and drops whoever asks again before the answer', async () => {
    let made = 0
    let asked = 0
    const counted = () => void asked++
    subscribe('http.server.request.start', counted)
    const url = await open({
      text: async () => {
        made++
        await expect.poll(() => asked).toBeGreaterThanOrEqual(20)
        await sleep(200)
        return { contentType: 'plain', text: 'p 1\n' }
      },
    })
    const all = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${url}/metrics`)).text()))
    unsubscribe('http.server.request.start', counted)
    expect([made, new Set(all)]).toEqual([1, new Set(['p 1\n'])])
    expect(await raw(url, 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(200), 2_000)).toBe('')
    expect(made).toBe(2)
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('p 1\n')
  })

  it('has room for whoever probes, however many hold connections that they do not use', async () => {
    const url = await open()
    const held = Array.from({ length: 64 }, () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
      return socket
    })
    for (const socket of held) await once(socket, 'data')
    // Who finds it full makes room for the next.
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    for (const socket of held) socket.destroy()
  })

  it('does not wait for whoever is slow, and drops what is no request', async () => {
    const url = await open()
    const began = performance.now()
    expect(await raw(url, 'GET /metrics HTTP/1.1\r\nHost: 127', 9_000)).not.toContain('200')
    expect(performance.now() - began).toBeLessThan(8_000)
    expect(await raw(url, '\u0016\u0003\u0001garbage\r\n\r\n')).toBe('')
    expect(await raw(url, `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).not.toContain('200')
  })
})

it('speaks TLS where it is given a certificate, the newest that it was given, and nothing else', async () => {
  const [first, second] = [await issueTestCertificates(), await issueTestCertificates()]
  const tls = ({ server }: TestCertificates) => ({ cert: server.certificate, key: server.key })
  const url = new URL(await open({ token: async () => TOKEN, tls: tls(first) }))
  const ask = (ca: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}` }
      const asked = request(
        { host: '127.0.0.1', port: url.port, servername: 'localhost', path: '/metrics', ca, headers, agent: false },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      asked.on('error', reject)
      asked.end()
    })
  expect(await ask(first.ca)).toBe(200)
  await expect(ask(second.ca)).rejects.toThrow(/certificate/)
  door?.setTls(tls(second))
  expect(await ask(second.ca)).toBe(200)
  expect(await raw(url.href, 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).not.toContain('ok')
})

it.for([
  [PROMETHEUS, true],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.9', false],
  ['application/openmetrics-text;version=0.0.1', false],
  ['application/openmetrics-text;q=0', false],
  ['text/html,*/*', false],
  [undefined, false],
  [','.repeat(10_000), false],
] as const)('takes %s to want OpenMetrics: %s', ([accept, open]) => {
  expect(wantsOpenMetrics(accept)).toBe(open)
})
