import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../../test/parts/trail.ts'
import { toldTrail } from './signed-before.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

const entry = (n: number) => ({ kind: 'catalog.read', fields: { resource: 'orders-db', n } }) as const
const never = new Promise<void>(() => undefined)
const covered = (note: string | undefined) => Number(note?.split('\n')[1])

/** So many entries under a checkpoint, and two without one. */
async function begun(count: number) {
  const trail = await house.open()
  for (let n = 0; n < count; n++) await trail.durable(entry(n))
  await trail.publish()
  await house.close()
  const later = await house.open({ mayBeSigned: never })
  await later.durable(entry(1))
  await later.durable(entry(2))
  await later.publish()
  await house.close()
  return covered(readFileSync(`${house.folder}/trail/log/checkpoint`, 'utf8'))
}

it('knows after a start what was signed before, and since when nothing is, until there is a signature', async () => {
  const signed = await begun(5)
  await sleep(1_100)
  const { promise: mayBeSigned, resolve: allow } = Promise.withResolvers<void>()
  const trail = await house.open({ mayBeSigned })
  const told = await toldTrail(trail, house.folder)
  expect(trail.proven.checkpoint).toBeUndefined()
  expect(covered(told.proven.checkpoint)).toBe(signed)
  expect(told.proven.age).toBeGreaterThan(1_000)
  expect(told.proven.size).toBe(trail.proven.size)
  allow()
  await sleep(0)
  await trail.publish()
  expect(told.proven.checkpoint).toBe(trail.proven.checkpoint)
  expect(covered(told.proven.checkpoint)).toBe(trail.written)
  expect(told.proven.age).toBe(trail.proven.age)
})

it('is behind by nothing where everything was signed', async () => {
  const first = await house.open()
  await first.durable(entry(0))
  await house.close()
  const trail = await house.open({ mayBeSigned: never })
  const { proven } = await toldTrail(trail, house.folder)
  expect([covered(proven.checkpoint), proven.age]).toEqual([trail.written, 0])
})

it('has no checkpoint where there never was one', async () => {
  const trail = await house.open({ mayBeSigned: never })
  await trail.durable(entry(0))
  const told = await toldTrail(trail, house.folder)
  expect(told.proven.checkpoint).toBeUndefined()
  expect(told.proven.age).toBeGreaterThanOrEqual(0)
  expect([told.state, told.written]).toEqual([trail.state, trail.written])
})
