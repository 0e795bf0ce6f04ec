import { randomBytes } from 'node:crypto'
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { everythingBelow, TestTrail } from '../../../test/parts/trail.ts'
import type { ReindexStep } from '../../api/local/index.ts'
import { MasterKey } from '../../credentials/index.ts'
import type { PayloadKey, Trail } from '../../trail/index.ts'
import { Searching } from './index.ts'

const never = new AbortController().signal
let house: TestTrail
let trail: Trail
let key: PayloadKey
let searching: Searching
const warnings: string[] = []

const masterKey = new MasterKey(randomBytes(32).toString('hex'))
const open = () =>
  new Searching({
    folder: house.folder,
    origin: 'test.example/trail',
    trail,
    masterKey,
    log: pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) }),
  })

beforeEach(async () => {
  warnings.length = 0
  house = new TestTrail(masterKey.sealer('trail'))
  trail = await house.open()
  key = trail.sessionKey()
  searching = open()
})
afterEach(async () => {
  await searching.close()
  await house.remove()
})

/** @returns how far the log goes then */
async function write(text: string, count = 1): Promise<number> {
  const payloads = [{ name: 'a', key, content: Buffer.from(text) }]
  for (let n = 1; n < count; n++) trail.append({ kind: 'log.read', fields: { n }, payloads })
  return (await trail.durable({ kind: 'log.read', fields: {}, payloads })).index + 1
}

const found = async (text: string, size: number) => (await searching.search({ text }, { limit: 10 }, size)).entries

async function steps(of: AsyncIterable<ReindexStep>): Promise<ReindexStep[]> {
  const all: ReindexStep[] = []
  for await (const step of of) all.push(step)
  return all
}

it('finds what was recorded a moment ago, though only what is published is indexed', async () => {
  expect(await found('alpha', await write('alpha'))).toEqual([0])
  expect(await found('beta', await write('beta'))).toEqual([1])
})

it('keeps up with the log while nobody searches', async () => {
  searching.start()
  const size = await write('alpha', 50)
  await trail.publish()
  await searching.close()
  searching = open()
  expect(await searching.search({}, { limit: 1 }, size)).toMatchObject({ entries: [49], indexed: 50 })
})

it('passes on why a search is refused', async () => {
  await expect(searching.search({ text: '***' }, { limit: 1 }, 0)).rejects.toMatchObject({
    code: 'GS_SEARCH_QUERY',
    message: expect.stringContaining('no word'),
  })
  await expect(searching.search({}, { limit: 1, cursor: 'x' }, 0)).rejects.toMatchObject({ code: 'GS_SEARCH_CURSOR' })
})

it('forgets what is erased, also for those who search meanwhile', async () => {
  const size = await write('alpha', 3)
  expect(await found('alpha', size)).toHaveLength(3)
  const erasing = trail.erase([key.id], { kind: 'erased', fields: {} }, (keys) => searching.forget(keys))
  await Promise.all([erasing, found('alpha', size), found('alpha', size)])
  expect(await found('alpha', size)).toEqual([])
  const [report] = (await steps(searching.reindex(true, size, never))).slice(-1)
  expect(report).toMatchObject({ report: { differences: 0 } })
})

it('leaves out what is pruned', async () => {
  const size = await write('alpha', 600)
  await trail.publish()
  await found('alpha', size)
  await trail.prune(everythingBelow(512), { kind: 'pruned', fields: {} }, () => searching.prune(trail.proven.minimum))
  expect(await searching.search({ text: 'alpha', oldest: true }, { limit: 1 }, size)).toMatchObject({ entries: [512], first: 512 })
})

it('says how far a reindex is, and gives one up that nobody waits for', { timeout: 60_000 }, async () => {
  const size = await write('alpha', 100)
  const told = await steps(searching.reindex(false, size, never))
  expect(told.map((step) => ('phase' in step ? step.phase : 'report'))).toEqual(['build', 'check', 'report'])
  expect(told.at(-1)).toMatchObject({ report: { end: size, differences: 0 } })
  for await (const _ of searching.reindex(false, size, never)) break
  const ending = new AbortController()
  const given = steps(searching.reindex(true, size, ending.signal))
  ending.abort()
  expect((await given).length).toBeLessThanOrEqual(2)
  expect(await found('alpha', size)).toHaveLength(10)
})

it('says that it cannot open its index, and tries again when it is asked again', async () => {
  const size = await write('alpha')
  const inTheWay = join(house.folder, 'index.sqlite')
  mkdirSync(inTheWay)
  await expect(found('alpha', size)).rejects.toMatchObject({ code: 'GS_SEARCH_UNAVAILABLE', next: expect.stringContaining('reindex') })
  expect(warnings.join()).toContain('not kept up')
  rmdirSync(inTheWay)
  expect(await found('alpha', size)).toEqual([0])
})

it('is over when it is closed', async () => {
  await found('alpha', await write('alpha'))
  await searching.close()
  await searching.close()
  await expect(searching.search({}, { limit: 1 }, 0)).rejects.toMatchObject({ code: 'GS_SEARCH_UNAVAILABLE' })
})

it('says how many entries cannot be found yet, and nothing while it is not kept up', async () => {
  expect(await searching.lag()).toBeUndefined()
  searching.start()
  await write('alpha', 20)
  await trail.publish()
  await expect.poll(() => searching.lag(), { timeout: 5_000 }).toBe(0)
  await searching.close()
  expect(await searching.lag()).toBeUndefined()
})
