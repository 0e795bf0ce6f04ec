import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import type { EntryFields, Trail } from '../trail/index.ts'
import { type Reading, Readings } from './readings.ts'

const MINUTE = 60_000
const all: Reading = { from: 0, follow: false, opened: false }
const opened: Reading = { ...all, opened: true }

let house: TestTrail
let trail: Trail
let readings: Readings
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
  readings = new Readings(trail)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await house.remove()
})

async function recorded(): Promise<EntryFields[]> {
  await new Promise((told) => trail.whenDurable(told))
  return (await house.entries()).filter(({ kind }) => kind === 'log.read').map(({ fields }) => fields)
}

it('records the first reading before it begins, and what follows within a minute in one entry', async () => {
  await readings.begin('ann', { ...all, from: -20 })
  expect(await recorded()).toEqual([{ from: -20, follow: false, opened: false, viewer: 'ann' }])
  for (let n = 0; n < 50; n++) await readings.begin('ann', { ...all, filter: { run: `run_${n}` } })
  expect(await recorded()).toHaveLength(1)
  vi.advanceTimersByTime(MINUTE)
  expect((await recorded()).slice(1)).toEqual([{ reads: 50, opened: 0, filtered: 50, followed: 0, viewer: 'ann' }])
  vi.advanceTimersByTime(10 * MINUTE)
  expect(await recorded()).toHaveLength(2)
})

it('begins anew after the minute, and for each viewer apart', async () => {
  await readings.begin('ann', all)
  await readings.begin('ben', all)
  vi.advanceTimersByTime(MINUTE)
  await readings.begin('ann', all)
  expect((await recorded()).map(({ viewer }) => viewer)).toEqual(['ann', 'ben', 'ann'])
})

it.each<[string, Reading, Reading, number]>([
  ['the first one that opens anything', all, opened, 2],
  ['another entry', { ...opened, entry: '7' }, { ...opened, entry: '8' }, 2],
  ['the same entry again', { ...opened, entry: '7' }, { ...opened, entry: '7' }, 1],
  ['one entry of all that was told of', opened, { ...opened, from: 7, entry: '7' }, 1],
  ['everything, where one entry was told of', { ...opened, from: 7, entry: '7' }, opened, 2],
  ['less of it', opened, { ...opened, filter: { run: 'run_a' } }, 1],
  ['another run', { ...opened, filter: { run: 'run_a' } }, { ...opened, filter: { run: 'run_b' } }, 2],
  ['all, where one run was told of', { ...opened, filter: { run: 'run_a' } }, opened, 2],
  ['one kind of a run', { ...opened, filter: { run: 'run_a' } }, { ...opened, filter: { run: 'run_a', kind: 'operation' } }, 1],
  ['what comes later, too', opened, { ...opened, follow: true }, 2],
  ['earlier ones', { ...opened, from: 10 }, { ...opened, from: 9 }, 2],
  ['later ones', { ...opened, from: 10 }, { ...opened, from: 11 }, 1],
  ['some from the end', { ...opened, from: 10 }, { ...opened, from: -1 }, 2],
])('records at once what opens more than was told of: %s', async (_, first, second, entries) => {
  await readings.begin('ann', first)
  await readings.begin('ann', second)
  expect(await recorded()).toHaveLength(entries)
  vi.advanceTimersByTime(MINUTE)
  const [last] = (await recorded()).slice(entries)
  expect(last?.opened).toBe(entries === 1 ? 1 : undefined)
})

it('counts whoever follows once a minute while there is something to read, and never for what reading itself wrote', async () => {
  const told = await readings.begin('ann', { ...all, follow: true })
  for (const kind of ['run.start', 'log.read', 'operation.intent'] as const) told({ kind })
  vi.advanceTimersByTime(MINUTE)
  expect(await recorded()).toHaveLength(1)
  for (let minute = 0; minute < 3; minute++) {
    for (let n = 0; n < 100; n++) told({ kind: 'operation.intent' })
    vi.advanceTimersByTime(MINUTE)
  }
  expect((await recorded()).slice(1)).toEqual(Array(3).fill({ reads: 0, opened: 0, filtered: 0, followed: 1, viewer: 'ann' }))
  for (let minute = 0; minute < 10; minute++) {
    told({ kind: 'log.read' })
    vi.advanceTimersByTime(MINUTE)
  }
  expect(await recorded()).toHaveLength(4)
})

it('writes what was counted when it stops, once', async () => {
  await readings.begin('ann', all)
  await readings.begin('ann', all)
  readings.stop()
  vi.advanceTimersByTime(MINUTE)
  expect(await recorded()).toHaveLength(2)
})

it('lets nobody read what cannot be recorded, neither the first nor those who wait with him, and asks again', async () => {
  let fail = (): void => undefined
  const durable = vi.spyOn(trail, 'durable').mockImplementationOnce(
    () =>
      new Promise((_, reject) => {
        fail = () => reject(new Error('no room'))
      }),
  )
  const both = [readings.begin('ann', all), readings.begin('ann', all)].map((begun) => expect(begun).rejects.toThrow('no room'))
  fail()
  await Promise.all(both)
  await readings.begin('ann', all)
  expect(durable).toHaveBeenCalledTimes(2)
  expect(await recorded()).toHaveLength(1)
})
