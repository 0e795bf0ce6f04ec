import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Strangers } from './strangers.ts'

const strangers = () => new Strangers({ loginMs: 30, unauthenticated: 3, unauthenticatedPerPeer: 2 })

let port = 40_000
function socket(): Socket {
  const made = Object.assign(new EventEmitter(), { remoteAddress: '127.0.0.1', remotePort: port++, destroyed: false, destroy })
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
  const [known, gone] = [socket(), socket()]
  door.enter(known, 'a')
  door.enter(gone, 'a')
  const { remoteAddress, remotePort } = known
  door.becomesKnown({ remoteAddress, remotePort })
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
