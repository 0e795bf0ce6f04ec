import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import type { Trail } from './trail.ts'

let house: TestTrail
let trail: Trail
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
})
afterEach(() => house.remove())

const entry = (n: number) => ({ kind: 'log.read' as const, fields: { n, filler: 'x'.repeat(2000) } })

async function numbers(options: Parameters<Trail['read']>[0], until: number): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const { index, fields } of trail.read(options)) {
    expect(fields.n).toBe(index)
    seen.push(index)
    if (seen.length === until) break
  }
  return seen
}

it('follows without a hole while segments are published and removed under it', { timeout: 20_000 }, async () => {
  const total = 900
  const readers = [0, 1, 2].map((from) => numbers({ from, follow: true }, total - from))
  for (let n = 0; n < total; n++) {
    await trail.durable(entry(n))
    if (n % 40 === 39) await trail.publish()
  }
  await trail.publish()
  expect(house.segments().length).toBeLessThan(5)
  for (const [from, seen] of (await Promise.all(readers)).entries()) {
    expect(seen).toEqual(Array.from({ length: total - from }, (_, at) => at + from))
  }
})

it('reads every entry once whether it is published, half published or not at all, from any place', async () => {
  for (let n = 0; n < 600; n++) trail.append(entry(n))
  await trail.durable(entry(600))
  await trail.publish()
  for (let n = 601; n < 620; n++) trail.append(entry(n))
  await trail.durable(entry(620))
  for (const from of [0, 1, 255, 256, 257, 511, 599, 600, 601, 619, 620]) {
    expect(await numbers({ from }, Number.POSITIVE_INFINITY)).toEqual(Array.from({ length: 621 - from }, (_, at) => at + from))
  }
  expect(await numbers({ from: -3 }, 9)).toEqual([618, 619, 620])
  expect(await numbers({ from: 621 }, 9)).toEqual([])
})

it('shows what stands before the first entry to whoever must know it', async () => {
  for (let n = 0; n < 300; n++) trail.append(entry(n))
  await trail.durable(entry(300))
  await trail.publish()
  const before: number[] = []
  const seen: number[] = []
  for await (const { index } of trail.read({ from: 299, before: ({ index }) => before.push(index) })) seen.push(index)
  expect(before).toEqual(Array.from({ length: 299 }, (_, at) => at))
  expect(seen).toEqual([299, 300])
})

it('ends where its signal aborts, also while it waits', async () => {
  await trail.durable(entry(0))
  const stop = new AbortController()
  const seen: number[] = []
  const reading = (async () => {
    for await (const { index } of trail.read({ follow: true, signal: stop.signal })) seen.push(index)
  })()
  await expect.poll(() => seen).toEqual([0])
  setTimeout(() => stop.abort(), 50)
  await reading
  expect(seen).toEqual([0])
})

it('goes on where the log begins now when it is pruned under a reader', async () => {
  for (let n = 0; n < 1200; n++) trail.append(entry(n))
  await trail.durable(entry(1200))
  await trail.publish()
  const seen: number[] = []
  for await (const { index } of trail.read()) {
    seen.push(index)
    if (index === 3)
      await trail.prune(
        { entries: 1024, payloads: 1024, keys: [], kept: { keys: [], entries: [] } },
        { kind: 'pruned', fields: {} },
        () => undefined,
      )
  }
  expect(seen.slice(0, 256)).toEqual(Array.from({ length: 256 }, (_, at) => at))
  expect(seen[256]).toBe(1024)
  expect(seen.at(-1)).toBe(1200)
})

it('ends with what was there when it was asked, although more comes for every entry that is read', { timeout: 10_000 }, async () => {
  for (let n = 0; n < 300; n++) trail.append(entry(n))
  await trail.durable(entry(300))
  await trail.publish()
  await trail.durable(entry(301))
  const reading = trail.read({ from: 290 })
  const seen: number[] = []
  for (let n = 302; n < 310; n++) await trail.durable(entry(n))
  for await (const { index } of reading) {
    seen.push(index)
    await trail.durable(entry(seen.length))
    if (seen.length % 5 === 0) await trail.publish()
  }
  expect(seen).toEqual(Array.from({ length: 12 }, (_, at) => at + 290))
  expect(await numbers({ from: 302, follow: true }, 8)).toEqual(Array.from({ length: 8 }, (_, at) => at + 302))
})
