import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { Listening } from './listening.ts'
import { STRANGER_LIMITS, Strangers } from './strangers.ts'

const left: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of left.splice(0)) await one.close()
})

async function door() {
  const strangers = new Strangers(STRANGER_LIMITS)
  const server = createServer((socket) => {
    if (strangers.enter(socket, 'peer')) socket.once('data', () => socket.write('known', () => strangers.becomesKnown(socket)))
  })
  const listening = new Listening(server, strangers)
  left.push(listening)
  return { listening, port: await listening.listen({ host: '127.0.0.1', port: 0 }) }
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function knownClient(port: number): Promise<Socket> {
  const socket = await client(port)
  socket.write('who')
  await once(socket, 'data')
  return socket
}

it('closed to new, it cuts who is not known, and keeps who is', async () => {
  const { listening, port } = await door()
  const known = await knownClient(port)
  const stranger = await client(port)
  await expect.poll(() => listening.connections).toBe(2)
  await listening.closeToNew()
  await once(stranger.resume(), 'close')
  expect([listening.closedToNew, known.destroyed]).toEqual([true, false])
  const late = connect(port, '127.0.0.1')
  await once(late, 'error')
  await expect.poll(() => listening.connections).toBe(1)
})

it('closed, it is done once every connection is gone; twice is once', async () => {
  const { listening, port } = await door()
  const known = await knownClient(port)
  const gone = once(known.resume(), 'close')
  await Promise.all([listening.close(), listening.close()])
  expect(listening.connections).toBe(0)
  await gone
})

it('closes where it never listened, and says why where it cannot', async () => {
  const never = new Listening(createServer(), new Strangers(STRANGER_LIMITS))
  await never.close()
  const { port } = await door()
  await expect(new Listening(createServer(), new Strangers(STRANGER_LIMITS)).listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
})
