import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EMPTY_ROOT } from '../tlog/index.ts'
import { PublishClock } from './publish-clock.ts'
import type { Published, Publishing } from './published.ts'

const START: Published = {
  size: 0,
  root: EMPTY_ROOT,
  minimum: 0,
  wal: { segment: 1, offset: 512, batches: 0, mac: Buffer.alloc(32) },
  open: [],
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A log to which so many entries come every 10 ms, and whose publications take as long as told. */
function busy(entriesPer10ms: number, takes: (entries: number) => number, sign = true) {
  let [entries, published, running] = [0, START, 0]
  const began: number[] = []
  const publishing: Publishing = {
    async publish({ end }) {
      expect(++running, 'one at a time').toBe(1)
      began.push(performance.now())
      await new Promise((resolve) => setTimeout(resolve, takes(end.entries - published.size)))
      running--
      published = { ...published, size: end.entries }
      return { published, checkpoint: sign ? 'note' : undefined }
    },
    useSeeds: async () => undefined,
    prune: async () => ({ published, done: true }),
    erase: async () => true,
    close: async () => undefined,
  }
  const clock = new PublishClock({
    publishing,
    published: START,
    store: { saveState: () => undefined } as never,
    end: () => ({ ...START.wal, mac: Buffer.from(START.wal.mac), batches: entries, entries }),
    maySign: () => sign,
    log: { warn: () => undefined, error: () => undefined },
    advanced: () => undefined,
    failed: (error) => {
      throw error
    },
  })
  clock.start()
  return {
    began,
    async stop(): Promise<void> {
      const stopped = clock.stop()
      await vi.advanceTimersByTimeAsync(5000)
      await stopped
    },
    /** @returns the longest that an entry waited for its checkpoint, ms */
    async run(ms: number): Promise<number> {
      let oldest = 0
      for (let at = 0; at < ms; at += 10) {
        entries += entriesPer10ms
        if (entriesPer10ms > 0) clock.advanced()
        await vi.advanceTimersByTimeAsync(10)
        oldest = Math.max(oldest, clock.age)
      }
      return oldest
    },
  }
}

it('begins sooner the longer it takes, so that no entry waits a second for its checkpoint', async () => {
  // From an idle disk to one that takes two thirds of the time.
  for (const perEntry of [0.001, 0.005, 0.015]) {
    const log = busy(450, (entries) => 20 + entries * perEntry)
    expect(await log.run(10_000)).toBeLessThanOrEqual(1000)
    await log.stop()
  }
})

it('learns what publishing takes here', async () => {
  const log = busy(100, () => 450)
  await log.run(2000)
  expect(await log.run(10_000)).toBeLessThanOrEqual(1000)
  await log.stop()
})

it('goes on without a pause where publishing takes longer than it may', async () => {
  const log = busy(100, () => 1500)
  expect(await log.run(20_000)).toBeLessThanOrEqual(3100)
  await log.stop()
})

it('publishes every 0.8 s where little happens, and not at all where nothing does', async () => {
  const log = busy(1, () => 20)
  await log.run(8000)
  expect(log.began.length).toBeLessThanOrEqual(11)
  await log.stop()
  const idle = busy(0, () => 20)
  await idle.run(8000)
  expect(idle.began).toEqual([])
  await idle.stop()
})

it('is in no hurry where nothing may be signed yet', async () => {
  const log = busy(100, () => 20, false)
  await log.run(8000)
  expect(log.began.length).toBeLessThanOrEqual(11)
  await log.stop()
})
