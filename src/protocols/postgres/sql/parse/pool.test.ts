import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { ParsePool, type PoolOptions } from './pool.ts'
import type { Reading } from './read-text.ts'
import { Share, Standing } from './share.ts'

const pools: ParsePool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})

function openPool(options: PoolOptions = {}): ParsePool {
  const pool = new ParsePool(options)
  pools.push(pool)
  return pool
}

const view = { searchPath: ['public'], temporary: [], catalogKnown: true, readOnly: false }

function order(text: string) {
  return { text: Buffer.from(text), catalog: undefined, view }
}

const LONG = `select '${'x'.repeat(5000)}'`
/** A second for the parser, and nothing that the pre-scan minds. */
const SLOW = `select a${'[1]'.repeat(300_000)}`

function refusal(reading: Reading): string | undefined {
  return typeof reading === 'object' && 'refused' in reading ? reading.refused : undefined
}

/** As many shares are read at once as there are threads, as soon as all are there. */
async function allWarm(pool: ParsePool): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    await Promise.all([1, 2, 3].map(() => pool.read(new Share(), order(LONG))))
    await sleep(100)
  }
}

describe('threads for long texts', () => {
  it('read a text, and refuse what the pre-scan does', async () => {
    const pool = openPool()
    const share = new Share()
    expect(await pool.read(share, order(LONG))).toMatchObject({ statements: [{}] })
    expect(await pool.read(share, order(`${LONG} from`))).toBe('unparsed')
    expect(refusal(await pool.read(share, order(`/*${'/*'.repeat(500)}`)))).toContain('Comments')
  })

  it('end what takes too long, and read on', async () => {
    const pool = openPool({ deadline: 250 })
    await pool.read(new Share(), order(LONG))
    const share = new Share()
    const from = performance.now()
    expect(refusal(await pool.read(share, order(SLOW)))).toContain('too long')
    expect(performance.now() - from).toBeLessThan(1_500)
    await allWarm(pool)
    expect(await pool.read(share, order(LONG))).toMatchObject({ statements: [{}] })
  })

  it('are not kept from others by a session that sends one slow text after the other', async () => {
    const pool = openPool({ deadline: 200 })
    const honest = new Share()
    await allWarm(pool)
    const hostile = new Share()
    const refused: (string | undefined)[] = []
    const flood = (async () => {
      for (let n = 0; n < 12; n += 1) refused.push(refusal(await pool.read(hostile, order(SLOW))))
    })()
    let longest = 0
    for (let n = 0; n < 50; n += 1) {
      const from = performance.now()
      expect(await pool.read(honest, order(LONG))).toMatchObject({ statements: [{}] })
      longest = Math.max(longest, performance.now() - from)
    }
    await flood
    expect(longest).toBeLessThan(200)
    expect(refused.filter((reason) => reason?.includes('It takes'))).toHaveLength(3)
    expect(refused.at(-1)).toContain('Too many')
  })

  it('refuse the slow texts of one run within a deadline, however many sessions send them at once', async () => {
    const pool = openPool()
    await allWarm(pool)
    const standing = new Standing()
    const took: number[] = []
    const all = Array.from({ length: 12 }, async () => {
      const from = performance.now()
      const reading = await pool.read(new Share(standing), order(SLOW))
      took.push(performance.now() - from)
      return refusal(reading)
    })
    const refused = await Promise.all(all)
    expect(refused.filter((reason) => reason?.includes('It takes too long')).length).toBeLessThanOrEqual(3)
    for (const reason of refused) expect(reason).toMatch(/It takes too long|Too many statements/)
    // 250 ms and what a busy machine adds. Two at a time, one behind the other, they would take 1.5 s.
    expect(Math.max(...took)).toBeLessThan(250 + 750)
    // Another session of it is no better.
    expect(refusal(await pool.read(new Share(standing), order(LONG)))).toContain('Too many statements')
  })

  it('are not all taken by one run', async () => {
    const pool = openPool()
    await allWarm(pool)
    const standing = new Standing()
    const slow = [1, 2, 3, 4].map(() => pool.read(new Share(standing), order(SLOW)))
    for (let n = 0; n < 20; n += 1) expect(await pool.read(new Share(), order(LONG))).toMatchObject({ statements: [{}] })
    for (const reading of await Promise.all(slow)) expect(refusal(reading)).toMatch(/It takes too long|Too many statements/)
  })

  it('count the time that a suspect waits, whatever others do meanwhile', async () => {
    const pool = openPool({ threads: 1 })
    await pool.read(new Share(), order(LONG))
    const suspect = new Share()
    suspect.standing.strike(performance.now())
    const slow = pool.read(new Share(), order(SLOW))
    const from = performance.now()
    expect(refusal(await pool.read(suspect, order(LONG)))).toContain('Too many statements')
    expect(performance.now() - from).toBeLessThan(250 + 750)
    await slow
  })

  it('serve others while two sessions that nobody knows send slow texts at once', async () => {
    const pool = openPool()
    await allWarm(pool)
    const slow = [1, 2].map(() => pool.read(new Share(), order(SLOW)))
    for (let n = 0; n < 20; n += 1) expect(await pool.read(new Share(), order(LONG))).toMatchObject({ statements: [{}] })
    for (const reading of await Promise.all(slow)) expect(refusal(reading)).toContain('It takes too long')
  })

  it('read one text of a share at a time, in order, and shares in turn', async () => {
    const pool = openPool({ threads: 1 })
    await pool.read(new Share(), order(LONG))
    const [a, b] = [new Share(), new Share()]
    const done: string[] = []
    const read = async (name: string, share: Share) => {
      await pool.read(share, order(LONG))
      done.push(name)
    }
    await Promise.all([read('a1', a), read('a2', a), read('a3', a), read('b1', b), read('b2', b)])
    expect(done).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  it('survive a text that the parser does not', async () => {
    const pool = openPool({ threads: 1, deadline: 5_000 })
    const deep = `select 1${'+1'.repeat(50_000)}`
    expect(refusal(await pool.read(new Share(), order(deep)))).toContain('too large or too deep')
    // Nobody waits for longer than their patience, and a thread may take longer than that to start on a busy machine.
    await expect.poll(() => pool.read(new Share(), order(LONG))).toMatchObject({ statements: [{}] })
  })

  it('refuse what waits when they are closed', async () => {
    const pool = openPool()
    const waiting = [1, 2, 3].map(() => pool.read(new Share(), order(LONG)))
    await pool.close()
    for (const reading of await Promise.all(waiting)) expect(refusal(reading)).toContain('stopping')
    expect(refusal(await pool.read(new Share(), order(LONG)))).toContain('stopping')
  })

  it('copy nothing of a buffer but the text', async () => {
    const pool = openPool()
    const around = Buffer.from(`${LONG}${LONG}`)
    const text = around.subarray(0, LONG.length)
    expect(await pool.read(new Share(), { text, catalog: undefined, view })).toMatchObject({ statements: [{}] })
    expect(around.toString()).toBe(`${LONG}${LONG}`)
  })
})
