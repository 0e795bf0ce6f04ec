import { afterEach, beforeEach, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import { readRecording } from '../../recording/index.ts'
import { verify } from '../../verify/main.ts'
import { trustKeys } from '../../verify/policy.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained()
  house.recorded = true
  await house.open()
})
afterEach(() => house.remove())

/** What is left of a recording: `shown`, or why it is missing. */
async function recording(session: string): Promise<readonly string[]> {
  const seen: string[] = []
  for await (const { missing, events } of readRecording(house.trail, session)) seen.push(missing ?? JSON.stringify(events[0]?.[2]))
  return seen
}

async function verdict() {
  await house.trail.publish()
  return verify(`${house.folder}/trail/log`, { trust: trustKeys([...house.trail.verifierKeys()]) }).exit
}

/** Months, with a run in each, in bundles of their own. @returns the sessions */
async function months(...texts: readonly string[]): Promise<readonly string[]> {
  const sessions: string[] = []
  for (const [month, text] of texts.entries()) {
    house.day = month * 30
    sessions.push(...(await house.whole(`run_${text}`, `person of ${text}`, text)))
    await house.fill()
  }
  return sessions
}

it('goes with an erasure of its session, and nobody else\u2019s does; the log verifies', async () => {
  const [gone, other] = (await house.whole('run_a', 'alice', 'alpha', 'beta')) as [string, string]
  const remains = await house.remainsOf([await house.recordingKeyOf(gone)])
  expect(house.occurring(remains)).toBe(remains.length)
  expect(await recording(gone)).toEqual(['["alpha"]'])
  await house.operator.eraseTrail({ scope: { session: gone }, reason: 'asked for', dryRun: false })
  expect(await recording(gone)).toEqual(['gone'])
  expect(await recording(other)).toEqual(['["beta"]'])
  expect(house.occurring(remains)).toBe(0)
  expect(await verdict()).toBe(0)
})

it('is kept shorter than the other payloads of its session, where that is said', async () => {
  house.retain = { recordings: { count: 45, unit: 'd' } }
  const [alpha, beta, gamma] = (await months('alpha', 'beta', 'gamma')) as [string, string, string]
  const remains = await house.remainsOf([await house.recordingKeyOf(alpha)])
  expect(await house.operator.pruneTrail(true)).toMatchObject({ payloadsBelow: 0, keys: 1 })
  expect(await house.operator.pruneTrail(false)).toMatchObject({ payloadsBelow: 0, keys: 1 })
  expect([await recording(alpha), await recording(beta), await recording(gamma)]).toEqual([['gone'], ['["beta"]'], ['["gamma"]']])
  expect(house.occurring(remains)).toBe(0)
  expect(await house.found('alpha')).not.toEqual([])
  expect(await house.trail.hasKey(await house.keyOf(alpha))).toBe(true)
  // Nothing is left to do, until another one is too old.
  expect(await house.operator.pruneTrail(false)).toMatchObject({ keys: 0 })
  house.day += 30
  expect(await house.operator.pruneTrail(false)).toMatchObject({ keys: 1 })
  expect(await recording(beta)).toEqual(['gone'])
  expect(await verdict()).toBe(0)
})

it('goes with the other payloads at the latest, also where it went before', async () => {
  house.retain = { payloads: { count: 45, unit: 'd' } }
  const [alpha, beta] = (await months('alpha', 'beta', 'gamma')) as [string, string]
  await house.operator.pruneTrail(false)
  expect([await recording(alpha), await recording(beta)]).toEqual([['gone'], ['["beta"]']])
  house.retain = { payloads: { count: 45, unit: 'd' }, recordings: { count: 15, unit: 'd' } }
  await house.operator.pruneTrail(false)
  expect(await recording(beta)).toEqual(['gone'])
  expect(await house.trail.hasKey(await house.keyOf(beta))).toBe(true)
  house.day += 30
  await house.operator.pruneTrail(false)
  expect(await house.trail.hasKey(await house.keyOf(beta))).toBe(false)
  expect(await verdict()).toBe(0)
})

it('of a run that is held stays, and goes once it is not', async () => {
  house.retain = { recordings: { count: 45, unit: 'd' } }
  const [alpha] = (await months('alpha', 'beta', 'gamma')) as [string]
  const { id } = await house.operator.placeHold({ run: 'run_alpha', reason: 'case 4711' })
  await house.operator.pruneTrail(false)
  expect(await recording(alpha)).toEqual(['["alpha"]'])
  await house.operator.liftHold(id, 'closed')
  await house.operator.pruneTrail(false)
  expect(await recording(alpha)).toEqual(['gone'])
})
