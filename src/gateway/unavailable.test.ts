import { expect, it } from 'vitest'
import { unavailable } from './unavailable.ts'

it('admits operations while the trail is written and nobody stops the gateway', () => {
  expect(unavailable({ state: 'open' }, false)).toBeUndefined()
})

it.each([
  ['full', false, 'GS_TRAIL_FULL'],
  ['full', true, 'GS_TRAIL_FULL'],
  ['failed', true, 'GS_TRAIL_FAILED'],
  ['open', true, 'GS_RUNS_DRAINING'],
  ['closed', false, 'GS_TRAIL_CLOSED'],
] as const)('says why not: trail %s, draining %s', (state, draining, code) => {
  expect(unavailable({ state }, draining)?.code).toBe(code)
})
