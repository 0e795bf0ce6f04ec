import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, startConnectorWorld } from '../../test/parts/connector-door.ts'

let world: ConnectorWorld
let target: Server
let port: number
/** What the target does with a connection. */
let serve: (socket: Socket) => void
const accepted = new Set<Socket>()

beforeEach(async () => {
  world = await startConnectorWorld()
  serve = (socket) => socket.pipe(socket)
  target = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await once(target.listen(0, '127.0.0.1'), 'listening')
  port = (target.address() as AddressInfo).port
})
afterEach(async () => {
  await world.close()
  for (const socket of accepted) socket.destroy()
  accepted.clear()
  await new Promise((resolve) => target.close(resolve))
})

const dial = (signal = AbortSignal.timeout(10_000), host = '127.0.0.1') =>
  world.connectors.dial('plant-a', host, port, { resource: 'orders-db', session: 'ses_1' }, signal)
const upThere = () => world.up({ allow: [`127.0.0.1:${port}`] })

it('carries bytes both ways, and an end as an end', async () => {
  await upThere()
  // It answers only once it was told that there is no more.
  serve = (socket) => {
    const heard: Buffer[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk)).on('end', () => socket.end(`you said ${Buffer.concat(heard)}`))
  }
  const stream = await dial()
  stream.write('good ')
  stream.end('day')
  expect(await text(stream)).toBe('you said good day')
  await expect
    .poll(() => world.of('streamEnd'))
    .toMatchObject([{ why: 'ended', bytesOut: 8, bytesIn: 17, resource: 'orders-db', session: 'ses_1' }])
  expect(world.of('stream')).toMatchObject([{ target: `127.0.0.1:${port}`, resource: 'orders-db', name: 'plant-a' }])
})

it('lets a target end first, and goes on the other way', async () => {
  await upThere()
  const heard: Promise<string>[] = []
  serve = (socket) => {
    heard.push(text(socket))
    socket.end('bye')
  }
  const stream = await dial()
  expect(await text(stream)).toBe('bye')
  stream.end('still here')
  expect(await heard[0]).toBe('still here')
})

it('carries a megabyte each way unchanged, whatever the pieces', async () => {
  await upThere()
  const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => (at * 31 + (at >> 8)) & 255))
  const stream = await dial()
  const back = buffer(stream)
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 70_001) {
    if (!stream.write(bytes.subarray(at, at + size))) await once(stream, 'drain')
  }
  stream.end()
  expect((await back).equals(bytes)).toBe(true)
})

it('passes a reset of the target on as an error, not as an end', async () => {
  await upThere()
  serve = (socket) => void socket.write('half', () => setTimeout(() => socket.resetAndDestroy(), 20))
  const stream = await dial()
  await expect(text(stream)).rejects.toThrow()
  await expect.poll(() => world.of('streamEnd')).toMatchObject([{ why: 'reset', bytesIn: 4 }])
})

it.each(['with', 'without'])('passes a stream that is destroyed %s an error on to the target', async (how) => {
  await upThere()
  const ends: Promise<unknown>[] = []
  serve = (socket) => {
    socket.on('data', () => undefined)
    ends.push(
      Promise.race([
        once(socket, 'end').then(() => 'end'),
        new Promise((resolve) => socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))),
      ]),
    )
  }
  const stream = await dial()
  stream.write('hello')
  await expect.poll(() => ends.length).toBe(1)
  stream.on('error', () => undefined)
  stream.destroy(how === 'with' ? new Error('enough') : undefined)
  expect(await ends[0]).toBe(how === 'with' ? 'ECONNRESET' : 'end')
  await expect.poll(() => world.of('streamEnd')).toMatchObject([{ why: 'dropped' }])
  expect(stream.destroyed).toBe(true)
})

it('sends what was written before a stream is destroyed', async () => {
  await upThere()
  const heard: Promise<string>[] = []
  serve = (socket) => void heard.push(text(socket).catch(() => 'broken off'))
  const stream = await dial()
  await expect.poll(() => heard.length).toBe(1)
  stream.write('terminate')
  stream.destroy()
  await once(stream, 'close')
  expect(await heard[0]).toBe('terminate')
})

it('opens nothing that is not on the list, and tells a target that cannot be reached apart', async () => {
  await world.up({ allow: ['127.0.0.1:1', '10.0.0.0/8:5432', '*.orders.internal:5432'] })
  await expect(dial()).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' })
  const other = (host: string, at: number) => world.connectors.dial('plant-a', host, at, { resource: 'x' }, AbortSignal.timeout(10_000))
  await expect(other('127.0.0.1', 1)).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_UNREACHABLE' })
  await expect(other('a.orders.internal', 5432)).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_UNREACHABLE' })
  await expect(other('a.b.orders.internal', 5432)).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' })
  expect(world.of('stream')).toEqual([])
  expect(world.connectors.totals().get('plant-a')).toMatchObject({ streams: 0, refused: 4, connects: 1 })
})

it('refuses a name that leads to this machine, unless the address is allowed as well', async () => {
  await world.up({ allow: [`localhost:${port}`] })
  await expect(dial(undefined, 'localhost')).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' })
  const both = await world.up({ allow: [`localhost:${port}`, `127.0.0.0/8:${port}`], as: 'plant-b' })
  const stream = await world.connectors.dial('plant-b', 'localhost', port, { resource: 'x' }, AbortSignal.timeout(5_000))
  stream.end('echo')
  expect(await text(stream)).toBe('echo')
  expect(both.state()).toMatchObject({ name: 'plant-b', streams: 0 })
})

it('resets streams to what is taken off the list, and no others', async () => {
  const connector = await upThere()
  const stream = await dial()
  const error = new Promise((resolve) => stream.once('error', resolve))
  connector.allow([])
  expect(await error).toBeInstanceOf(Error)
  await expect(dial()).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED' })
})

it('stops dialling when it is told to', async () => {
  const enough = new AbortController()
  const waiting = dial(enough.signal)
  setTimeout(() => enough.abort(new Error('enough')), 50)
  await expect(waiting).rejects.toThrow('enough')
})

it('lets the others go on while one stream is not read', async () => {
  await upThere()
  const chunk = Buffer.alloc(65_536)
  const flooding = (socket: Socket) => {
    const more = () => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }
  serve = flooding
  const stalled = await dial()
  // Until its window is full: the target cannot write any more.
  let last = -1
  await expect
    .poll(
      () => {
        const { bytesIn } = world.connectors.state()[0]!
        const still = bytesIn > 0 && bytesIn === last
        last = bytesIn
        return still
      },
      { interval: 100 },
    )
    .toBe(true)
  expect(last).toBeLessThanOrEqual((1 << 20) + 65_536)
  serve = (socket) => socket.pipe(socket)
  const streams = await Promise.all(Array.from({ length: 8 }, () => dial()))
  await Promise.all(streams.map((stream) => echoes(stream, 3 << 19)))
  expect(stalled.destroyed).toBe(false)
  stalled.destroy()
})

async function echoes(stream: Duplex, bytes: number): Promise<void> {
  const back = buffer(stream)
  const chunk = Buffer.alloc(65_536, 'x')
  for (let sent = 0; sent < bytes; sent += chunk.length) if (!stream.write(chunk)) await once(stream, 'drain')
  stream.end()
  expect((await back).length).toBe(bytes)
}

it('gives streams a TLS of their own end to end: nothing between sees what is said', async () => {
  const { connect, createServer: createTlsServer } = await import('node:tls')
  const secure = createTlsServer({ cert: world.certificates.server.certificate, key: world.certificates.server.key }, (socket) =>
    socket.pipe(socket),
  )
  await once(secure.listen(0, '127.0.0.1'), 'listening')
  const at = (secure.address() as AddressInfo).port
  await world.up({ allow: [`127.0.0.1:${at}`] })
  const stream = await world.connectors.dial('plant-a', '127.0.0.1', at, { resource: 'x' }, AbortSignal.timeout(5_000))
  const inner = connect({ socket: stream, servername: 'localhost', ca: world.certificates.ca })
  await once(inner, 'secureConnect')
  inner.end('secret')
  expect(await text(inner)).toBe('secret')
  await new Promise((resolve) => secure.close(resolve))
})
