import { afterAll, beforeAll, expect, it } from 'vitest'
import { seeded } from '../../parts/seeded.ts'
import { durationOr, patience, seedOr, shown } from '../../parts/soak.ts'
import { corpus } from './corpus.ts'
import { tapped } from './door.ts'
import { Grounds } from './grounds.ts'
import { describeHarm, isHarm } from './judge.ts'
import { plainly, sendingsOf } from './sending.ts'
import { type Outcome, tryAll } from './trying.ts'

const SEED = seedOr(1)
const SOAK = process.env.GATESCRIBE_SOAK !== undefined
/** Of the attempts that are made past the gateway in CI, one in so many; the long form makes all of them. */
const SHARE = 4
/** Ways that are tried with one server and one gateway, which knows the names of no more databases than these may need. */
const CHUNK = 2_000

let grounds: Grounds
beforeAll(async () => {
  grounds = await Grounds.open()
}, 120_000)
afterAll(() => grounds?.close())

it('has at least 250 attempts, a hundred of them found here, each with a name of its own', () => {
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  expect(corpus.length).toBeGreaterThanOrEqual(250)
  expect(corpus.filter(({ from }) => from === 'found').length).toBeGreaterThanOrEqual(100)
})

it.each(['plain', 'typed'] as const)('lets pass what is not forbidden, and refuses what is by its rule (%s)', async (kind) => {
  const ground = await grounds.fresh(kind)
  const { client } = await tapped(ground.governed)
  expect((await client.query('SELECT word FROM shop.harmless')).rows).toHaveLength(5)
  await client.query(`UPDATE shop.harmless SET word = 'another'`)
  await client.query('CREATE TABLE shop.mine AS TABLE shop.customers')
  await client.query('SET search_path = shop')
  await expect(client.query('TABLE secrets')).rejects.toThrow('secrets-stay')
  await expect(client.query('DELETE FROM orders')).rejects.toThrow('orders-stay')
  await client.end()
  await ground.judge.alone()
  expect(await ground.judge.harm([])).toEqual({ written: [], seen: false, copied: [] })
  await ground.close()
})

it(`lets none of them through, in whatever way they are sent (seed ${SEED})`, { timeout: patience(600_000) }, async () => {
  const { first, rest } = sendingsOf(corpus, seeded(SEED))
  const began = performance.now()
  const outcomes = [...(await tryAll(grounds, first, 'governed'))]
  const over = () => performance.now() - began > durationOr(0)
  for (let at = 0; SOAK && at < rest.length && !over(); at += CHUNK) {
    const more = await Grounds.open()
    outcomes.push(...(await tryAll(more, rest.slice(at, at + CHUNK), 'governed', over)))
    await more.close()
  }
  shown('test/postgres/evasion/evasions.test.ts', {
    attempts: corpus.length,
    sendings: outcomes.length,
    'of all ways': first.length + rest.length,
    'that did harm': outcomes.filter(({ harm }) => isHarm(harm)).length,
    seconds: Math.round((performance.now() - began) / 1000),
  })
  expect(outcomes.filter(({ harm }) => isHarm(harm)).map(told)).toEqual([])
  expect(new Set(outcomes.map(({ evasion }) => evasion)).size).toBe(corpus.length)
})

it('is worth something: what it holds off does harm where nothing holds it off, or says why not', {
  timeout: patience(600_000),
}, async () => {
  const drawn = plainly(corpus, seeded(SEED))
  const outcomes = await tryAll(grounds, SOAK ? drawn : drawn.filter((_, at) => at % SHARE === 0), 'open')
  const idle = outcomes.filter(({ harm, evasion }) => isHarm(harm) === (evasion.harmless !== undefined))
  expect(idle.map(told)).toEqual([])
})

const told = ({ evasion, variant, harm }: Outcome) => `${evasion.name}, ${variant.name}: ${describeHarm(harm) || 'no harm'}`
