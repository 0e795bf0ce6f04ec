import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { post } from './index.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
const never = new AbortController().signal

async function listening(server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<number> {
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
  closers.push(() => {
    if ('closeAllConnections' in server) (server as Server).closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const plain = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}/in?a=1`
const sent = (url: string, more: { ca?: string; timeout?: number } = {}) =>
  post(url, { headers: { 'content-type': 'text/plain' }, body: 'ä body', signal: never, ...more })

it('sends what it is given, whole, and says what came back', async () => {
  const got: unknown[] = []
  const url = await plain((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push(
        request.method,
        request.url,
        request.headers['content-length'],
        request.headers['user-agent'],
        Buffer.concat(chunks).toString(),
      )
      response.writeHead(202).end('taken')
    })
  })
  expect(await sent(url)).toEqual({ status: 202, retryAfter: undefined, body: Buffer.from('taken'), tls: undefined })
  expect(got).toEqual(['POST', '/in?a=1', '7', 'gatescribe', 'ä body'])
})

it('follows no redirect', async () => {
  let calls = 0
  const url = await plain((_, response) => {
    calls++
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(await sent(url)).toMatchObject({ status: 307 })
  expect(calls).toBe(1)
})

it.each([
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
  ['1e9', undefined],
  ['99999999999', undefined],
])('understands Retry-After: %s', async (said, expected) => {
  const url = await plain((_, response) => response.writeHead(429, { 'retry-after': said }).end())
  expect((await sent(url)).retryAfter).toBe(expected)
})

it('reads no more of an answer than it needs, however long it is', async () => {
  const url = await plain((_, response) => {
    response.writeHead(200)
    const more = () => {
      while (response.write(Buffer.alloc(16_384))) if (response.destroyed) return
      response.once('drain', more)
    }
    more()
  })
  expect((await sent(url)).body).toHaveLength(64 * 1_024)
})

describe('where there is no answer', () => {
  it('says why: nobody there, silence, a trickle, a cut, something else than HTTP', async () => {
    const port = await listening(createServer())
    for (const close of closers.splice(0)) close()
    await expect(sent(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ why: 'unreachable' })
    await expect(sent(await plain(() => undefined), { timeout: 100 })).rejects.toMatchObject({ why: 'silent' })
    const trickle = await plain((_, response) => {
      const dripping = setInterval(() => response.write(' '), 10)
      response.once('close', () => clearInterval(dripping))
    })
    await expect(sent(trickle, { timeout: 100 })).rejects.toMatchObject({ why: 'silent' })
    await expect(sent(await plain((request) => request.socket.destroy()))).rejects.toMatchObject({ why: 'cut' })
    const other = await listening(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')) as never)
    await expect(sent(`http://127.0.0.1:${other}`)).rejects.toMatchObject({ why: 'cut' })
  })

  it('says so of a certificate that cannot be verified, is for another name, or none', async () => {
    const { ca, server } = await issueTestCertificates()
    const port = await listening(
      createSecureServer({ cert: server.certificate, key: server.key }, (_, response) => response.end()) as never,
    )
    await expect(sent(`https://127.0.0.1:${port}`)).rejects.toMatchObject({ why: 'tls' })
    expect(await sent(`https://127.0.0.1:${port}`, { ca })).toMatchObject({ status: 200, tls: 'TLSv1.3' })
    // The name is not in the certificate.
    await expect(sent(`https://127.0.0.2:${port}`, { ca })).rejects.toMatchObject({ why: expect.stringMatching(/tls|unreachable/) })
    const clear = await plain((_, response) => response.end())
    await expect(sent(clear.replace('http:', 'https:'))).rejects.toMatchObject({ why: 'tls' })
  })

  it('takes leaving HTTP, and interim answers without end, for none, and passes over a few', { timeout: 4_000 }, async () => {
    const saying = async (bytes: string) => {
      const port = await listening(createTcpServer((socket) => void socket.once('data', () => socket.write(bytes))) as never)
      return sent(`http://127.0.0.1:${port}`, { timeout: 1_000 })
    }
    await expect(saying('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')).rejects.toMatchObject({
      why: 'cut',
    })
    await expect(saying('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100))).rejects.toMatchObject({ why: 'cut' })
    const answered = `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok`
    expect(await saying(answered)).toMatchObject({ status: 202, body: Buffer.from('ok') })
  })

  it('verifies whatever the environment says', async () => {
    const { server } = await issueTestCertificates()
    const port = await listening(
      createSecureServer({ cert: server.certificate, key: server.key }, (_, response) => response.end()) as never,
    )
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      await expect(sent(`https://127.0.0.1:${port}`)).rejects.toMatchObject({ why: 'tls' })
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  it('tells nothing of the address, and what it is stopped with', async () => {
    const port = await listening(createServer())
    for (const close of closers.splice(0)) close()
    await expect(sent(`http://127.0.0.1:${port}/secret-path`)).rejects.toThrow(/^(?!.*(127|secret)).*$/)
    const stop = new Error('enough')
    await expect(post('http://127.0.0.1:9', { headers: {}, body: '', signal: AbortSignal.abort(stop) })).rejects.toBe(stop)
  })
})
