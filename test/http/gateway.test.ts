import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { issueTestCertificates } from '../parts/test-certificates.ts'

/** What the API was asked, and by whom as TLS tells. */
interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly peer: string | undefined
  readonly body: string
}

let issuer: TestIssuer
let gateway: RunningGateway
let api: Server
let folder: string
let asked: Asked[] = []
const SECRET = 'correct-horse-battery-staple'

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  let body = ''
  incoming.setEncoding('utf8').on('data', (piece) => {
    body += piece
  })
  incoming.once('end', () => {
    const { method = '', url = '', headers } = incoming
    asked.push({ method, url, headers, peer: (incoming.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined, body })
    if (url.endsWith('/moved')) response.writeHead(302, { location: 'https://elsewhere.test/' }).end()
    else if (url.endsWith('/mirror')) response.setHeader('content-type', 'text/plain').end(`you sent ${headers.authorization}`)
    else response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end(`{"at":"${url}"}`)
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-http-'))
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  const certificates = await issueTestCertificates()
  const client = await certificates.issueClient('the-gateway')
  api = createServer(
    {
      cert: certificates.server.certificate,
      key: certificates.server.key,
      ca: certificates.ca,
      requestCert: true,
      rejectUnauthorized: false,
    },
    answer,
  )
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const address = `https://127.0.0.1:${(api.address() as AddressInfo).port}/v1`
  const secret = file('secret', SECRET)
  const tls = { ca: file('ca.pem', certificates.ca) }
  const ways: Record<string, object> = {
    bearer: { bearer: secret },
    basic: { basic: { user: 'robot', password: secret } },
    header: { header: { name: 'x-api-key', value: secret } },
    certificate: { certificate: file('client.pem', client.certificate), key: file('client.key', client.key) },
  }
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
      config.resources = Object.entries(ways).map(([name, way]) => ({
        ...{ name, kind: 'http', address, tls, hosts: [`${name}.api.test`] },
        credentials: [{ as: 'robot', ...way }],
      }))
      config.rules = [
        { name: 'look-and-order', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['http.get', 'http.head', 'http.post'] },
        {
          name: 'not-the-accounts',
          effect: 'deny',
          do: ['http.*'],
          when: 'http.path.startsWith("/accounts")',
          say: 'Accounts are for people.',
        },
      ]
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await new Promise((resolve) => (api ? api.close(resolve) : resolve(undefined)))
  rmSync(folder, { recursive: true, force: true })
})

interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

function send(url: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>((resolve, reject) => {
    request(url, { method, headers, ca: gateway.ca, agent: false, host: '127.0.0.1' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
      .once('error', reject)
      .end(body)
  })
}

/** A run, and a request of it to a resource. */
async function inRun() {
  const { planes, run, ...others } = await gateway.credential()
  const { credential, resources } = planes.http!
  const urlOf = (resource: string) => resources.find(({ name }) => name === resource)!.url
  return {
    ...{ run, credential, urlOf, others: { handle: others.handle, postgres: others.password } },
    ask: (resource: string, path: string, { headers, ...sent }: Sent = {}) =>
      send(`${urlOf(resource)}${path}`, { headers: { authorization: `Bearer ${credential}`, ...headers }, ...sent }),
  }
}

const last = () => asked.at(-1)!

describe('an API behind the gateway', () => {
  it.each<[string, (sent: Asked) => unknown, unknown]>([
    ['bearer', ({ headers }) => headers.authorization, `Bearer ${SECRET}`],
    ['basic', ({ headers }) => headers.authorization, `Basic ${Buffer.from(`robot:${SECRET}`).toString('base64')}`],
    ['header', ({ headers }) => [headers['x-api-key'], headers.authorization], [SECRET, undefined]],
    ['certificate', ({ peer, headers }) => [peer, headers.authorization], ['the-gateway', undefined]],
  ])('is opened by %s, and sees nothing of the run’s credential', async (resource, told, what) => {
    const { ask, credential } = await inRun()
    const { status, body, headers } = await ask(resource, '/orders?state=open', { headers: { 'x-api-key': 'mine', cookie: 'session=1' } })
    expect({ status, body }).toEqual({ status: 200, body: '{"at":"/v1/orders?state=open"}' })
    expect(told(last())).toEqual(what)
    expect(JSON.stringify(last())).not.toContain(credential)
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('is reached by a name of its own, with its path as it is', async () => {
    const { credential, urlOf } = await inRun()
    const { port } = new URL(urlOf('bearer'))
    const options = { headers: { authorization: `Bearer ${credential}`, host: `bearer.api.test:${port}` } }
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      request(
        { ...options, host: '127.0.0.1', port, path: '/r/bearer/x', servername: 'bearer.api.test', ca: gateway.ca, agent: false },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (piece) => {
            text += piece
          })
          response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        },
      )
        .once('error', reject)
        .end()
    })
    expect({ status, body }).toEqual({ status: 200, body: '{"at":"/v1/r/bearer/x"}' })
  })

  it('is kept from what rules do not permit, by method and by path, and the agent reads why', async () => {
    const { ask } = await inRun()
    expect(await ask('bearer', '/orders', { method: 'POST', body: '{"n":1}' })).toMatchObject({ status: 200 })
    expect(last()).toMatchObject({ method: 'POST', body: '{"n":1}' })
    const before = asked.length
    expect(await ask('bearer', '/orders/1', { method: 'DELETE' })).toMatchObject({ status: 403 })
    expect(await ask('bearer', '/accounts/1')).toMatchObject({ status: 403, body: expect.stringContaining('Accounts are for people.') })
    expect(await ask('bearer', '/orders//accounts')).toMatchObject({ status: 400 })
    expect(asked.length).toBe(before)
  })

  it('has its credential taken out of what it answers, and its redirects passed on', async () => {
    const { ask } = await inRun()
    const mirrored = await ask('bearer', '/mirror')
    expect(mirrored.status).toBe(200)
    expect(mirrored.body).not.toContain(SECRET)
    const before = asked.length
    expect(await ask('bearer', '/moved')).toMatchObject({ status: 302, headers: { location: 'https://elsewhere.test/' } })
    expect(asked.length).toBe(before + 1)
  })

  it('is opened by the credential of its own plane, in no other place, and by no other', async () => {
    const { ask, others, credential, urlOf } = await inRun()
    asked = []
    for (const other of [others.handle, others.postgres, SECRET, 'x'])
      expect((await ask('bearer', '/orders', { headers: { authorization: `Bearer ${other}` } })).status).toBe(401)
    expect((await send(`${urlOf('bearer')}/orders`)).status).toBe(401)
    expect((await ask('bearer', `/orders?token=${credential}`)).status).toBe(400)
    const basic = Buffer.from(`anybody:${credential}`).toString('base64')
    expect((await send(`${urlOf('bearer')}/orders`, { headers: { authorization: `Basic ${basic}` } })).status).toBe(200)
    expect(asked.length).toBe(1)
  })

  it('is looked at by gatescribe doctor, with each credential', async () => {
    const found: string[] = []
    for await (const { subject, level, found: said } of gateway.operator.doctor(AbortSignal.timeout(30_000)))
      if (subject.startsWith('resource ')) found.push(`${subject}: ${level} ${said}`)
    expect(found.sort()).toEqual(
      ['basic', 'bearer', 'certificate', 'header'].map((name) => `resource ${name}: ok reached and answers (200)`),
    )
  })

  it('leaves each request in the trail, and no secret', async () => {
    const { ask, run, credential } = await inRun()
    await ask('bearer', '/orders', { method: 'POST', body: `my credential is ${credential}` })
    const entries: EntryAnswer[] = []
    const reading = { from: 0, follow: false, opened: true, filter: {} }
    await expect
      .poll(async () => {
        entries.length = 0
        for await (const entry of gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
        return entries.some(({ kind }) => kind === 'operation.outcome')
      })
      .toBe(true)
    const text = JSON.stringify(entries)
    expect(text).toContain('POST /orders')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain(credential)
    const session = entries.find(({ kind, fields }) => kind === 'session.open' && fields.run === run)?.fields.session
    expect(entries.filter(({ kind, fields }) => kind === 'credential.leaked' && fields.session === session)).toMatchObject([
      { fields: { credential: 'http' } },
    ])
  })
})
