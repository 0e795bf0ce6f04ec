import { expect, it, vi } from 'vitest'
import { type Beat, keepRun, type RunWatcher } from './keep-run.ts'

const TIMES = { soonest: 5, latest: 20, retry: 5, longestRetry: 10 }
const live = (expiresIn: number, suspended = false): Beat => ({ state: 'live', expiresIn, suspended })

function watched() {
  const told: string[] = []
  const watcher: RunWatcher = {
    unreachable: ({ message }) => void told.push(`unreachable: ${message}`),
    reachable: () => void told.push('reachable'),
    suspended: (is) => void told.push(is ? 'suspended' : 'resumed'),
    over: (why) => void told.push(`over: ${why}`),
  }
  return { told, watcher }
}

/** Beats in turn; the last one again and again. */
const beats = (...all: readonly (Beat | Error)[]) => {
  let at = 0
  return vi.fn(async () => {
    const beat = all[Math.min(at++, all.length - 1)] as Beat | Error
    if (beat instanceof Error) throw beat
    return beat
  })
}

it('beats at once, then as often as the run lives, until it is told to stop', async () => {
  const { told, watcher } = watched()
  const renew = beats(live(60))
  const stop = new AbortController()
  const keeping = keepRun({ renew }, 900, watcher, stop.signal, TIMES)
  await expect.poll(() => renew.mock.calls.length).toBeGreaterThanOrEqual(4)
  stop.abort()
  await keeping
  expect(told).toEqual([])
})

it('says once that the gateway does not answer, and once that it does again', async () => {
  const { told, watcher } = watched()
  const renew = beats(live(60), new Error('no route'), new Error('no route'), live(60))
  const stop = new AbortController()
  const keeping = keepRun({ renew }, 900, watcher, stop.signal, TIMES)
  await expect.poll(() => told.length).toBeGreaterThanOrEqual(2)
  stop.abort()
  await keeping
  expect(told).toEqual(['unreachable: no route', 'reachable'])
})

it('gives up when the time of the run is over, and not before', async () => {
  const { told, watcher } = watched()
  const began = performance.now()
  await keepRun({ renew: beats(new Error('no route')) }, 0.2, watcher, new AbortController().signal, TIMES)
  expect(performance.now() - began).toBeGreaterThan(190)
  expect(told).toEqual(['unreachable: no route', expect.stringMatching(/^over: its time is over/)])
})

it('ends with the run, and says nothing behind that', async () => {
  const { told, watcher } = watched()
  await keepRun({ renew: beats(live(60), { state: 'over', why: 'it is revoked' }) }, 900, watcher, new AbortController().signal, TIMES)
  expect(told).toEqual(['over: it is revoked'])
})

it('says that a run is suspended and resumed, once each', async () => {
  const { told, watcher } = watched()
  const renew = beats(live(60), live(60, true), live(60, true), live(60), { state: 'over', why: 'done' })
  await keepRun({ renew }, 900, watcher, new AbortController().signal, TIMES)
  expect(told).toEqual(['suspended', 'resumed', 'over: done'])
})
