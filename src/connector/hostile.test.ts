import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createServer, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, startConnectorWorld } from '../../test/parts/connector-door.ts'
import { connectorIdOf, spkiOf } from './key.ts'
import { channelBinding, prove } from './proof.ts'
import { saidAtEnrolment, saidAtTunnel } from './said.ts'
import { NAME_HEADER, TUNNEL_PROTOCOL } from './words.ts'

let world: ConnectorWorld
beforeEach(async () => {
  world = await startConnectorWorld()
})
afterEach(() => world.close())

/** A frame: RFC 9113 §4.1. @param length what it says that it has, where that is something else */
function frame(type: number, flags: number, stream: number, body: Uint8Array = Buffer.alloc(0), length = body.length): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length & 0xff_ff_ff, 0, 3)
  head[3] = type & 255
  head[4] = flags & 255
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, body])
}
const settings = (...pairs: readonly (readonly [number, number])[]) =>
  frame(
    4,
    0,
    0,
    Buffer.concat(
      pairs.map(([id, value]) => {
        const pair = Buffer.alloc(6)
        pair.writeUInt16BE(id)
        pair.writeUInt32BE(value >>> 0, 2)
        return pair
      }),
    ),
  )
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const [spki, id] = [spkiOf(publicKey), connectorIdOf(spkiOf(publicKey))]

async function connection(): Promise<TLSSocket> {
  const socket = connect({ port: Number(world.url.port), host: '127.0.0.1', servername: 'localhost', ca: world.certificates.ca })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

async function enrol(): Promise<void> {
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const socket = await connection()
  const proof = prove(privateKey, 'enrol', channelBinding(socket)!, saidAtEnrolment(spki, undefined, { token }))
  const asking = request({
    ...{ createConnection: () => socket, method: 'POST', path: '/v1/enrol' },
    headers: { host: world.url.host, 'content-type': 'application/json' },
  })
  asking.end(JSON.stringify({ publicKey: spki.toString('base64url'), proof: proof.toString('base64url'), token }))
  const [response] = await once(asking, 'response')
  response.resume()
  expect(response.statusCode).toBe(200)
}

/** A link whose connector says what it likes. @returns it, and the ids of streams that the gateway opened */
async function link(): Promise<{ readonly socket: TLSSocket; readonly opened: number[] }> {
  const socket = await connection()
  const proof = prove(privateKey, 'tunnel', channelBinding(socket)!, saidAtTunnel(id, '1'))
  const head = [
    `host: ${world.url.host}`,
    'connection: upgrade',
    `upgrade: ${TUNNEL_PROTOCOL}`,
    `gatescribe-connector: ${id}`,
    'gatescribe-version: 1',
  ]
  socket.write(`GET /v1/tunnel HTTP/1.1\r\n${head.join('\r\n')}\r\ngatescribe-proof: ${proof.toString('base64url')}\r\n\r\n`)
  const opened: number[] = []
  let bytes = Buffer.alloc(0)
  let switched = false
  // The end of the switch, and the preface of RFC 9113 §3.4.
  const start = () => bytes.indexOf('\r\n\r\n') + 4 + 24
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    if (!switched && start() > 28 && bytes.length >= start()) {
      switched = true
      bytes = bytes.subarray(start())
    }
    while (switched && bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      if (bytes[3] === 1) opened.push(bytes.readUInt32BE(5) & 0x7f_ff_ff_ff)
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3))
    }
  })
  await expect.poll(() => switched, { interval: 2 }).toBe(true)
  return { socket, opened }
}

const dial = (signal = AbortSignal.timeout(5_000)) => world.connectors.dial('plant-a', 'orders.internal', 5432, { resource: 'x' }, signal)
/** HPACK: a field that is not kept, with its name (RFC 7541 §6.2.2). */
const field = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)])

async function stillServes(): Promise<void> {
  const target = createTcpServer((socket) => void socket.on('error', () => undefined).pipe(socket))
  await once(target.listen(0, '127.0.0.1'), 'listening')
  const { port } = target.address() as AddressInfo
  await world.up({ as: 'plant-b', allow: [`127.0.0.1:${port}`] })
  const stream = await world.connectors.dial('plant-b', '127.0.0.1', port, { resource: 'x' }, AbortSignal.timeout(3_000))
  stream.write('hello')
  expect(String((await once(stream, 'data'))[0])).toBe('hello')
  stream.destroy()
  target.close()
}

it.each([
  ['a push', () => frame(5, 4, 1, Buffer.concat([u32(2), Buffer.from([0x82])]))],
  ['PINGs without end', () => Buffer.concat(Array.from({ length: 20_000 }, () => frame(6, 0, 0, Buffer.alloc(8))))],
  ['SETTINGS without end', () => Buffer.concat(Array.from({ length: 20_000 }, () => settings([4, 65_535])))],
  [
    'fields that never end',
    () => Buffer.concat([frame(1, 0, 1, Buffer.from([0x88])), ...Array.from({ length: 5_000 }, () => frame(9, 0, 1))]),
  ],
  [
    'more fields than anybody needs',
    () => frame(1, 4, 1, Buffer.concat(Array.from({ length: 400 }, (_, at) => field(`x-${at}`, 'y'.repeat(30))))),
  ],
  ['bytes for a stream that nobody opened', () => frame(0, 0, 7, Buffer.alloc(1_000))],
  ['a frame larger than was agreed', () => frame(0, 0, 1, Buffer.alloc(100), 2 ** 24 - 1)],
  ['no HTTP/2', () => Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'.repeat(10))],
])('a connector that sends %s loses its link, and harms nobody', async (_what, bytes) => {
  await enrol()
  const { socket } = await link()
  socket.write(settings([3, 100]))
  await expect.poll(() => world.connectors.state().length, { interval: 5 }).toBe(1)
  socket.write(bytes())
  await expect.poll(() => world.connectors.state().length, { timeout: 6_000 }).toBe(0)
  await stillServes()
})

it('believes of a refusal no more than a code that it knows', async () => {
  await enrol()
  const { socket, opened } = await link()
  socket.write(settings([3, 100]))
  const refusals = ['GS_CONNECTOR_TARGET_NOT_ALLOWED', 'GS_TRAIL_FULL', '__proto__', 'GS_CONNECTOR_REVOKED']
  const codes: unknown[] = []
  for (const code of refusals) {
    const dialled = dial().catch((error: { code?: unknown; message?: unknown }) =>
      codes.push([error.code, String(error.message).includes('evil')]),
    )
    await expect.poll(() => opened.length, { interval: 2 }).toBe(codes.length + 1)
    socket.write(frame(1, 5, opened.at(-1)!, Buffer.concat([field(':status', '403'), field('gatescribe-code', code), field('x', 'evil')])))
    await dialled
  }
  expect(codes).toEqual([
    ['GS_CONNECTOR_TARGET_NOT_ALLOWED', false],
    ['GS_CONNECTOR_TARGET_UNREACHABLE', false],
    ['GS_CONNECTOR_TARGET_UNREACHABLE', false],
    ['GS_CONNECTOR_TARGET_UNREACHABLE', false],
  ])
  socket.destroy()
})

it('keeps no more of what nobody reads than a window', async () => {
  await enrol()
  const { socket, opened } = await link()
  socket.write(settings([3, 100]))
  const dialled = dial()
  await expect.poll(() => opened.length, { interval: 2 }).toBe(1)
  socket.write(frame(1, 4, opened[0]!, Buffer.from([0x88])))
  const stream = await dialled
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < 64 && socket.writable; at++) socket.write(frame(0, 0, opened[0]!, Buffer.alloc(60_000)))
  await expect.poll(() => world.connectors.state().length, { timeout: 6_000 }).toBe(0)
  expect(stream.readableLength).toBeLessThanOrEqual(1 << 20)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
})

it('survives whatever frames a connector makes up, in whatever order', async () => {
  await enrol()
  const body = fc.uint8Array({ maxLength: 60 })
  const anyFrame = fc
    .record({
      type: fc.oneof(fc.nat(9), fc.nat(255)),
      flags: fc.oneof(fc.constantFrom(0, 1, 4, 5), fc.nat(255)),
      stream: fc.oneof(fc.constantFrom(0, 1, 3, 5), fc.nat()),
      body,
    })
    .map(({ type, flags, stream, body }) => frame(type, flags, stream, body))
  const likely = fc
    .constantFrom(1, 3, 5, 7)
    .chain((stream) =>
      fc.constantFrom(
        frame(1, 4, stream, Buffer.from([0x88])),
        frame(1, 5, stream, Buffer.from([0x88])),
        frame(0, 0, stream, Buffer.alloc(500)),
        frame(0, 1, stream, Buffer.alloc(5)),
        frame(3, 0, stream, u32(0)),
        frame(3, 0, stream, u32(8)),
        frame(3, 0, stream, u32(11)),
        frame(8, 0, stream, u32(2 ** 31 - 1)),
        frame(7, 0, 0, Buffer.concat([u32(stream), u32(0)])),
        settings([4, 0]),
        settings([3, 0]),
        frame(4, 1, 0),
        frame(6, 0, 0, Buffer.alloc(8)),
      ),
    )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: likely }, { weight: 1, arbitrary: anyFrame }), { maxLength: 12 }),
      fc.boolean(),
      async (frames, whole) => {
        const { socket, opened } = await link()
        socket.write(settings([3, 100]))
        const enough = new AbortController()
        const dials = [dial(enough.signal), dial(enough.signal)].map((dialled) =>
          dialled.then(
            (stream) => stream.on('error', () => undefined).end('x'),
            () => undefined,
          ),
        )
        await expect.poll(() => opened.length, { interval: 2 }).toBe(2)
        const bytes = Buffer.concat(frames)
        if (whole) socket.write(bytes)
        else for (let at = 0; at < bytes.length; at += 37) socket.write(bytes.subarray(at, at + 37))
        await sleep(5)
        // What was asked of it is asked of nobody else.
        socket.destroy()
        enough.abort()
        await Promise.all(dials)
      },
    ),
    { numRuns: 40 },
  )
  await stillServes()
}, 30_000)

/** A gateway of somebody else's, whose certificate the connector trusts all the same. */
async function evilGateway(serve: (socket: TLSSocket) => void): Promise<{ readonly url: URL; close(): void }> {
  const server = createServer(
    { cert: world.certificates.server.certificate, key: world.certificates.server.key, minVersion: 'TLSv1.3' },
    (socket) => {
      socket.on('error', () => undefined)
      serve(socket)
    },
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`), close: () => server.close() }
}

const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${TUNNEL_PROTOCOL}\r\n${NAME_HEADER}: plant-a\r\n\r\n`

/** A connector that knows its key already, so that it asks for a link at once. */
async function toldTo(gateway: URL, allow: readonly string[] = []) {
  const data = world.folder()
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  await (await world.up({ data, token })).stop()
  return world.connector({ data, gateway, allow })
}

it('a gateway that asks for what it likes gets allowed targets and nothing else', async () => {
  const answers: IncomingHttpHeaders[] = []
  const gateway = await evilGateway((socket) => {
    socket.once('data', () => {
      socket.write(SWITCH, async () => {
        await sleep(5)
        const session: ClientHttp2Session = connectHttp2('https://x', { createConnection: () => socket })
        session.on('error', () => undefined)
        const ask = (headers: IncomingHttpHeaders) => {
          const stream = session.request(headers, { endStream: false })
          stream.on('error', () => undefined).on('response', (answer) => answers.push(answer))
        }
        ask({ ':method': 'GET', ':path': '/', ':scheme': 'https', ':authority': '127.0.0.1:22' })
        ask({ ':method': 'CONNECT', ':authority': '169.254.169.254:80' })
        ask({ ':method': 'CONNECT', ':authority': 'localhost' })
        ask({ ':method': 'CONNECT', ':authority': '127.0.0.1:22' })
      })
    })
  })
  const connector = await toldTo(gateway.url, ['*.internal:5432'])
  await expect.poll(() => answers.length, { timeout: 5_000 }).toBe(4)
  expect(answers.map((answer) => answer[':status']).sort()).toEqual([400, 400, 403, 403])
  await connector.stop()
  gateway.close()
})

it.each([
  ['another protocol', SWITCH.replace(TUNNEL_PROTOCOL, 'h2c')],
  ['no name', SWITCH.replace(NAME_HEADER, 'x')],
  ['a name that is none', SWITCH.replace('plant-a', '../../etc')],
  ['a page', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ['a page without end', `HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n${'x'.repeat(200_000)}`],
  ['fields without end', `HTTP/1.1 101 Switching Protocols\r\n${'x: y\r\n'.repeat(20_000)}`],
  ['bytes', randomBytes(500).toString('latin1')],
  ['a link and then bytes', SWITCH + 'x'.repeat(3_000)],
])('a connector that is answered with %s tries again', async (_what, answer) => {
  let asked = 0
  const gateway = await evilGateway((socket) => {
    asked += 1
    // At once, before anything was asked.
    socket.write(answer)
  })
  const connector = await toldTo(gateway.url)
  await expect.poll(() => asked, { timeout: 5_000 }).toBeGreaterThan(1)
  expect(connector.state().phase).not.toBe('refused')
  await connector.stop()
  gateway.close()
})
