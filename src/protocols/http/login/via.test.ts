import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { wayTo } from '../../../../test/parts/dialled.ts'
import { soon } from '../../../../test/parts/https-door.ts'
import { issueTestCertificates, type TestCertificates } from '../../../../test/parts/test-certificates.ts'
import { CodedError, type Dial, type TargetAddress } from '../../../operations/index.ts'
import { statusOf } from '../relay/status.ts'
import { type HttpTarget, isUpgraded } from '../target.ts'
import { createHttpLogin } from './login.ts'

class Refused extends CodedError {}
const forever = new AbortController().signal
const login = createHttpLogin()
const closing: (() => unknown)[] = []
let certificates: TestCertificates
beforeAll(async () => {
  certificates = await issueTestCertificates()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(listener: RequestListener, upgraded?: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ cert: certificates.server.certificate, key: certificates.server.key }, listener)
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.on('tlsClientError', () => undefined)
  server.on('upgrade', (_: IncomingMessage, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n')
    upgraded?.(socket.on('error', () => undefined))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** The address is a name that only the way leads to. */
async function at(via: TargetAddress['via'], ca = certificates.ca): Promise<HttpTarget> {
  const tls = { verify: 'full', ca, serverName: 'localhost' } as const
  const target = await login(
    { host: 'cluster.internal', port: 443, tls, ...(via && { via }) },
    { current: async () => ({ header: { name: 'authorization', value: 'Bearer tok-3f9a0d1b7c5e' } }), refused: () => undefined },
    {},
    forever,
  )
  closing.push(() => target.close())
  return target
}

const get = { method: 'GET', path: '/', headers: [] }
const dialling = (dial: Dial) => ({ connector: 'plant-a', dial })
const refusing = (code: string) => dialling(() => Promise.reject(new Refused(code, 'What happened.', 'What to do.')))

describe('a target on the way of a connector', () => {
  it('answers, with TLS that ends here: what goes over the way is ciphertext', async () => {
    const way = wayTo('127.0.0.1', await serve((request, response) => response.end(request.headers.authorization)))
    let seen = Buffer.alloc(0)
    const dial: Dial = async (signal) => {
      const stream = await way.via.dial(signal)
      const write = stream.write.bind(stream)
      stream.write = ((chunk: Buffer, ...rest: []) => {
        seen = Buffer.concat([seen, chunk])
        return write(chunk, ...rest)
      }) as typeof stream.write
      return stream
    }
    const target = await at(dialling(dial))
    expect(await text((await target.request(get, forever)).body)).toBe('Bearer tok-3f9a0d1b7c5e')
    expect(await text((await target.request(get, forever)).body)).toBe('Bearer tok-3f9a0d1b7c5e')
    expect(way.streams).toHaveLength(1)
    expect(seen[0]).toBe(0x16)
    expect(seen.includes('tok-3f9a')).toBe(false)
  })

  it('is streamed to and from, at the pace of whoever reads', async () => {
    const way = wayTo('127.0.0.1', await serve((request, response) => request.pipe(response)))
    const target = await at(way.via)
    const pieces = Array.from({ length: 128 }, (_, index) => Buffer.alloc(65_536, index))
    const { body } = await target.request({ ...get, method: 'POST', body: Readable.from(pieces) }, forever)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await buffer(body)).equals(Buffer.concat(pieces))).toBe(true)
  })

  it('is upgraded, and ended by either side', async () => {
    const sockets: Socket[] = []
    const port = await serve(
      (_, response) => response.end(),
      (socket) => sockets.push(socket.on('data', (chunk: Buffer) => void socket.write(chunk))),
    )
    const way = wayTo('127.0.0.1', port)
    const answer = await (await at(way.via)).upgrade(get, 'websocket', forever)
    if (!isUpgraded(answer)) throw new Error('no 101')
    answer.socket.write('hello')
    const [echoed] = (await once(answer.socket.resume(), 'data')) as [Buffer]
    expect(echoed.toString()).toBe('hello')
    sockets[0]!.destroy()
    await once(answer.socket, 'close')
    expect(way.streams[0]!.destroyed).toBe(true)
  })

  it('is not trusted for the way that led there', async () => {
    const way = wayTo('127.0.0.1', await serve((_, response) => response.end()))
    const target = await at(way.via, (await issueTestCertificates()).ca)
    await expect(target.request(get, forever)).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_NOT_TRUSTED' })
    await soon(() => way.streams.every(({ destroyed }) => destroyed)).toBe(true)
  })

  it.each([
    ['GS_CONNECTOR_ABSENT', 503],
    ['GS_CONNECTOR_TARGET_NOT_ALLOWED', 502],
    ['GS_CONNECTOR_TARGET_UNREACHABLE', 502],
  ])('that cannot be dialled is refused with %s and what it says', async (code, status) => {
    const target = await at(refusing(code))
    for (const asked of [target.request(get, forever), target.upgrade(get, 'websocket', forever)]) {
      const error = await asked.then(
        () => undefined,
        (thrown: CodedError) => thrown,
      )
      expect(error).toMatchObject({ code, message: 'What happened.', next: 'What to do.' })
      expect(statusOf(error!)).toBe(status)
    }
  })

  it('says no more than that where something else went wrong on the way', async () => {
    const target = await at(dialling(() => Promise.reject(new Error('10.0.0.7 secret'))))
    await expect(target.request(get, forever)).rejects.toMatchObject({
      code: 'GS_HTTP_TARGET_UNREACHABLE',
      message: expect.not.stringContaining('secret'),
    })
  })

  it('that is lost after the request was sent has not refused it: nobody knows what became of it', async () => {
    const way = wayTo('127.0.0.1', await serve(() => undefined))
    const asked = (await at(way.via)).request({ ...get, method: 'POST', body: Buffer.from('{}') }, forever)
    await soon(() => way.streams.length).toBe(1)
    setTimeout(() => way.streams[0]!.destroy(new Refused('GS_CONNECTOR_CLOSED', 'The connector went away.', 'Retry.')), 100)
    await expect(asked).rejects.toMatchObject({ code: 'GS_HTTP_TARGET_CLOSED' })
  })

  it('is another one behind another connector, whatever it is called', async () => {
    const answered = async (word: string) => wayTo('127.0.0.1', await serve((_, response) => response.end(word)))
    const [one, other] = await Promise.all([answered('one'), answered('other')])
    const said = async (connector: string, { via }: typeof one) =>
      text((await (await at({ ...via, connector })).request(get, forever)).body)
    expect([await said('plant-a', one), await said('plant-b', other), await said('plant-a', one)]).toEqual(['one', 'other', 'one'])
  })
})
