import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { startConnectorWorld } from '../../test/parts/connector-door.ts'

it('cuts nobody off where a thousand clients went away: HTTP/2 servers take that for an attack', async () => {
  const target = createServer((socket) => void socket.on('error', () => undefined).pipe(socket))
  await once(target.listen(0, '127.0.0.1'), 'listening')
  const { port } = target.address() as AddressInfo
  const world = await startConnectorWorld()
  const dial = () => world.connectors.dial('plant-a', '127.0.0.1', port, { resource: 'orders-db' }, AbortSignal.timeout(10_000))
  try {
    await world.up({ allow: [`127.0.0.1:${port}`] })
    const steady = await dial()
    // Node lets 1,000 at once pass by itself, and 33 a second.
    for (let round = 0; round < 15; round++) {
      const streams = await Promise.all(Array.from({ length: 100 }, dial))
      for (const stream of streams) stream.on('error', () => undefined).destroy()
    }
    steady.write('still there')
    expect(String((await once(steady, 'data'))[0])).toBe('still there')
    expect(world.of('down')).toEqual([])
    steady.destroy()
  } finally {
    await world.close()
    target.close()
  }
})

it('breaks off what a target had not ended where the connector stops, and never ends it', async () => {
  const target = createServer((socket) => {
    const saying = setInterval(() => socket.write('more'), 5)
    socket.on('error', () => undefined).on('close', () => clearInterval(saying))
  })
  await once(target.listen(0, '127.0.0.1'), 'listening')
  const { port } = target.address() as AddressInfo
  const world = await startConnectorWorld()
  try {
    const connector = await world.up({ allow: [`127.0.0.1:${port}`] })
    const heard: string[] = []
    const streams = await Promise.all(
      Array.from({ length: 30 }, () =>
        world.connectors.dial('plant-a', '127.0.0.1', port, { resource: 'orders-db' }, AbortSignal.timeout(10_000)),
      ),
    )
    const closed = streams.map((stream) => {
      for (const event of ['end', 'error']) stream.once(event, () => heard.push(event))
      return new Promise((resolve) => stream.resume().once('close', resolve))
    })
    await connector.stop()
    await Promise.all(closed)
    expect(heard).toEqual(Array.from({ length: 30 }, () => 'error'))
    expect(world.of('streamEnd').map(({ why }) => why)).not.toContain('ended')
  } finally {
    await world.close()
    target.close()
  }
})

it('stops whenever it is told to, also while its link comes up', async () => {
  const world = await startConnectorWorld()
  try {
    // Every moment of an enrolment and a handshake, which take some 30 ms together.
    for (let ms = 0; ms < 60; ms += 2) {
      const connector = await world.connector()
      await new Promise((resolve) => setTimeout(resolve, ms))
      await connector.stop()
      expect(connector.state().phase).toBe('stopped')
    }
    await expect.poll(() => world.connectors.state()).toEqual([])
  } finally {
    await world.close()
  }
})
