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
