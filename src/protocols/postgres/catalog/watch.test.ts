import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CatalogError } from './errors.ts'
import type { ReadCatalog } from './read-catalog.ts'
import { createCatalog } from './shared-catalog.ts'
import type { Snapshot } from './snapshot.ts'
import { type CatalogReading, CatalogWatch } from './watch.ts'

const EMPTY: Snapshot = {
  serverVersion: 180_004,
  eventTriggers: false,
  schemas: [],
  relations: [],
  inheritance: [],
  foreignKeys: [],
  triggers: [],
  rules: [],
  viewUses: [],
  viewCode: [],
  viewColumns: [],
  generated: [],
  policyUses: [],
  policyCode: [],
  expressions: [],
  functions: [],
  operators: [],
  types: [],
  columnTypes: [],
  casts: [],
  operatorClasses: [],
}

/** A target whose answers a test gives, one for each reading that has begun. */
function target() {
  const begun: { known: string | undefined; signal: AbortSignal; answer: (read: ReadCatalog) => void; fail: (error: Error) => void }[] = []
  const readings: CatalogReading[] = []
  let idle = 0
  const watch = new CatalogWatch({
    read: (signal, known) => new Promise((answer, fail) => begun.push({ known, signal, answer, fail })),
    observer: (reading) => readings.push(reading),
    idle: () => {
      idle += 1
    },
  })
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const answer = async (schema = 'a') => {
    begun.at(-1)!.answer({ fingerprint: schema, catalog: createCatalog({ ...EMPTY, schemas: [schema] }) })
    await pass(0)
  }
  const fail = async () => {
    begun.at(-1)!.fail(new CatalogError('GS_CATALOG_SLOW'))
    await pass(0)
  }
  return { watch, begun, readings, pass, answer, fail, idle: () => idle }
}

/** What a promise came to by now. */
async function settled<Value>(promise: Promise<Value>): Promise<Value | 'waits'> {
  return Promise.race([promise, vi.advanceTimersByTimeAsync(0).then(() => 'waits' as const)])
}

describe('the watch over a catalog', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => vi.useRealTimers())

  it('reads when the first session comes, and each minute while there is one', async () => {
    const { watch, begun, pass, answer } = target()
    await pass(60_000)
    expect(begun).toHaveLength(0)
    const release = watch.use()
    watch.use()()
    await pass(0)
    expect(begun).toHaveLength(1)
    expect(watch.current).toBeUndefined()
    await answer()
    expect(watch.current?.hasSchema('a')).toBe(true)
    await pass(59_000)
    expect(begun).toHaveLength(1)
    await pass(1_000)
    expect(begun.map(({ known }) => known)).toEqual([undefined, 'a'])
    await answer('b')
    release()
    await pass(120_000)
    expect(begun).toHaveLength(2)
  })
  it('keeps the same catalog where nothing has changed', async () => {
    const { watch, begun, readings, pass, answer } = target()
    watch.use()
    await pass(0)
    await answer()
    const first = watch.current
    await pass(60_000)
    begun.at(-1)!.answer({ fingerprint: 'a' })
    await pass(60_000)
    // Read anew, and the same content.
    await answer('a')
    expect(watch.current).toBe(first)
    expect(readings.map((reading) => reading.outcome === 'read' && reading.changed)).toEqual([true, false, false])
  })
  it('gives a fresh one that was begun after it was told to be stale', async () => {
    const { watch, begun, pass, answer } = target()
    watch.use()
    await pass(0)
    await answer()
    expect((await watch.fresh(2_000))?.hasSchema('a')).toBe(true)
    await pass(1_000)
    watch.stale()
    await pass(0)
    expect(begun).toHaveLength(2)
    // Another change while the second reading is under way: it may have come too early for that.
    watch.stale()
    const fresh = watch.fresh(2_000)
    await answer('b')
    expect(watch.current?.hasSchema('b')).toBe(true)
    expect(await settled(fresh)).toBe('waits')
    await pass(249)
    expect(begun).toHaveLength(2)
    await pass(1)
    expect(begun).toHaveLength(3)
    watch.stale()
    await answer('c')
    expect((await fresh)?.hasSchema('c')).toBe(true)
  })
  it('looks again for a name that is not found, where it has not looked lately', async () => {
    const { watch, begun, pass, answer } = target()
    watch.use()
    await pass(0)
    await answer()
    await pass(4_999)
    expect(await settled(watch.fresh(2_000, 5_000))).toBe(watch.current)
    await pass(2)
    const asked = Array.from({ length: 10 }, () => watch.fresh(2_000, 5_000))
    await pass(0)
    expect(begun).toHaveLength(2)
    await answer('b')
    expect((await Promise.all(asked)).every((catalog) => catalog?.hasSchema('b'))).toBe(true)
    await pass(54_000)
    expect(begun).toHaveLength(2)
  })
  it('reads one at a time, however many ask', async () => {
    const { watch, begun, pass, answer } = target()
    watch.use()
    const all = Array.from({ length: 100 }, () => {
      watch.stale()
      return watch.fresh(2_000)
    })
    await pass(0)
    expect(begun).toHaveLength(1)
    await answer()
    expect(await Promise.all(all)).toEqual(all.map(() => watch.current))
    await pass(10_000)
    expect(begun).toHaveLength(1)
  })
  it('lets nobody wait past the deadline', async () => {
    const { watch, pass } = target()
    watch.use()
    const fresh = watch.fresh(2_000)
    await pass(1_999)
    expect(await settled(fresh)).toBe('waits')
    await pass(1)
    expect(await fresh).toBeUndefined()
  })
  it('tells of a failure, lets nobody wait for the next, and tries again ever more rarely', async () => {
    const { watch, begun, readings, pass, fail, answer } = target()
    watch.use()
    const fresh = watch.fresh(2_000)
    await pass(0)
    await fail()
    expect(await fresh).toBeUndefined()
    expect(readings).toEqual([{ outcome: 'failed', code: 'GS_CATALOG_SLOW', ms: 0 }])
    expect(await settled(watch.fresh(2_000))).toBeUndefined()
    const waits: number[] = []
    for (let attempt = 2; attempt < 12; attempt += 1) {
      const from = performance.now()
      while (begun.length < attempt) await pass(250)
      waits.push(performance.now() - from)
      await fail()
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000])
    await pass(30_000)
    await answer()
    expect(watch.current).toBeDefined()
    expect(await watch.fresh(2_000)).toBe(watch.current)
  })
  it('does not decide by what is too old', async () => {
    const { watch, pass, answer, fail } = target()
    watch.use()
    await pass(0)
    await answer()
    await pass(60_000)
    await fail()
    expect(watch.current).toBeDefined()
    await pass(90_001)
    expect(watch.current).toBeUndefined()
  })
  it('gives up a reading that hangs', async () => {
    const { watch, begun, readings, pass } = target()
    watch.use()
    await pass(30_000)
    expect(begun[0]!.signal.aborted).toBe(true)
    expect(readings).toHaveLength(1)
    await pass(1_000)
    expect(begun).toHaveLength(2)
  })
  it('closes when nobody has used it for five minutes, and keeps what it knows until then', async () => {
    const { watch, begun, pass, answer, idle } = target()
    const release = watch.use()
    await pass(0)
    await answer()
    release()
    release()
    await pass(30_000)
    const again = watch.use()
    expect(await watch.fresh(2_000)).toBe(watch.current)
    await pass(29_000)
    expect(begun).toHaveLength(1)
    await pass(1_000)
    expect(begun).toHaveLength(2)
    await answer()
    again()
    await pass(299_999)
    expect(idle()).toBe(0)
    await pass(1)
    expect(idle()).toBe(1)
    expect(await watch.fresh(2_000)).toBeUndefined()
  })
  it('ends what is under way when it is closed', async () => {
    const { watch, begun, readings, pass } = target()
    watch.use()
    await pass(0)
    const fresh = watch.fresh(2_000)
    watch.close()
    expect(begun[0]!.signal.aborted).toBe(true)
    expect(await fresh).toBeUndefined()
    await pass(120_000)
    expect([begun.length, readings.length]).toEqual([1, 0])
  })
})
