import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer, type Server as SecureServer } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { soon } from '../../../../test/parts/https-door.ts'
import { issueTestCertificates, type TestCertificates } from '../../../../test/parts/test-certificates.ts'
import type { HttpCredential, HttpSecret, TargetAddress } from '../../../operations/index.ts'
import type { HttpTarget } from '../target.ts'
import { isUpgraded } from '../target.ts'
import { createHttpLogin } from './login.ts'

const TOKEN = 'tok-3f9a0d1b7c5e4a2f'
const bearer: HttpCredential = { header: { name: 'authorization', value: `Bearer ${TOKEN}` } }
const forever = new AbortController().signal

const login = createHttpLogin()
const closing: (() => unknown)[] = []
let certificates: TestCertificates

beforeAll(async () => {
  certificates = await issueTestCertificates()
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server | SecureServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket).size)
  server.on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

const secure = async (listener: RequestListener, options: object = {}): Promise<{ address: TargetAddress; server: SecureServer }> => {
  const { certificate: cert, key } = certificates.server
  const server = createServer({ cert, key, ...options }, listener)
  return { address: { host: '127.0.0.1', port: await listen(server), tls: { verify: 'full', ca: certificates.ca } }, server }
}

const plain = async (listener: RequestListener): Promise<{ address: TargetAddress; server: Server }> => {
  const server = createPlainServer(listener)
  return { address: { host: '127.0.0.1', port: await listen(server), tls: { verify: 'off' } }, server }
}

/** Bytes out, bytes in: for targets that do not behave. */
async function scripted(answer: string | ((socket: Socket) => void)): Promise<TargetAddress> {
  const sockets: Socket[] = []
  const server = createRawServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => (typeof answer === 'string' ? socket.end(answer, 'latin1') : answer(socket)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: { verify: 'off' } }
}

const always = (credential: HttpCredential): HttpSecret => ({ current: async () => credential, refused: () => undefined })

async function at(address: TargetAddress, secret: HttpSecret = always(bearer), ask = {}): Promise<HttpTarget> {
  const target = await login(address, secret, ask, forever)
  closing.push(() => target.close())
  return target
}

const get = (path = '/'): { method: string; path: string; headers: [] } => ({ method: 'GET', path, headers: [] })
const echo: RequestListener = (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method: request.method, url: request.url, raw: request.rawHeaders }))
}
const said = async (target: HttpTarget, request: Parameters<HttpTarget['request']>[0]) => {
  const { body } = await target.request(request, forever)
  return JSON.parse(await text(body)) as { method: string; url: string; raw: string[] }
}
const named = (raw: readonly string[], name: string) =>
  raw.flatMap((each, at) => (at % 2 === 1 && raw[at - 1]?.toLowerCase() === name ? [each] : []))

describe('a request', () => {
  it('carries the credential instead of what stood there, the base path, and who it is for', async () => {
    const { address } = await plain(echo)
    const target = await at({ ...address, basePath: '/v1' }, always(bearer), {
      impersonate: { user: 'u', groups: ['a', 'b'], extra: { 'x/y': ['1'] } },
    })
    const seen = await said(target, {
      method: 'POST',
      path: '/things?x=1',
      headers: [
        ['Authorization', 'Bearer mine'],
        ['Impersonate-User', 'admin'],
        ['Impersonate_Group', 'system:masters'],
        ['authorization', 'Bearer mine'],
        ['Host', 'elsewhere'],
        ['X-Keep', 'yes'],
        ['X-Keep', 'twice'],
        ['Connection', 'close, X-Named'],
        ['X-Named', 'gone'],
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', '999'],
      ],
      body: Buffer.from('{}'),
    })
    expect(seen.url).toBe('/v1/things?x=1')
    expect(named(seen.raw, 'authorization')).toEqual([`Bearer ${TOKEN}`])
    expect(named(seen.raw, 'host')).toEqual([`127.0.0.1:${address.port}`])
    expect(named(seen.raw, 'x-keep')).toEqual(['yes', 'twice'])
    expect(named(seen.raw, 'x-named')).toEqual([])
    expect(named(seen.raw, 'content-length')).toEqual(['2'])
    expect(named(seen.raw, 'transfer-encoding')).toEqual([])
    expect(seen.raw.join()).not.toMatch(/mine|system:masters/)
    expect(named(seen.raw, 'impersonate-user')).toEqual(['u'])
    expect(named(seen.raw, 'impersonate-group')).toEqual(['a', 'b'])
    expect(named(seen.raw, 'impersonate-extra-x%2fy')).toEqual(['1'])
    const other = await said(target, { ...get(), impersonate: { user: 'other', groups: [], extra: {} } })
    expect(named(other.raw, 'impersonate-user')).toEqual(['other'])
    expect(named(other.raw, 'impersonate-group')).toEqual([])
    expect(target.base).toBe(`http://127.0.0.1:${address.port}/v1`)
  })

  it('carries no other spelling of the header that the credential stands in', async () => {
    const { address } = await plain(echo)
    const target = await at(address, always({ header: { name: 'x-billing-auth', value: 'key-5e0c7a' } }))
    const seen = await said(target, {
      ...get(),
      headers: [
        ['X_Billing_Auth', 'mine'],
        ['X-BILLING-AUTH', 'mine'],
        ['X_Other', 'kept'],
      ],
    })
    expect(named(seen.raw, 'x-billing-auth')).toEqual(['key-5e0c7a'])
    expect(named(seen.raw, 'x_billing_auth')).toEqual([])
    expect(named(seen.raw, 'x_other')).toEqual(['kept'])
  })

  it('streams both ways, with and without a length', async () => {
    const { address } = await plain((request, response) => request.pipe(response))
    const target = await at(address)
    const pieces = Array.from({ length: 64 }, (_, index) => Buffer.alloc(50_000, index))
    for (const bodyLength of [pieces.length * 50_000, undefined]) {
      const { body } = await target.request(
        { method: 'POST', path: '/', headers: [], body: Readable.from(pieces), ...(bodyLength && { bodyLength }) },
        forever,
      )
      expect((await buffer(body)).equals(Buffer.concat(pieces))).toBe(true)
    }
  })

  it('passes interim answers, repeated headers, bytes beyond ASCII and trailers', async () => {
    const address = await scripted(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\nx-name: caf\xe9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n',
    )
    const interim: unknown[] = []
    const answer = await (await at(address)).request({ ...get(), interim: (...each) => interim.push(each) }, forever)
    expect(await text(answer.body)).toBe('hi')
    expect(interim).toEqual([[103, [['link', '</a>']]]])
    expect(answer.headers.filter(([name]) => name === 'set-cookie')).toHaveLength(2)
    expect(answer.headers).toContainEqual(['x-name', 'caf\xe9'])
    expect(answer.trailers()).toEqual([['x-sum', '7']])
  })

  it('is cut by its signal, before and within the answer, and closes the connection', async () => {
    const seen: IncomingMessage[] = []
    const { address } = await plain((request, response) => {
      seen.push(request)
      if (request.url === '/body') response.write('first')
    })
    const target = await at(address)
    for (const path of ['/never', '/body']) {
      const stop = new AbortController()
      const answer = target.request(get(path), stop.signal)
      await soon(() => seen.at(-1)?.url).toBe(path)
      if (path === '/never') {
        stop.abort(new Error('enough'))
        await expect(answer).rejects.toThrow('enough')
      } else {
        const { body } = await answer
        stop.abort(new Error('enough'))
        await expect(text(body)).rejects.toThrow('enough')
      }
      await soon(() => seen.at(-1)?.socket.destroyed).toBe(true)
    }
  })
})

describe('an answer', () => {
  it.each([
    ['is no HTTP', 'SSH-2.0-x\r\n\r\n', 'GS_HTTP_TARGET_PROTOCOL'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhiX', 'GS_HTTP_TARGET_PROTOCOL'],
    [
      'has a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
      'GS_HTTP_TARGET_PROTOCOL',
    ],
    ['has a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c: d\r\ncontent-length: 0\r\n\r\n', 'GS_HTTP_TARGET_PROTOCOL'],
    ['has a head without end', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(80_000)}`, 'GS_HTTP_TARGET_PROTOCOL'],
    ['has a list of lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi', 'GS_HTTP_TARGET_PROTOCOL'],
    ['has another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', 'GS_HTTP_TARGET_PROTOCOL'],
    ['ends its lines by LF', 'HTTP/1.1 200 OK\na: b\ncontent-length: 0\n\n', 'GS_HTTP_TARGET_PROTOCOL'],
    [
      'switches without being asked',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      'GS_HTTP_TARGET_',
    ],
    ['is nothing', '', 'GS_HTTP_TARGET_CLOSED'],
  ])('that %s is none', async (_, bytes, code) => {
    const target = await at(await scripted(bytes))
    await expect(target.request({ ...get(), method: 'POST' }, forever)).rejects.toMatchObject({ code: expect.stringContaining(code) })
  })

  it.each([
    ['its length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'],
    ['its last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('that ends before %s is an error, not an end', async (_, bytes) => {
    const { body } = await (await at(await scripted(bytes))).request(get(), forever)
    await expect(text(body)).rejects.toMatchObject({ code: expect.stringMatching(/GS_HTTP_TARGET_(CLOSED|PROTOCOL)/) })
  })

  it('is read at the pace of whoever reads it', async () => {
    let written = 0
    const { address } = await plain((_, response) => {
      const fill = () => {
        do written += 65_536
        while (written < 50_000_000 && response.write(Buffer.alloc(65_536)))
      }
      response.on('drain', fill)
      fill()
    })
    const { body } = await (await at(address)).request(get(), forever)
    await soon(() => written).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(written).toBeLessThan(20_000_000)
    body.destroy()
  })
})

describe('an upgrade', () => {
  const upgrade = (target: HttpTarget) => target.upgrade(get('/ws'), 'websocket', forever)

  it('gives the raw connection, with what came behind the head', async () => {
    const address = await scripted((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nx: y\r\n\r\nhello ')
      socket.pipe(socket)
    })
    const answer = await upgrade(await at(address))
    if (!isUpgraded(answer)) throw new Error('no 101')
    expect(answer.headers).toContainEqual(['x', 'y'])
    answer.socket.write('world')
    let read = Buffer.from(answer.head)
    answer.socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk])
    })
    answer.socket.resume()
    await soon(() => read.toString()).toBe('hello world')
  })

  it('gives the answer where there is no 101', async () => {
    const { address } = await plain((_, response) => response.writeHead(403, { 'x-why': 'no' }).end('{"kind":"Status"}'))
    const answer = await upgrade(await at(address))
    if (isUpgraded(answer)) throw new Error('101')
    expect([answer.status, await text(answer.body)]).toEqual([403, '{"kind":"Status"}'])
  })

  it('ends with the target', async () => {
    const { address, server } = await plain(echo)
    const sockets: Socket[] = []
    server.on('upgrade', (_, socket: Socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n')
    })
    const target = await at(address)
    const answer = await upgrade(target)
    target.close()
    expect(isUpgraded(answer) && answer.socket.destroyed).toBe(true)
    await soon(() => sockets[0]?.destroyed || sockets[0]?.readableEnded || sockets[0]?.errored != null).toBeTruthy()
  })
})

describe('TLS', () => {
  it('verifies chain and name, and shows the client certificate', async () => {
    const client = await issueClient()
    const { address } = await secure(
      (request, response) => {
        const { subject } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate()
        response.end(String(subject?.CN))
      },
      { requestCert: true, rejectUnauthorized: true, ca: certificates.ca },
    )
    const target = await at(address, always({ clientCertificate: client }))
    expect(await text((await target.request(get(), forever)).body)).toBe('gateway')
  })

  it.each([
    [
      'another CA',
      async (address: TargetAddress) => ({ ...address, tls: { verify: 'full', ca: (await issueTestCertificates()).ca } as const }),
    ],
    ['the system’s CAs', async (address: TargetAddress) => ({ ...address, tls: { verify: 'full' } as const })],
    [
      'another name',
      async (address: TargetAddress) => ({ ...address, tls: { verify: 'full', ca: certificates.ca, serverName: 'other.test' } as const }),
    ],
    ['a CA that is none', async (address: TargetAddress) => ({ ...address, tls: { verify: 'full', ca: 'nonsense' } as const })],
  ])('refuses a target under %s', async (_, change) => {
    let reached = 0
    const { address } = await secure(() => {
      reached += 1
    })
    const target = await at(await change(address))
    await expect(target.request(get(), forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_NOT_TRUSTED' })
    expect(reached).toBe(0)
  })

  it('says that nobody listens there', async () => {
    const target = await at({ host: '127.0.0.1', port: 1, tls: { verify: 'off' } })
    await expect(target.request(get(), forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_UNREACHABLE' })
    await expect(target.upgrade(get(), 'websocket', forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_UNREACHABLE' })
  })

  const issueClient = () => certificates.issueClient('gateway')
})

describe('a credential that the target refuses', () => {
  it('is looked up once more, and the request sent again', async () => {
    const { address } = await plain((request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer new-token-123' ? 200 : 401
      response.end('done')
    })
    let current: HttpCredential = bearer
    const refused: HttpCredential[] = []
    const secret: HttpSecret = {
      current: async () => current,
      refused: (used) => {
        refused.push(used)
        current = { header: { name: 'authorization', value: 'Bearer new-token-123' } }
      },
    }
    const answer = await (await at(address, secret)).request(get(), forever)
    expect(answer.status).toBe(200)
    expect(refused).toEqual([bearer])
  })

  it('is our fault, not the client’s', async () => {
    const { address } = await plain((_, response) => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end())
    const target = await at(address)
    await expect(target.request(get(), forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_LOGIN_REFUSED' })
    await expect(target.upgrade(get(), 'websocket', forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_LOGIN_REFUSED' })
    const nobody = await at(address, always({}))
    expect((await nobody.request(get(), forever)).status).toBe(401)
  })
})

it('survives a target that closes between requests', async () => {
  let answered = 0
  const { address } = await plain((request, response) => {
    answered += 1
    response.end('ok', () => setTimeout(() => request.socket.destroy(), 5))
  })
  const target = await at(address)
  for (let round = 0; round < 10; round++) {
    expect(await text((await target.request(get(), forever)).body)).toBe('ok')
    await new Promise((resolve) => setTimeout(resolve, round % 3 === 0 ? 20 : 5))
  }
  expect(answered).toBeGreaterThanOrEqual(10)
})
