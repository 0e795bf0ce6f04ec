import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import type { EntryDraft, Trail, TrailError, TrailMeter } from './index.ts'

let house: TestTrail
let files: MemorySegments
beforeEach(() => {
  house = new TestTrail()
  files = new MemorySegments()
})
afterEach(() => house.remove())

const about = (n: number, bytes = 0): EntryDraft => ({ kind: 'log.read', fields: { n, filler: 'x'.repeat(bytes) } })
const told = (trail: Trail) => new Promise<TrailError | undefined>((resolve) => trail.whenDurable(resolve))

async function fillUp(trail: Trail): Promise<number> {
  for (let n = 0; ; n++) {
    trail.append(about(n, 9000))
    if (await told(trail)) return n
  }
}

it('writes everything staged in one turn as one batch, and tells those who wait in order', async () => {
  const trail = await house.open({ files })
  const order: number[] = []
  for (let n = 0; n < 10; n++) {
    trail.append(about(n))
    trail.whenDurable(() => {
      order.push(n)
      if (n === 3) trail.whenDurable(() => order.push(100))
    })
  }
  await told(trail)
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100])
  expect(files.writes).toBe(1)
})

it('has one write in flight, and the next batch is what was staged meanwhile', async () => {
  const trail = await house.open({ files })
  files.slow = true
  trail.append(about(0))
  await expect.poll(() => files.writes).toBe(1)
  const waiting = [1, 2, 3].map((n) => trail.durable(about(n)))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(files.writes).toBe(1)
  files.release()
  await expect.poll(() => files.writes).toBe(2)
  files.slow = false
  files.release()
  await Promise.all(waiting)
  expect((await house.entries()).map(({ fields }) => fields.n)).toEqual([0, 1, 2, 3])
})

it('tells where a note ends up, before those who wait for it, also when it had to wait for room', async () => {
  files.room = 2
  const trail = await house.open({ files })
  const places: (number | undefined)[] = []
  const place = (index: number | undefined) => void places.push(index)
  trail.append(about(0))
  trail.note(about(1), place)
  trail.note(about(2), place)
  expect(await told(trail)).toBeUndefined()
  const entries = await house.entries()
  expect(places.map((index) => entries[index as number]?.fields.n)).toEqual([1, 2])

  await fillUp(trail)
  places.length = 0
  for (const n of [3, 4]) trail.note(about(n), place)
  expect(places).toEqual([])
  files.room = 10
  await expect.poll(() => places.length).toBe(2)
  const later = await house.entries()
  expect(places.map((index) => later[index as number]?.fields.n)).toEqual([3, 4])
})

it('tells where a note ends up whose batch lost what nobody must keep', async () => {
  files.room = 2
  const trail = await house.open({ files })
  let placed: number | undefined
  for (let refused = false; !refused && placed === undefined; ) {
    trail.append(about(1, 9000))
    trail.note(about(7), (index) => {
      if (trail.state === 'open' && refused) placed = index
    })
    refused = (await told(trail)) !== undefined
  }
  files.room = 10
  await expect.poll(() => placed).toBeDefined()
  expect((await house.entries())[placed as number]?.fields.n).toBe(7)
})

it('says of a note that it will never be anywhere', async () => {
  const trail = await house.open({ files })
  const places: unknown[] = []
  files.fault = new Error('EIO')
  trail.note(about(1), (index) => places.push(index))
  await told(trail)
  trail.note(about(2), (index) => places.push(index))
  expect(places).toEqual([undefined, undefined])
})

it('refuses while there is no room, keeps what was noted, and resumes by itself', async () => {
  files.room = 2
  const trail = await house.open({ files })
  const written = await fillUp(trail)
  expect(trail.state).toBe('full')
  trail.append(about(1000))
  let atOnce: TrailError | undefined
  trail.whenDurable((error) => {
    atOnce = error
  })
  expect(atOnce?.code).toBe('GS_TRAIL_FULL')
  await expect(trail.durable(about(1001))).rejects.toMatchObject({ code: 'GS_TRAIL_FULL' })
  trail.note({ kind: 'operation.outcome', fields: { session: 'ses_1', outcomes: [] } })
  expect(trail.state).toBe('full')

  files.room = 10
  await expect.poll(() => trail.state).toBe('open')
  await trail.durable(about(2000))
  const entries = await house.entries()
  expect(entries.slice(written).map(({ kind, fields }) => [kind, fields.n ?? fields.of])).toEqual([
    ['gap', 'log.read'],
    ['operation.outcome', undefined],
    ['log.read', 2000],
  ])
  expect(entries[written]?.fields).toEqual({ reason: 'GS_TRAIL_FULL', of: 'log.read' })
})

it('leaves no hole between entries, so that a kill while it resumes leaves none that nothing explains', async () => {
  files.room = 2
  const trail = await house.open({ files })
  while (trail.state === 'open') {
    for (let n = 0; n < 6; n++) {
      trail.append(about(n, 4000))
      if (n % 2 === 0) trail.note(about(n, 4000))
    }
    await told(trail)
  }
  for (let n = 0; n < 8; n++) trail.note(about(n, 9000))
  files.room = 100
  await expect.poll(() => trail.state).toBe('open')
  await trail.durable(about(2000))
  const entries = await house.entries()
  expect(entries.filter(({ kind }) => kind === 'gap').length).toBeGreaterThan(0)
  // What a kill leaves is a beginning of this.
  expect(entries.map(({ id }) => Number(id.split('.')[1]))).toEqual(entries.map((_, index) => index))
  const times = entries.map(({ at }) => at)
  expect(times).toEqual(times.toSorted())
})

it('keeps more than a segment holds while there is no room', async () => {
  files.room = 1
  const trail = await house.open({ files })
  for (let n = 0; n < 30; n++) {
    trail.note(about(n, 9000))
    trail.append(about(1000 + n))
  }
  expect((await told(trail))?.code).toBe('GS_TRAIL_FULL')
  files.room = 20
  await expect.poll(() => trail.state).toBe('open')
  await trail.durable(about(2000))
  const written = (await house.entries()).map(({ fields }) => fields.n).filter((n) => n === undefined || Number(n) < 1000)
  expect(written.filter((n) => n !== undefined)).toEqual(Array.from({ length: 30 }, (_, n) => n))
  expect(files.room).toBeGreaterThan(10)
})

it('counts in a gap what is noted beyond the bound while there is no room', async () => {
  files.room = 2
  const trail = await house.open({ files })
  await fillUp(trail)
  for (let n = 0; n < 700; n++) trail.note(about(n, 25_000))
  files.room = 1000
  await expect.poll(() => trail.state).toBe('open')
  await told(trail)
  const entries = await house.entries()
  const kept = entries.filter(({ fields }) => String(fields.filler).length === 25_000).length
  expect(kept).toBeGreaterThan(600)
  expect(entries.at(-1)).toMatchObject({ kind: 'gap', fields: { reason: 'GS_TRAIL_FULL', entries: 700 - kept } })
  const [last, before] = [entries.at(-1)!, entries.at(-2)!].map(({ id }) => Number(id.split('.')[1]))
  expect(last! - before! - 1).toBe(700 - kept)
})

it.each([
  ['an I/O error', new Error('EIO: i/o error, write')],
  ['a short write', { short: 10 }],
])('stops for good at %s and tells everyone who waits', async (_, fault) => {
  const trail = await house.open({ files })
  await trail.durable(about(0))
  files.fault = fault
  const waiting = [1, 2].map((n) => trail.durable(about(n)))
  for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'GS_TRAIL_FAILED' })
  expect(trail.state).toBe('failed')
  expect((await trail.failure).code).toBe('GS_TRAIL_FAILED')
  files.fault = undefined
  await expect(trail.durable(about(3))).rejects.toMatchObject({ code: 'GS_TRAIL_FAILED' })
  await house.close()
  await house.open({ files })
  expect((await house.entries()).map(({ kind, fields }) => fields.n ?? kind)).toEqual([0, 'gateway.recovered'])
})

it('refuses an entry that is too large or holds what it may not, and leaves a gap in its place', async () => {
  const trail = await house.open({ files })
  await expect(trail.durable(about(1, 70_000))).rejects.toMatchObject({ code: 'GS_TRAIL_ENTRY' })
  await expect(trail.durable({ kind: 'log.read', fields: { n: 1.5 } })).rejects.toMatchObject({ code: 'GS_TRAIL_ENTRY' })
  await expect(trail.durable({ kind: 'log.read', fields: { id: 'mine' } })).rejects.toMatchObject({ code: 'GS_TRAIL_ENTRY' })
  const after = await trail.durable(about(2))
  const entries = await house.entries()
  expect(entries.map(({ kind }) => kind)).toEqual(['gap', 'gap', 'gap', 'log.read'])
  expect(entries.map(({ id }) => id.split('.')[1])).toEqual(['0', '1', '2', '3'])
  expect(entries.at(-1)).toMatchObject(after)
})

it('refuses after it was closed, and writes what was staged before', async () => {
  const trail = await house.open({ files })
  trail.append(about(0))
  trail.note(about(1))
  await house.close()
  await expect(trail.durable(about(2))).rejects.toMatchObject({ code: 'GS_TRAIL_CLOSED' })
  await house.open({ files })
  expect((await house.entries()).map(({ fields }) => fields.n)).toEqual([0, 1])
})

it('tells a meter of each entry, and of each batch once it is durable', async () => {
  const staged: string[] = []
  const wrote: [entries: number, bytes: number, inOrder: boolean][] = []
  const meter: TrailMeter = {
    staged: (kind) => void staged.push(kind),
    wrote: (entries, bytes, waited, ms) => void wrote.push([entries, bytes, waited >= ms && ms >= 0]),
  }
  const trail = await house.open({ files, meter })
  const before = trail.written
  for (let n = 0; n < 3; n++) trail.append(about(n))
  expect([staged.slice(-3), trail.written]).toEqual([['log.read', 'log.read', 'log.read'], before])
  await told(trail)
  expect(wrote.at(-1)).toEqual([3, expect.any(Number), true])
  expect(wrote.at(-1)?.[1]).toBeGreaterThan(100)
  expect(trail.written).toBe(before + 3)
  await trail.close()
})
