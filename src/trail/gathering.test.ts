import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { genesis, readBatch } from './batch.ts'
import { Gathering, type Loop } from './gathering.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentName } from './segment.ts'
import { WriteAhead } from './write-ahead.ts'

/** ms; adds up without rounding. */
const STEP = 1 / 128

/** A loop whose turns take and bring what the test says. */
class Turns implements Loop {
  ms = 1_000
  brought = 0
  now = () => this.ms
  events = () => this.brought
  pass(ms: number, events = 0): void {
    this.ms += ms
    this.brought += events
  }
}

function gathering(...batches: readonly number[]): { readonly loop: Turns; readonly gathering: Gathering } {
  const loop = new Turns()
  const gathering = new Gathering(loop)
  for (const waiters of batches) gathering.writes(waiters)
  gathering.begin()
  return { loop, gathering }
}

it('never lets a lone client wait, whatever else the loop does', () => {
  const { loop, gathering: lone } = gathering(1, 1, 1)
  for (let n = 0; n < 1_000; n++) {
    lone.begin()
    expect(lone.waits(1)).toBe(false)
    lone.writes(1)
    loop.pass(0.2, 5)
  }
})

it('waits for as many as there were, while turns bring anything, and no longer', () => {
  const { loop, gathering: some } = gathering(4)
  expect(some.waits(1)).toBe(true)
  for (const waiters of [1, 1, 2, 2, 3]) {
    loop.pass(0.02, 1)
    expect(some.waits(waiters)).toBe(true)
  }
  loop.pass(0.02, 1)
  expect(some.waits(4)).toBe(false)
})

it('gives up behind a turn that brought nothing', () => {
  const { loop, gathering: some } = gathering(4)
  expect(some.waits(2)).toBe(true)
  loop.pass(STEP, 1)
  expect(some.waits(2)).toBe(true)
  loop.pass(STEP)
  expect(some.waits(2)).toBe(false)
})

it('gives up after half a millisecond where turns bring ever more, but nobody who is awaited', () => {
  const { loop, gathering: some } = gathering(4)
  const began = loop.now()
  while (some.waits(2)) loop.pass(STEP, 3)
  expect(loop.now() - began).toBe(0.5)
})

it('gives a batch that has eight three turns more at most, as long as each brings another one', () => {
  const { loop, gathering: many } = gathering(20)
  const turn = (waiters: number) => {
    loop.pass(1, 1)
    return many.waits(waiters)
  }
  expect([8, 9, 10, 11].map(turn)).toEqual([true, true, true, false])
  many.begin()
  expect([8, 8].map(turn)).toEqual([true, false])
  many.writes(8)
  many.begin()
  expect(turn(8)).toBe(false)
  expect(turn(7)).toBe(true)
})

it('counts the time of each batch by itself', () => {
  const { loop, gathering: some } = gathering(4)
  while (some.waits(2)) loop.pass(STEP, 1)
  some.writes(2)
  loop.pass(3)
  some.begin()
  expect(some.waits(2)).toBe(true)
})

it('expects nobody who has been idle for a while', () => {
  const { loop, gathering: some } = gathering(32)
  for (let ms = 0; ms < 40; ms += 2) {
    loop.pass(2)
    some.begin()
    some.writes(1)
  }
  some.begin()
  expect(some.waits(1)).toBe(false)
  const after = gathering(32)
  after.loop.pass(60_000)
  expect(after.gathering.waits(1)).toBe(false)
})

it('writes what was staged in order, tells each once it is durable and in order, and holds no batch back beyond the bound', async () => {
  const turn = fc.record({
    entries: fc.integer({ min: 0, max: 12 }),
    waiting: fc.boolean(),
    ms: fc.double({ min: 0.001, max: 0.3, noNaN: true }),
    events: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 60 }), async (turns) => {
      const loop = new Turns()
      const key = randomBytes(32)
      const files = new MemorySegments()
      await files.allocate(segmentName(0), segmentHeader('o', 'i', 0), 1 << 20)
      const end = { segment: 0, offset: SEGMENT_HEADER_BYTES, batches: 0, entries: 0, mac: genesis(key) }
      const [nothing, failures] = [() => undefined, [] as Error[]]
      const log = new WriteAhead({
        ...{ files, origin: 'o', instance: 'i', key, segmentBytes: 1 << 20, end, nextExists: false, loop },
        ...{ advanced: nothing, full: nothing, dropped: nothing, resumed: nothing, failed: (error: Error) => failures.push(error) },
      })
      const told: number[] = []
      const durable = () => read(files, key)
      const late: number[] = []
      let [staged, longest] = [0, 0]
      for (const { entries, waiting, ms, events } of turns) {
        for (let n = 0; n < entries; n++) {
          const number = staged++
          const batch = log.staging
          const at = batch.reserve(4)
          batch.buffer.writeUInt32BE(number, at)
          batch.commit(at + 4, true)
          log.staged()
          if (!waiting) continue
          const since = loop.now()
          log.whenDurable((error) => {
            expect(error).toBeUndefined()
            expect(durable().slice(0, number + 1)).toEqual(Array.from({ length: number + 1 }, (_, at) => at))
            told.push(number)
            late.push(loop.now() - since)
          })
        }
        loop.pass(ms, events)
        longest = Math.max(longest, ms)
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const until = loop.now() + 1; loop.now() < until; loop.pass(0.01)) await new Promise((resolve) => setImmediate(resolve))
      expect([told, durable()]).toEqual([told.toSorted((a, b) => a - b), Array.from({ length: staged }, (_, at) => at)])
      // The turn in which it was staged, the half millisecond, the turn in which that was over, and three more.
      for (const ms of late) expect(ms).toBeLessThan(0.5 + 5 * longest + 0.001)
      expect(failures).toEqual([])
      await log.close()
    }),
    { numRuns: 60 },
  )
})

/** What the batches on disk hold, one number after the other. */
function read(files: MemorySegments, key: Uint8Array): number[] {
  const bytes = files.read(segmentName(0))
  const numbers: number[] = []
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    const batch = readBatch(bytes, at, key)
    if (!batch) return numbers
    for (let n = 0; n < batch.content.byteLength; n += 4) numbers.push(batch.content.readUInt32BE(n))
    at = batch.end
  }
}
