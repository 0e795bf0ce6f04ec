import { afterEach, beforeEach, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../../tlog/index.ts'
import { verify } from '../../verify/main.ts'
import { trustKeys } from '../../verify/policy.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained()
  await house.open()
})
afterEach(() => house.remove())

const prune = (dryRun = false) => house.operator.pruneTrail(dryRun)
const contents = async () =>
  (await house.entries()).flatMap((entry) => entry.payloads().map(({ content }) => content?.toString() ?? '-')).join('\n')

function verdict() {
  const report = verify(`${house.folder}/trail/log`, { trust: trustKeys([...house.trail.verifierKeys()]) })
  return { exit: report.exit, says: report.print(false) }
}

/** Three months, a run in each, in bundles of their own. */
async function threeMonths(): Promise<void> {
  house.retain = { entries: { count: 60, unit: 'd' }, payloads: { count: 30, unit: 'd' } }
  for (const [day, text] of [
    [0, 'alpha'],
    [40, 'beta'],
    [80, 'gamma'],
  ] as const) {
    house.day = day
    await house.whole(`run_${text}`, `person of ${text}`, text)
    await house.fill()
  }
}

it('takes what is too old: payloads first, entries later, hashes never', async () => {
  await threeMonths()
  const before = await house.entries()
  const alpha = await house.remainsOf([await house.keyOf('ses_1')])
  expect(await house.found('alpha')).not.toEqual([])
  expect(await prune(true)).toEqual({ entriesBelow: 256, payloadsBelow: 512, entries: 256, keys: 2, holds: 0 })
  expect(await contents()).toContain('select alpha')

  expect(await prune()).toEqual({ entriesBelow: 256, payloadsBelow: 512, entries: 256, keys: 2, holds: 0 })
  expect((await house.entries())[0]?.index).toBe(256)
  expect(house.occurring(alpha)).toBe(0)
  const left = await contents()
  expect(left).not.toMatch(/alpha|beta/)
  expect(left).toContain('select gamma')
  expect(left).toContain('repository of person of gamma')
  expect(await house.found('alpha')).toEqual([])
  expect(await house.found('beta')).toEqual([])
  expect(await house.found('gamma')).not.toEqual([])
  expect(await house.differences()).toBe(0)
  expect((await house.entries()).find(({ kind }) => kind === 'pruned')?.fields).toEqual({
    ...{ entriesBelow: 256, payloadsBelow: 512, entries: 256, keys: 2, holds: 0, by: 'local-operator' },
  })
  // Whoever has an entry, such as of a receipt, can still prove it.
  const { size, root } = await house.trail.publish()
  for (const { index, bytes } of before)
    expect(verifyInclusion(leafHash(bytes), index, size, await inclusionProof(index, size, house.trail.tile), root)).toBe(true)
  const { exit, says } = verdict()
  expect(says).toContain('entries 256 to')
  expect(exit).toBe(0)
  expect(house.runs.runs().map(({ run }) => run.principal.subject)).toEqual(['person of gamma', '', ''])
})

it('does nothing, and records nothing, where nothing is too old', async () => {
  await threeMonths()
  await prune()
  const { length } = await house.entries()
  expect(await prune()).toMatchObject({ entries: 0, keys: 0, entriesBelow: 256, payloadsBelow: 512 })
  expect(await house.entries()).toHaveLength(length)
  await house.again()
  expect(await prune()).toMatchObject({ entries: 0, keys: 0, payloadsBelow: 512 })
})

it('takes payloads with their entries where nothing else is said, and nothing where nothing is', async () => {
  await threeMonths()
  house.retain = {}
  await expect(prune()).rejects.toMatchObject({ code: 'GS_RETENTION_UNSET' })
  house.retain = { payloads: { count: 30, unit: 'd' } }
  expect(await prune(true)).toMatchObject({ entriesBelow: 0, payloadsBelow: 512, keys: 2 })
  house.retain = { entries: { count: 60, unit: 'd' }, payloads: { count: 900, unit: 'd' } }
  expect(await prune(true)).toMatchObject({ entriesBelow: 256, payloadsBelow: 256, keys: 1 })
  house.retain = { entries: { count: 2, unit: 'mo' } }
  expect(await prune()).toMatchObject({ entriesBelow: 256, payloadsBelow: 256, keys: 1 })
  expect(await contents()).toContain('select beta')
})

it('leaves a session whole that is not too old in all its parts', async () => {
  house.retain = { payloads: { count: 30, unit: 'd' } }
  await house.begin('run_a', 'alice')
  const session = await house.session('run_a', 'alpha', { ends: false })
  await house.fill()
  house.day = 40
  await house.fill()
  expect(await prune()).toMatchObject({ payloadsBelow: 256, keys: 0 })
  expect(await contents()).toContain('select alpha')
  expect(await contents()).not.toContain('repository of alice')
  expect(await house.differences()).toBe(0)
  const key = await house.keyOf(session)
  await house.trail.durable({ kind: 'session.close', fields: { session, reason: 'client-closed', allowed: 3, refused: 0 } })
  await house.fill()
  house.day = 90
  await house.fill()
  expect(await prune()).toMatchObject({ keys: 1 })
  expect(house.trail.hasKey(key)).toBe(false)
  expect(await contents()).not.toContain('select alpha')
  expect(await house.differences()).toBe(0)
})

it('is finished by the next one where it was interrupted, at every step', async () => {
  await threeMonths()
  const remains = await house.remainsOf([await house.keyOf('ses_1'), await house.keyOf('ses_2')])
  await house.found('alpha')
  const { searching, trail } = house
  const real = { forget: searching.forget, forgetAged: searching.forgetAged, prune: searching.prune, durable: trail.durable }
  const dead = () => Promise.reject(new Error('the process is dead'))
  trail.durable = dead
  await expect(prune()).rejects.toThrow('dead')
  expect(house.occurring(remains)).toBe(remains.length)
  trail.durable = real.durable
  for (const step of ['forget', 'forgetAged', 'prune'] as const) {
    house.searching[step] = dead
    await expect(prune()).rejects.toThrow('dead')
    house.searching[step] = real[step].bind(house.searching) as never
    expect(house.occurring(remains)).toBe(0)
  }
  await house.again()
  await prune()
  expect(await house.found('alpha')).toEqual([])
  expect(await house.found('beta')).toEqual([])
  expect(await house.differences()).toBe(0)
  expect(verdict().exit).toBe(0)
})

it('takes a log that was set aside once all of it is too old', async () => {
  house.retain = { payloads: { count: 30, unit: 'd' } }
  const [session] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
  const key = await house.keyOf(session)
  const remains = await house.remainsOf([key])
  await house.again({ newLog: 'compromised' })
  await prune()
  expect(house.occurring(remains)).toBe(remains.length)
  // By the time of its files, which is the real one.
  house.day = 1040
  expect(await prune(true)).toMatchObject({ keys: 1 })
  await prune()
  expect(house.occurring(remains)).toBe(0)
  expect(house.trail.hasKey(key)).toBe(false)
})
