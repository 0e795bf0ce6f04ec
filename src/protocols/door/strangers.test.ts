import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Strangers } from './strangers.ts'

const strangers = () => new Strangers({ loginMs: 30, unauthenticated: 3, unauthenticatedPerPeer: 2 })

let port = 40_000
function socket(ends = { remoteAddress: '127.0.0.1', remotePort: port++, localAddress: '127.0.0.1', localPort: 5_432 }): Socket {
  const made = Object.assign(new EventEmitter(), { ...ends, destroyed: false, destroy })
  function destroy() {
    made.destroyed = true
    made.emit('close')
    return made
  }
  return made as unknown as Socket
}

it('lets one peer take a part of the room only, and all of them no more than there is', () => {
  const door = strangers()
  expect([door.enter(socket(), 'a'), door.enter(socket(), 'a'), door.enter(socket(), 'a')]).toEqual([true, true, false])
  expect([door.enter(socket(), 'b'), door.enter(socket(), 'c')]).toEqual([true, false])
  door.cut()
})

it('gives room back once one becomes known, also by the connection within its TLS, and once one is gone', () => {
  const door = strangers()
  const ends = { remoteAddress: '127.0.0.1', remotePort: 39_999, localAddress: '127.0.0.1', localPort: 5_432 }
  const [known, gone] = [socket(ends), socket()]
  door.enter(known, 'a')
  door.enter(gone, 'a')
  door.becomesKnown(ends)
  gone.destroy()
  expect([door.enter(socket(), 'a'), door.enter(socket(), 'a')]).toEqual([true, true])
  door.cut()
  expect(known.destroyed).toBe(false)
})

it('cuts who does not say who it is in time, and nobody else', async () => {
  const door = strangers()
  const [silent, known] = [socket(), socket()]
  door.enter(silent, 'a')
  door.enter(known, 'b')
  door.becomesKnown(known)
  await expect.poll(() => silent.destroyed).toBe(true)
  expect(known.destroyed).toBe(false)
})

it('takes no connection for another one that comes from the same port, to another address', async () => {
  const door = strangers()
  const ends = { remoteAddress: '127.0.0.1', remotePort: 39_999, localPort: 5_432 }
  const [one, other] = [socket({ ...ends, localAddress: '127.0.0.1' }), socket({ ...ends, localAddress: '127.0.0.2' })]
  door.enter(one, 'a')
  door.enter(other, 'a')
  one.destroy()
  expect([door.enter(socket(), 'a'), door.enter(socket(), 'a')]).toEqual([true, false])
  await expect.poll(() => other.destroyed).toBe(true)
})
