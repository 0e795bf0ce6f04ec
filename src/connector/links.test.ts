import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, isUp, startConnectorWorld } from '../../test/parts/connector-door.ts'

let world: ConnectorWorld
let target: Server
let port: number
const open = new Set<Socket>()

beforeEach(async () => {
  world = await startConnectorWorld()
  target = createServer((socket) => {
    open.add(socket.on('error', () => undefined))
    socket.pipe(socket)
  })
  await once(target.listen(0, '127.0.0.1'), 'listening')
  port = (target.address() as AddressInfo).port
})
afterEach(async () => {
  await world.close()
  for (const socket of open) socket.destroy()
  open.clear()
  await new Promise((resolve) => target.close(resolve))
})

const dial = (to = port) => world.connectors.dial('plant-a', '127.0.0.1', to, { resource: 'orders-db' }, AbortSignal.timeout(10_000))
const there = () => ({ allow: [`127.0.0.1:${port}`] })
const code = (error: unknown) => (error as { code?: string }).code

async function echo(stream: Duplex, word: string): Promise<string> {
  stream.write(word)
  const [chunk] = (await once(stream, 'data')) as [Buffer]
  return chunk.toString()
}

/** What passes on bytes between connectors and the door, and its two sockets for each link. */
async function somethingBetween() {
  const through: Socket[] = []
  const between = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: Number(world.url.port) })
    for (const socket of [near, far]) through.push(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  })
  await once(between.listen(0, '127.0.0.1'), 'listening')
  return { through, between, gateway: new URL(`https://localhost:${(between.address() as AddressInfo).port}`) }
}

it('says that nobody is there, after a moment in which somebody might have come', async () => {
  const since = performance.now()
  await expect(dial()).rejects.toMatchObject({ code: 'GS_CONNECTOR_ABSENT' })
  expect(performance.now() - since).toBeGreaterThan(1_900)
})

it('waits for a connector that is about to come', async () => {
  const dialled = dial()
  await world.up(there())
  expect(await echo(await dialled, 'hello')).toBe('hello')
})

it('spreads streams over the connectors of a name', async () => {
  await Promise.all([world.up(there()), world.up(there()), world.up({ ...there(), as: 'plant-b' })])
  const streams = await Promise.all(Array.from({ length: 10 }, () => dial()))
  const counts = world.connectors.state().map(({ name, streams }) => [name, streams])
  expect(counts.filter(([name]) => name === 'plant-a')).toEqual([
    ['plant-a', 5],
    ['plant-a', 5],
  ])
  for (const stream of streams) stream.destroy()
})

it('goes to another where one may not, or cannot, open the target, and first to the other from then on', async () => {
  const gone = createServer()
  await once(gone.listen(0, '127.0.0.1'), 'listening')
  const nowhere = (gone.address() as AddressInfo).port
  await new Promise((resolve) => gone.close(resolve))
  await world.up({ allow: [`127.0.0.1:${nowhere}`] })
  const able = await world.up({ allow: [`127.0.0.1:${port}`] })
  for (let at = 0; at < 4; at++) (await dial()).destroy()
  expect(world.of('stream').map(({ connector }) => connector)).toEqual(Array(4).fill(able.state().id))
  // Both failed: what says most about the target is told.
  await expect(dial(nowhere)).rejects.toMatchObject({ code: 'GS_CONNECTOR_TARGET_UNREACHABLE' })
})

it('ends streams with an error where their connector dies, and opens new ones at another', async () => {
  const [dying, living] = [await world.up(there()), await world.up(there())]
  const streams = await Promise.all([dial(), dial()])
  const ends = streams.map((stream) => new Promise((resolve) => stream.once('error', (error) => resolve(code(error)))))
  await dying.stop()
  expect(await Promise.race(ends)).toBe('GS_CONNECTOR_CLOSED')
  expect(await echo(await dial(), 'hello')).toBe('hello')
  expect(world.connectors.state().map(({ id }) => id)).toEqual([living.state().id])
  expect(world.of('streamEnd')).toMatchObject([{ why: 'link-down', connector: dying.state().id }])
  expect(world.of('down')).toMatchObject([{ why: 'closed', connector: dying.state().id }])
})

it('drains: open streams go on, new ones go to the process that took over, and it ends behind the last', async () => {
  const data = world.folder()
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const old = await world.up({ ...there(), data, token })
  const stream = await dial()
  // The next version, with the same folder and so the same key.
  const next = await world.connector({ ...there(), data })
  await expect.poll(() => world.connectors.state().length).toBe(2)
  expect(next.state().id).toBe(old.state().id)
  const drained = old.drain(10_000)
  await expect.poll(() => world.connectors.state().filter(({ draining }) => draining).length).toBe(1)
  expect(old.state()).toMatchObject({ phase: 'draining', streams: 1 })
  const fresh = await dial()
  expect(await echo(fresh, 'new')).toBe('new')
  expect(await echo(stream, 'old')).toBe('old')
  expect(next.state().streams).toBe(1)
  await sleep(100)
  expect(await echo(stream, 'still')).toBe('still')
  stream.end()
  await drained
  expect(await old.ended).toBeUndefined()
  expect(old.state().phase).toBe('stopped')
  await expect.poll(() => world.of('down')).toMatchObject([{ why: 'drained' }])
  expect(await echo(fresh, 'stays')).toBe('stays')
  expect(world.of('streamEnd')).toMatchObject([{ why: 'ended' }])
})

it('lets a quiet stream be for as long as it drains, and a drained link die all the same once nothing comes any more', async () => {
  const { through, gateway, between } = await somethingBetween()
  const connector = await world.up({ ...there(), gateway })
  const stream = await dial()
  const drained = connector.drain(60_000)
  // Longer than the silence that a link is taken for dead after.
  await sleep(6_500)
  expect(await echo(stream, 'still there')).toBe('still there')
  expect(world.of('down')).toEqual([])
  for (const socket of through) socket.unpipe().pause()
  await new Promise((resolve) => stream.once('error', resolve))
  await drained
  expect(world.of('down')).toMatchObject([{ why: 'silent' }])
  for (const socket of through) socket.destroy()
  await new Promise((resolve) => between.close(resolve))
})

it('loses no dial while one process takes over from another', async () => {
  const data = world.folder()
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  let running = await world.up({ ...there(), data, token })
  let over = false
  const dials = Array.from({ length: 4 }, async () => {
    let count = 0
    for (; !over; count++) {
      const stream = await dial()
      expect(await echo(stream, 'x')).toBe('x')
      stream.end()
    }
    return count
  })
  for (let at = 0; at < 3; at++) {
    const next = await world.up({ ...there(), data })
    await expect.poll(() => world.connectors.state().filter(({ draining }) => !draining).length).toBe(2)
    await running.drain(5_000)
    running = next
  }
  over = true
  for (const count of await Promise.all(dials)) expect(count).toBeGreaterThan(3)
  expect(world.of('streamEnd').every(({ why }) => why === 'ended')).toBe(true)
})

it('gives up draining after its patience', async () => {
  const connector = await world.up(there())
  const stream = await dial()
  const end = new Promise((resolve) => stream.once('error', (error) => resolve(code(error))))
  await connector.drain(200)
  expect(await end).toBe('GS_CONNECTOR_CLOSED')
})

it('takes a link for dead, at both ends, once nothing comes any more, and is back over another way', async () => {
  // What a firewall does that forgets a connection: nothing arrives any more, and nobody is told.
  const { through, gateway, between } = await somethingBetween()
  const connector = await world.up({ ...there(), gateway })
  const stream = await dial()
  const end = new Promise((resolve) => stream.once('error', (error) => resolve(code(error))))
  const links = through.length
  for (const socket of through) socket.unpipe().pause()
  const since = performance.now()
  expect(await end).toBe('GS_CONNECTOR_CLOSED')
  expect(performance.now() - since).toBeLessThan(6_500)
  expect(world.of('down')).toMatchObject([{ why: 'silent' }])
  await isUp(connector, world.connectors, 8_000)
  expect(through.length).toBeGreaterThan(links)
  await connector.stop()
  for (const socket of through) socket.destroy()
  await new Promise((resolve) => between.close(resolve))
})

it('calls a connection that was reset closed, and no breach of the protocol', async () => {
  const { through, gateway, between } = await somethingBetween()
  const connector = await world.up({ ...there(), gateway })
  const stream = await dial()
  const broken = new Promise((resolve) => stream.once('error', resolve))
  through.at(-1)!.resetAndDestroy()
  await broken
  await expect.poll(() => world.of('down')).toMatchObject([{ why: 'closed' }])
  await connector.stop()
  for (const socket of through) socket.destroy()
  await new Promise((resolve) => between.close(resolve))
})

it('comes back by itself when the gateway does', async () => {
  const connector = await world.up(there())
  world.connectors.close()
  await expect.poll(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_STOPPING')
  expect(world.of('down')).toMatchObject([{ why: 'stopping' }])
  expect(connector.state().phase).toBe('connecting')
})

it('opens no stream while the gateway stops', async () => {
  await world.up(there())
  const stream = await dial()
  world.connectors.drain()
  await expect(dial()).rejects.toMatchObject({ code: 'GS_CONNECTOR_STOPPING' })
  expect(await echo(stream, 'goes on')).toBe('goes on')
})

it('tells what links carry', async () => {
  const connector = await world.up(there())
  const stream = await dial()
  stream.end('0123456789')
  expect(await text(stream)).toBe('0123456789')
  await expect
    .poll(() => world.connectors.state())
    .toMatchObject([{ bytesIn: 10, bytesOut: 10, streams: 0, version: '1.2.3', address: '127.0.0.1', draining: false }])
  await expect.poll(() => connector.state()).toMatchObject({ bytesIn: 10, bytesOut: 10, streams: 0, phase: 'up' })
  expect(world.connectors.state()[0]!.rttMs).toBeGreaterThan(0)
  await connector.stop()
  await expect
    .poll(() => world.connectors.totals().get('plant-a'))
    .toEqual({ connects: 1, streams: 1, refused: 0, bytesIn: 10, bytesOut: 10 })
})

it('takes eight links of one connector and no more', async () => {
  const data = world.folder()
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  await world.up({ data, token })
  await Promise.all(Array.from({ length: 7 }, () => world.connector({ data })))
  await expect.poll(() => world.connectors.state().length, { timeout: 3_000 }).toBe(8)
  const ninth = await world.connector({ data })
  await expect.poll(() => ninth.state().lastError?.code).toBe('GS_CONNECTOR_BUSY')
})
