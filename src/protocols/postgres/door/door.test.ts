import { once } from 'node:events'
import { expect, it } from 'vitest'
import { all, doorBeforeRealServer, errorIn, RUN, startup, token, untilReady } from '../../../../test/parts/postgres-door.ts'
import { buildSslRequest } from '../wire/startup.ts'

const { open, plain, secure } = doorBeforeRealServer()

it('survives damaged start-ups, and opens nothing for them', async () => {
  const { port, seen, door } = await open({ throttle: { check: () => undefined, failed: () => undefined } })
  const sample = Buffer.concat([buildSslRequest(), startup({ user: RUN, application_name: 'psql', client_encoding: 'UTF8' }, 2)])
  let seed = 20261123
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >>> 8) % below
  }
  let understood = 0
  const runs = 300
  for (let at = 0; at < runs; at++) {
    // Without the SSLRequest the rest is read in plaintext; lengths stay whole in most runs, so that what follows is reached.
    const bytes = Buffer.from(random(8) === 0 ? sample : sample.subarray(8))
    for (let flips = 1 + random(3); flips > 0; flips--)
      bytes[random(8) === 0 ? random(bytes.length) : 8 + random(bytes.length - 8)] = random(256)
    const socket = await plain(port)
    socket.end(random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes)
    const answer = await all(socket)
    if (/^[Rv]|SFATAL/.test(answer.toString('latin1')) && errorIn(answer).C !== '08P01') understood++
    socket.destroy()
  }
  expect(understood / runs).toBeGreaterThan(0.5)
  expect(seen.asks).toEqual([])
  await expect.poll(() => door.connections).toBe(0)
})

it('closes to new clients first, then to all', async () => {
  const { door, port } = await open()
  const session = await secure(port)
  session.write(startup(token))
  await untilReady(session)
  const waiting = await plain(port)
  await door.closeToNew()
  await once(waiting, 'close')
  await expect(plain(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(door.connections).toBe(1)
  await door.close()
  expect(door.connections).toBe(0)
})
