import { expect, it } from 'vitest'
import { AUTHORIZED, collected, doorBeforeRealTarget } from '../../../../test/parts/https-door.ts'

const { open, dial } = doorBeforeRealTarget()

const get = `GET /r/api/ HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZED}\r\n`

it('answers requests that came at once one after the other', async () => {
  let count = 0
  const { port } = await open((_, response) => response.end(`no. ${++count}`))
  const socket = await dial(port)
  const got = collected(socket)
  socket.write(get.repeat(20))
  await expect.poll(() => got.text, { timeout: 10_000 }).toContain('no. 20')
  expect(got.text.match(/no\. \d+/g)).toEqual(Array.from({ length: 20 }, (_, at) => `no. ${at + 1}`))
})

it('keeps no more than a few that wait: who sends more is cut off', async () => {
  const { port, door } = await open((_, response) => response.write('begun'))
  const socket = await dial(port)
  const got = collected(socket)
  socket.write(get)
  await expect.poll(() => got.text, { timeout: 10_000 }).toContain('begun')
  socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(2_000))
  await expect.poll(() => socket.closed, { timeout: 10_000 }).toBe(true)
  await expect.poll(() => door.connections, { timeout: 10_000 }).toBe(0)
})
