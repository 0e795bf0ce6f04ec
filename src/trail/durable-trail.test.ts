import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import { systemClock } from './entry-clock.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

it('writes an entry and reads it back with its payload', async () => {
  const trail = await house.open()
  const key = trail.sessionKey()
  const recorded = await trail.durable({
    kind: 'session.open',
    fields: { session: 'ses_1' },
    payloads: [{ name: 'client', key, content: Buffer.from('10.0.0.7') }],
  })
  const [entry] = await house.entries()
  expect(entry).toMatchObject({ ...recorded, index: 0, kind: 'session.open', fields: { session: 'ses_1' } })
  expect(entry?.payloads()).toMatchObject([{ name: 'client', content: Buffer.from('10.0.0.7') }])
  expect(house.bytesOnDisk().includes('10.0.0.7')).toBe(false)
})

it('goes on in the same log after it was closed, and says nothing of a recovery', async () => {
  await (await house.open()).durable({ kind: 'gateway.start', fields: {} })
  await house.close()
  await (await house.open()).durable({ kind: 'gateway.start', fields: {} })
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['gateway.start', 'gateway.start'])
  await house.close()
  expect(house.segments().filter((name) => !name.endsWith('.wal'))).toEqual([])
})

it('has ended for whoever closes it, also where somebody else closes it already', async () => {
  const trail = await house.open()
  await trail.durable({ kind: 'gateway.start', fields: {} })
  void trail.close()
  await trail.close()
  expect(house.store.state()?.clean).toBe(true)
})

it('rolls over to the next segment and reads across', async () => {
  const trail = await house.open()
  for (let n = 0; n < 40; n++) {
    await trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(10_000) } })
  }
  expect((await house.entries()).map(({ fields }) => fields.n)).toEqual(Array.from({ length: 40 }, (_, n) => n))
  expect((await house.entries({ from: -3 })).map(({ fields }) => fields.n)).toEqual([37, 38, 39])
  expect((await house.entries({ from: 17 })).map(({ index }) => index)[0]).toBe(17)
  expect(house.segments().length).toBeGreaterThan(3)
})

it('ends what a crash left open, and says so', async () => {
  const files = new MemorySegments()
  const trail = await house.open({ files })
  const row = (n: number) => [n, 1, 1]
  await trail.durable({ kind: 'session.open', fields: { session: 'ses_a' } })
  await trail.durable({ kind: 'session.open', fields: { session: 'ses_b' } })
  await trail.durable({ kind: 'operation.intent', fields: { session: 'ses_a', ops: [row(1), row(2), row(3)] } })
  await trail.durable({ kind: 'operation.outcome', fields: { session: 'ses_a', outcomes: [[2, 'completed', 1, 10, 100]] } })
  await trail.durable({ kind: 'session.close', fields: { session: 'ses_b', reason: 'client-closed' } })
  // What the disk holds at this moment is what a crash leaves.
  const crashed = files.copy()
  await house.open({ files: crashed })
  const told = (await house.entries({ from: 5 })).map(({ kind, fields }) => ({ kind, ...fields }))
  expect(told).toEqual([
    { kind: 'gateway.recovered', sessions: 1, operations: 2 },
    {
      kind: 'operation.outcome',
      session: 'ses_a',
      outcomes: [
        [1, 'unknown', 0, 0, 0],
        [3, 'unknown', 0, 0, 0],
      ],
    },
    { kind: 'session.close', session: 'ses_a', reason: 'unknown' },
  ])
  await trail.close()
})

it('finds sessions that opened many segments before a crash', async () => {
  const files = new MemorySegments()
  const trail = await house.open({ files })
  await trail.durable({ kind: 'session.open', fields: { session: 'ses_old' } })
  for (let n = 0; n < 30; n++) await trail.durable({ kind: 'log.read', fields: { filler: 'x'.repeat(20_000) } })
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const state = house.store.state()
  expect(state).toMatchObject({ size: 31, clean: false, entries: 31 })
  await house.open({ files: files.copy() })
  expect((await house.entries({ from: -1 }))[0]).toMatchObject({ kind: 'session.close', fields: { session: 'ses_old', reason: 'unknown' } })
  await trail.close()
})

it('refuses to start on a log that was restored from an older copy', async () => {
  const files = new MemorySegments()
  const trail = await house.open({ files })
  await trail.durable({ kind: 'gateway.start', fields: {} })
  const older = files.copy()
  await trail.durable({ kind: 'gateway.stop', fields: {} })
  await house.close()
  await expect(house.open({ files: older })).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
  await expect(house.open({ files: new MemorySegments() })).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
  await house.open({ files })
})

it('refuses a log whose keys are another key store', async () => {
  const files = new MemorySegments()
  await (await house.open({ files })).durable({ kind: 'gateway.start', fields: {} })
  const other = new TestTrail(house.sealer)
  const before = files.copy()
  await expect(other.open({ files })).rejects.toMatchObject({ code: 'GS_TRAIL_KEYS' })
  expect(files.files).toEqual(before.files)
  await other.remove()
})

it('follows the log until the signal aborts', async () => {
  const trail = await house.open()
  await trail.durable({ kind: 'log.read', fields: { n: 0 } })
  const stop = new AbortController()
  const seen: unknown[] = []
  const following = (async () => {
    for await (const { fields } of trail.read({ from: 0, follow: true, signal: stop.signal })) seen.push(fields.n)
  })()
  for (let n = 1; n <= 20; n++) await trail.durable({ kind: 'log.read', fields: { n } })
  await expect.poll(() => seen.length).toBe(21)
  stop.abort()
  await following
  expect(seen).toEqual(Array.from({ length: 21 }, (_, n) => n))
})

it('reads whole entries only, in order, while others are written', async () => {
  const trail = await house.open()
  let writing = true
  const writer = (async () => {
    for (let n = 0; n < 300; n++) await trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(n * 10) } })
    writing = false
  })()
  while (writing) {
    const entries = await house.entries()
    expect(entries.map(({ index }) => index)).toEqual(entries.map((_, at) => at))
    // Reading what is empty waits for nothing: the writer must have its turn.
    await new Promise(setImmediate)
  }
  await writer
  expect((await house.entries()).length).toBe(300)
})

it('writes down that the clock was set back, before the entry after it', async () => {
  let offset = 0
  const clock = { wall: () => Date.now() + offset, monotonic: systemClock.monotonic }
  const trail = await house.open({ clock })
  await trail.durable({ kind: 'log.read', fields: {} })
  offset = -3_600_000
  await trail.durable({ kind: 'log.read', fields: {} })
  const entries = await house.entries()
  expect(entries.map(({ kind }) => kind)).toEqual(['log.read', 'clock.step', 'log.read'])
  expect(Math.abs((entries[1]?.fields.ms as number) + 3_600_000)).toBeLessThan(1000)
  expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort())
})

it('spends at most 150 bytes on a repeated execution', async () => {
  const trail = await house.open()
  const session = `ses_${'x'.repeat(16)}`
  await trail.durable({ kind: 'operation.intent', fields: { session, ops: [[1024, 3, 1]] } })
  const key = trail.sessionKey()
  const many = Array.from({ length: 100 }, (_, n) => n + 1024)
  await trail.durable({
    kind: 'operation.intent',
    fields: { session, ops: many.map((n) => [n, 3, 1]) },
    payloads: many.map((n) => ({ name: `parameters.${n}`, key, content: Buffer.from('42') })),
  })
  const [alone, shared] = await house.entries()
  expect(alone?.bytes.byteLength).toBeLessThanOrEqual(150)
  expect((shared?.bytes.byteLength as number) / 100).toBeLessThanOrEqual(150)
})
