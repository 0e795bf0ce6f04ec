import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { limitConnections } from './limit-connections.ts'

let server: Server
const sockets: Socket[] = []

beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => undefined).write('hello'))
  limitConnections(server, 2)
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** Connects from this address of our own machine. @returns whether it was served */
async function served(localAddress: string): Promise<boolean> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', localAddress })
  sockets.push(socket)
  socket.on('error', () => undefined)
  const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
  return Buffer.isBuffer(first) && !(await closesSoon(socket))
}

const closesSoon = (socket: Socket) =>
  Promise.race([once(socket, 'close').then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 50, false))])

it.runIf(process.platform === 'linux')('keeps one address from taking the connections of all, and lets it come back', async () => {
  expect([await served('127.0.0.1'), await served('127.0.0.1'), await served('127.0.0.1')]).toEqual([true, true, false])
  expect(await served('127.0.0.2')).toBe(true)
  sockets[0]?.destroy()
  await expect.poll(() => served('127.0.0.1')).toBe(true)
})
