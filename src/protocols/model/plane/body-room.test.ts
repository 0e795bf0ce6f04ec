import { expect, it } from 'vitest'
import type { RunId } from '../../../operations/index.ts'
import { BodyRoom } from './body-room.ts'

const [one, other] = ['run_one', 'run_other'] as const satisfies RunId[]
const MIB = 1024 * 1024
const never = new AbortController().signal

it('has a run wait for its own large requests, and nobody else', async () => {
  const room = new BodyRoom(60_000)
  const taken = await Promise.all(Array.from({ length: 4 }, () => room.take(one, 24 * MIB, never)))
  let come = false
  const waiting = room.take(one, 24 * MIB, never).then((release) => {
    come = true
    return release
  })
  await room.take(one, 1_000, never)
  const others = await room.take(other, 24 * MIB, never)
  expect(come).toBe(false)
  taken[0]?.()
  const release = await waiting
  for (const each of [...taken.slice(1), others, release]) each()
  expect(await Promise.all(Array.from({ length: 4 }, () => room.take(one, 24 * MIB, never)))).toHaveLength(4)
})

it('says that there is none, and forgets who left', async () => {
  const room = new BodyRoom(20)
  await Promise.all(Array.from({ length: 4 }, () => room.take(one, 24 * MIB, never)))
  await expect(room.take(one, 24 * MIB, never)).rejects.toMatchObject({ code: 'GS_MODEL_BODY_TOO_LARGE' })
  const leaving = new AbortController()
  const left = room.take(one, 24 * MIB, leaving.signal)
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  await expect(room.take(one, 24 * MIB, leaving.signal)).rejects.toThrow('gone')
})
