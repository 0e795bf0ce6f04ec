import { once } from 'node:events'
import { expect, it } from 'vitest'
import { AUTHORIZED, collected, doorBeforeRealTarget, TARGET_TOKEN } from '../../../../test/parts/https-door.ts'

const { open, dial } = doorBeforeRealTarget()

it('shows nothing of the gateway’s credential where a target echoes it before or behind its answer', async () => {
  const { port } = await open((request, response) => {
    const { authorization = '' } = request.headers
    response.writeEarlyHints({ link: '</a>; rel=preload', 'x-echo': authorization })
    response.writeHead(200, { trailer: 'x-echo', 'x-echo': authorization })
    response.write(authorization)
    response.addTrailers({ 'x-echo': authorization })
    response.end()
  })
  const socket = await dial(port)
  const got = collected(socket)
  socket.write(`GET /r/api/ HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZED}\r\n`)
  await expect.poll(() => got.text, { timeout: 10_000 }).toMatch(/\r\n0\r\n(x-echo: .*\r\n)\r\n$/i)
  expect(got.text).toContain('103')
  expect(got.text).not.toContain(TARGET_TOKEN)
})

it('shows nothing of it where a target echoes it as it opens a WebSocket', async () => {
  const { port, server } = await open((_, response) => response.end())
  server.on('upgrade', ({ headers }, socket) =>
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Echo: ${headers.authorization}\r\n\r\n`),
  )
  const socket = await dial(port)
  const got = collected(socket)
  socket.write(
    `GET /r/api/ HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZED}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  if (!socket.closed) await once(socket, 'close')
  expect(got.text).toMatch(/^HTTP\/1\.1 101 /)
  expect(got.text).not.toContain(TARGET_TOKEN)
})
