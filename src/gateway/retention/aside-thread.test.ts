import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import { asideThread } from './aside-thread.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained()
})
afterEach(() => house.remove())

it('erases in a log that was set aside, beside the thread that serves, and leaves the rest of it', async () => {
  const erasingAside = asideThread(house.folder)
  await house.open({ erasingAside })
  const [gone, other] = (await house.whole('run_a', 'alice', 'alpha', 'beta')) as [string, string]
  const remains = await house.remainsOf([await house.keyOf(gone)])
  const kept = await house.remainsOf([await house.keyOf(other)])
  await house.again({ newLog: 'compromised', erasingAside })
  expect(house.occurring(remains)).toBe(remains.length)
  expect(await house.operator.eraseTrail({ scope: { session: gone }, reason: 'asked for', dryRun: false })).toMatchObject({ keys: 1 })
  expect(house.occurring(remains)).toBe(0)
  expect(house.occurring(kept)).toBe(kept.length)
})

it('goes on at the next start where the thread failed', async () => {
  const erasingAside = asideThread(house.folder)
  await house.open()
  const [gone] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
  const remains = await house.remainsOf([await house.keyOf(gone)])
  await house.again({ newLog: 'compromised', erasingAside: () => asideThread('/nowhere')(['00']) })
  const asked = { scope: { session: gone }, reason: 'asked for', dryRun: false }
  await expect(house.operator.eraseTrail(asked)).rejects.toMatchObject({ code: 'GS_TRAIL_ERASING' })
  expect(house.occurring(remains)).toBeGreaterThan(0)
  await house.again({ erasingAside })
  expect(house.occurring(remains)).toBe(0)
})

it('says why where a log cannot be read', async () => {
  await house.open()
  mkdirSync(join(house.folder, 'trail.7'))
  writeFileSync(join(house.folder, 'trail.7/payloads.sqlite'), 'no database, whatever its name says')
  await expect(asideThread(house.folder)(['00112233aabbccdd'])).rejects.toThrow(/database/)
})
