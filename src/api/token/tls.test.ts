import { connect as plainConnect, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { Agent, fetch } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issueTestCertificates, type TestCertificates } from '../../../test/parts/test-certificates.ts'
import { loginThrottle, type RunCredentials, Throttle, type TokenExchange } from '../../identity/index.ts'
import type { LiveRuns } from '../../runs/index.ts'
import { TokenDoorClient } from './client.ts'
import { type TokenDoor, tokenDoor } from './index.ts'

let certificates: TestCertificates
let door: TokenDoor
let port: number

beforeEach(async () => {
  certificates = await issueTestCertificates(['localhost', 'other.localhost'])
  door = tokenDoor({
    // Only the way to the routes is looked at here.
    exchange: {} as TokenExchange,
    credentials: {} as RunCredentials,
    runs: {} as LiveRuns,
    receipt: async () => '',
    account: () => Promise.reject(new Error('not asked here')),
    names: ['localhost', 'other.localhost'],
    unavailable: () => undefined,
    ca: () => certificates.ca,
    tls: { cert: certificates.server.certificate, key: certificates.server.key },
    throttle: new Throttle({ burst: 3, perSecond: 0.01 }),
    failures: loginThrottle(),
    patience: 300,
  })
  port = await door.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => door.close())

it('speaks TLS under its names, to clients that trust its authority', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca } })
  const response = await fetch(`https://localhost:${port}/health`, { dispatcher: agent })
  expect(response.status).toBe(200)
  expect(response.headers.get('strict-transport-security')).toContain('max-age')
  await agent.close()
  const mistrusting = new TokenDoorClient(`https://localhost:${port}`)
  await expect(mistrusting.exchange('a.b.c')).rejects.toMatchObject({ code: 'GS_TOKEN_DOOR_UNREACHABLE' })
  await mistrusting.close()
})

it('answers 421 where TLS server name and Host disagree, though both are its own', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca, servername: 'other.localhost' } })
  const response = await fetch(`https://localhost:${port}/health`, { dispatcher: agent })
  expect(response.status).toBe(421)
  expect(await response.json()).toMatchObject({ code: 'GS_TOKEN_MISDIRECTED' })
  await agent.close()
})

it.each(['evil@localhost', 'localhost/other', 'localhost?other', 'localhost#other', 'ｌocalhost', 'localhost:1:2', 'localhost other'])(
  'answers 421 to a Host that only a lenient reader takes for its own: %s',
  async (host) => {
    const { server } = door
    const { statusCode } = await server.inject({ url: '/health', headers: { host } })
    expect(statusCode).toBe(421)
  },
)

it.each([`localhost`, `LOCALHOST:8444`])('knows its own name in any case, with or without a port: %s', async (host) => {
  const { statusCode } = await door.server.inject({ url: '/health', headers: { host } })
  expect(statusCode).toBe(200)
})

it('answers 400 to two Host headers, of which another reader may choose the other', async () => {
  expect(await speak(`GET /health HTTP/1.1\r\nHost: localhost\r\nHost: other.localhost\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 400 /,
  )
})

it.each(['http://other.example/health', 'http://localhost/health', '*'])(
  'answers 400 to a request whose target is no path: %s',
  async (target) => {
    expect(await speak(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
  },
)

it('answers a path that cannot be decoded in its own words, without it', async () => {
  const answered = await speak('GET /%hunter2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  expect(answered).toMatch(/^HTTP\/1\.1 400 .*x-content-type-options: nosniff.*GS_TOKEN_REQUEST_INVALID/s)
  expect(answered).not.toContain('hunter2')
})

it('does not wait for a client that never begins its handshake', async () => {
  await closed(plainConnect(port, '127.0.0.1'))
})

it('does not wait for a client that sends its form a byte at a time', async () => {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: certificates.ca })
  socket.write(
    'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n',
  )
  const drip = setInterval(() => socket.write('a'), 50)
  await closed(socket).finally(() => clearInterval(drip))
})

/** Resolves when the other side has closed it; an error in the middle of a byte is one way to do so. @throws where it waits for us */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const impatience = setTimeout(() => {
      reject(new Error('is still open'))
      socket.destroy()
    }, 3_000)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(impatience)
      resolve()
    })
  })
}

/** Says this over TLS. @returns all that is answered */
function speak(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: certificates.ca }, () => socket.write(text))
    let answered = ''
    socket.on('data', (bytes: Buffer) => {
      answered += bytes
    })
    socket.once('error', reject)
    socket.once('end', () => resolve(answered))
  })
}

it('limits requests per address, and says when to come back', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca } })
  const statuses = []
  for (let at = 0; at < 4; at++) statuses.push((await fetch(`https://localhost:${port}/health`, { dispatcher: agent })).status)
  expect(statuses).toEqual([200, 200, 200, 429])
  await agent.close()
})

it('does not send a token to another machine in plaintext', () => {
  expect(() => new TokenDoorClient('http://gw.example.org:8444')).toThrow(expect.objectContaining({ code: 'GS_TOKEN_DOOR_URL_INSECURE' }))
})
