import { connect as tlsConnect } from 'node:tls'
import OpenAI from 'openai'
import { fetch, ProxyAgent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { type ModelGateway, startModelGateway } from '../parts/model-gateway.ts'
import { MODEL_KEY } from '../parts/model-server.ts'

let gateway: ModelGateway['gateway']
let models: ModelGateway['models']
let remove: ModelGateway['remove'] | undefined
const FOREIGN = 'sk-proj-of-somebody-who-had-it-in-an-environment'

beforeAll(async () => {
  ;({ gateway, models, remove } = await startModelGateway(
    () => ({ text: 'Four orders are late.' }),
    (config, { url, credentials }) => {
      config.gateway.listen = { https: '127.0.0.1:0', proxy: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        {
          ...{ name: 'openai', kind: 'model', api: 'openai', address: `${url}/v1` },
          ...{ hosts: ['api.models.test'], intercept: true, credentials },
        },
      ]
      config.rules = [
        {
          ...{ name: 'small-models', effect: 'allow', who: { groups: [JOB_GROUP] } },
          do: ['model.call'],
          when: 'model.model == "gpt-4o-mini"',
        },
      ]
    },
  ))
})
afterAll(() => remove?.())

async function inRun() {
  const { planes, run } = await gateway.credential()
  const proxy = planes.proxy!
  const dispatcher = new ProxyAgent({
    uri: `https://localhost:${proxy.port}`,
    token: `Basic ${Buffer.from(`${run}:${proxy.credential}`).toString('base64')}`,
    proxyTls: { ca: gateway.ca },
    requestTls: { ca: proxy.ca! },
  })
  const client = new OpenAI({
    ...{ baseURL: 'https://api.models.test/v1', apiKey: FOREIGN, maxRetries: 0 },
    fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never,
  })
  return { run, proxy, dispatcher, client }
}

const ask = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'How many orders are late?' }] })

/** What comes over a connection through the proxy after its TLS is done. */
async function through(servername: string, bytes: string): Promise<string> {
  const { proxy } = await inRun()
  const socket = tlsConnect({ host: '127.0.0.1', port: proxy.port, servername: 'localhost', ca: gateway.ca })
  socket.write(`CONNECT api.models.test:443 HTTP/1.1\r\nProxy-Authorization: Bearer ${proxy.credential}\r\n\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  const inner = tlsConnect({ socket, servername, ca: proxy.ca! })
  return new Promise((resolve, reject) => {
    let said = ''
    inner.once('error', reject)
    inner.on('data', (chunk) => {
      said += chunk.toString('latin1')
      if (/\r\n\r\n[\s\S]*\}/.test(said)) inner.destroy()
    })
    inner.once('close', () => resolve(said))
    inner.write(bytes)
  })
}

describe('a model that is intercepted', () => {
  it('is reached by a client that knows nothing of it, whose own key goes nowhere and is noted', async () => {
    const { client, run } = await inRun()
    const answer = await client.chat.completions.create(ask('gpt-4o-mini'))
    expect(answer.choices[0]!.message.content).toBe('Four orders are late.')
    const received = models.received.at(-1)!
    expect(received.path).toBe('/v1/chat/completions')
    expect(received.headers.authorization).toBe(`Bearer ${MODEL_KEY}`)
    const entries: EntryAnswer[] = []
    await expect
      .poll(async () => {
        entries.length = 0
        const reading = { from: 0, follow: false, opened: true, filter: {} }
        for await (const entry of gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
        return entries.some(({ kind }) => kind === 'operation.outcome')
      })
      .toBe(true)
    expect(entries.some(({ kind, fields }) => kind === 'session.open' && fields.run === run)).toBe(true)
    expect(entries.filter(({ kind }) => kind === 'credential.foreign')).toHaveLength(1)
    expect(JSON.stringify(entries)).not.toContain(FOREIGN)
  })

  it('streams, and says no in its own form', async () => {
    const { client } = await inRun()
    let text = ''
    for await (const piece of await client.chat.completions.create({ ...ask('gpt-4o-mini'), stream: true }))
      text += piece.choices[0]?.delta.content ?? ''
    expect(text).toBe('Four orders are late.')
    const before = models.received.length
    await expect(client.chat.completions.create(ask('gpt-4o'))).rejects.toMatchObject({ status: 403, code: 'gatescribe_denied' })
    expect(models.received).toHaveLength(before)
  })

  it('is asked under its own name only, request by request', async () => {
    const get = (host: string, path = '/v1/models') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    expect(await through('api.models.test', get('api.models.test'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await through('api.models.test', get('elsewhere.test'))).toMatch(/^HTTP\/1.1 421 /)
    expect(await through('api.models.test', get('localhost', '/r/openai/models'))).toMatch(/^HTTP\/1.1 421 /)
    expect(await through('api.models.test', get('api.models.test', '/v2/models'))).toMatch(/^HTTP\/1.1 404 /)
    await expect(through('elsewhere.test', get('api.models.test'))).rejects.toThrow(/access denied/)
  })

  it('is spoken for by a CA of its own, which can speak for nothing else', async () => {
    const { proxy } = await inRun()
    const { pem } = await gateway.operator.interceptionCa()
    expect(pem).toBe(proxy.ca)
    expect(pem).not.toBe(gateway.ca)
    const names = await fetchWith(gateway.ca, proxy.port, proxy.credential)
    expect(names).toMatch(/self-signed|unable to (verify|get)|signature/i)
  })

  it('leaves nothing behind that a gateway would wait for which stops: not a handshake that was never over', async () => {
    const began = performance.now()
    expect(await gateway.stop()).toBe(0)
    // Of what is live at most for as long as it drains; a handshake has ten seconds.
    expect(performance.now() - began).toBeLessThan(8_000)
  })
})

/** Why a client that trusts only the gateway's names does not take what is intercepted. */
async function fetchWith(ca: string, port: number, credential: string): Promise<string> {
  const dispatcher = new ProxyAgent({
    uri: `https://localhost:${port}`,
    token: `Bearer ${credential}`,
    proxyTls: { ca: gateway.ca },
    requestTls: { ca },
  })
  try {
    await fetch('https://api.models.test/v1/models', { dispatcher })
    return 'taken'
  } catch (error) {
    return String((error as { cause?: Error }).cause?.message)
  } finally {
    await dispatcher.close()
  }
}
