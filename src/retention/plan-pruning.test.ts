import { describe, expect, it } from 'vitest'
import { dayOf, pseudonymOf, Told } from '../../test/parts/told.ts'
import type { Hold, HoldCopy } from './hold.ts'
import { type PruningPlan, type PruningSources, planPruning } from './plan-pruning.ts'

/** Bundles of 256, one on each of these days; a session in each but the last. */
function told(...days: readonly number[]): Told {
  const log = new Told()
  for (const day of days) {
    log.day = day
    log.run(`run_${day}`, 'alice').session(`s${day}`, `run_${day}`, 'alice').fill()
  }
  return log
}

function plan(log: Told, before: PruningSources['before'], over: Partial<PruningSources> = {}): Promise<PruningPlan> {
  return planPruning({
    read: (from) => log.read(from),
    aside: new Told().read(),
    minimum: 0,
    before,
    state: undefined,
    holds: [],
    hasKey: () => true,
    ...over,
  })
}

function hold(run: string, index: number, copy?: Partial<HoldCopy>): Hold {
  const whole: HoldCopy = { entries: 3, first: index, last: index + 3, whole: true, ...copy }
  return {
    ...{ id: `hold_${run}`, run, reason: 'case 4711', placedAt: 0, log: 'test.example/trail/one' },
    ...{ start: { index, key: 'subject' }, entry: { index: 900, key: 'of the gateway' } },
    ...(copy && { copy: whole }),
  }
}

const alice = pseudonymOf('alice')

describe('entries', () => {
  it('go in whole bundles, up to the first that is young', async () => {
    const log = told(0, 1, 2)
    expect(await plan(log, { entries: dayOf(1) })).toMatchObject({ pruning: { entries: 256 }, entries: 256, idle: false })
    expect(await plan(log, { entries: dayOf(2) })).toMatchObject({ pruning: { entries: 512 }, entries: 512 })
    expect(await plan(log, { entries: dayOf(9) })).toMatchObject({ pruning: { entries: 768 }, entries: 768 })
    expect(await plan(log, { entries: dayOf(0) })).toMatchObject({ pruning: { entries: 0 }, entries: 0, idle: true })
  })

  it('stay where the last of their bundle is young, or has not come yet', async () => {
    const log = new Told()
    while (log.entries.length < 255) log.tell('log.read')
    expect(await plan(log, { entries: dayOf(9) })).toMatchObject({ entries: 0 })
    log.day = 5
    log.tell('log.read')
    expect(await plan(log, { entries: dayOf(5) })).toMatchObject({ entries: 0 })
    expect(await plan(log, { entries: dayOf(5) + 1 })).toMatchObject({ entries: 256 })
  })

  it('stay behind one that is young, whatever a wrong clock said of them', async () => {
    const log = new Told().fill()
    log.day = 400
    log.tell('log.read')
    log.day = 0
    log.fill()
    expect(await plan(log, { entries: dayOf(100) })).toMatchObject({ entries: 256 })
    expect((await plan(log, { payloads: dayOf(100) })).pruning.payloads).toBe(256)
  })

  it('are judged by their own time also where another field comes before it', async () => {
    const log = new Told()
    while (log.entries.length < 256) log.tell('log.read', { a: 'first in the canonical order' })
    expect(await plan(log, { entries: dayOf(1) })).toMatchObject({ entries: 256 })
    expect(await plan(log, { entries: dayOf(0) })).toMatchObject({ entries: 0 })
  })

  it('that are gone already are not counted again', async () => {
    expect(await plan(told(0, 1, 2), { entries: dayOf(2) }, { minimum: 256 })).toMatchObject({ pruning: { entries: 512 }, entries: 256 })
  })

  it('are never too old where nothing is said of them', async () => {
    expect(await plan(told(0, 1), { payloads: dayOf(9) })).toMatchObject({ pruning: { entries: 0, payloads: 512 }, entries: 0 })
    expect(await plan(told(0, 1), {})).toMatchObject({ pruning: { entries: 0, payloads: 0, keys: [] }, idle: true })
  })
})

describe('payloads', () => {
  it('go by their own age, with the keys of what began and ended below', async () => {
    expect(await plan(told(0, 1, 2), { payloads: dayOf(2) })).toMatchObject({
      pruning: { entries: 0, payloads: 512, keys: ['ks0', 'ks1'], kept: { keys: [], entries: [] } },
      keys: 2,
      done: { payloadsBelow: 512, sessions: [], finished: true },
    })
  })

  it('go with their entries at the latest', async () => {
    const both = await plan(told(0, 1, 2), { payloads: dayOf(1), entries: dayOf(2) })
    expect(both.pruning).toMatchObject({ entries: 512, payloads: 512, aside: { entries: dayOf(2), payloads: dayOf(2) } })
    expect((await plan(told(0, 1), { entries: dayOf(1) })).pruning).toMatchObject({ payloads: 256, keys: ['ks0'] })
  })

  it('of a session that is not over below stay, and are remembered until they may go', async () => {
    const log = new Told().open('s0', 'run_0', 'alice').fill()
    log.day = 5
    log.close('s0').fill()
    const known = { session: 's0', run: 'run_0', key: 'ks0', pseudonym: alice }
    const first = await plan(log, { payloads: dayOf(2) })
    expect(first).toMatchObject({ pruning: { payloads: 256, keys: [], kept: { keys: ['ks0'] } }, keys: 0 })
    expect(first.done).toEqual({ payloadsBelow: 256, sessions: [{ ...known, over: false }], holds: [], finished: true })
    const second = await plan(log, { payloads: dayOf(6) }, { state: first.done })
    expect(second).toMatchObject({ pruning: { payloads: 512, keys: ['ks0'], kept: { keys: [] } }, keys: 1 })
    expect(second.done.sessions).toEqual([])
  })

  it('of a bundle that does not go yet are not counted, although it is old in part', async () => {
    const log = told(0)
    log.day = 1
    log.session('s1', 'run_1', 'alice')
    expect((await plan(log, { payloads: dayOf(9) })).pruning).toMatchObject({ payloads: 256, keys: ['ks0'] })
  })

  it('whose keys are gone go without being counted', async () => {
    expect(await plan(told(0, 1), { payloads: dayOf(9) }, { hasKey: (id) => id === 'ks1' })).toMatchObject({
      pruning: { keys: ['ks0', 'ks1'] },
      keys: 1,
    })
  })
})

describe('what is held', () => {
  it('keeps the keys of its sessions, and what its run.start and its own entry say under keys that others share', async () => {
    const { pruning, done } = await plan(told(0, 1, 2), { payloads: dayOf(9) }, { holds: [hold('run_1', 256, {})] })
    expect(pruning).toMatchObject({ payloads: 768, keys: ['ks0', 'ks2'] })
    expect(pruning.kept).toEqual({
      keys: ['ks1'],
      entries: [
        { index: 256, key: 'subject' },
        { index: 900, key: 'of the gateway' },
      ],
    })
    expect(done).toMatchObject({ holds: ['hold_run_1'], sessions: [{ session: 's1', over: true, pseudonym: alice }] })
  })

  it('keeps nothing under keys that are erased', async () => {
    const erased = { ...hold('run_1', 256, {}), start: { index: 256, key: undefined }, entry: { index: 900, key: undefined } }
    expect((await plan(told(0, 1), { payloads: dayOf(9) }, { holds: [erased] })).pruning.kept.entries).toEqual([])
  })

  it('keeps entries from its run.start on until its copy is whole', async () => {
    const log = told(0, 1, 2)
    for (const copy of [undefined, { whole: false }])
      expect(await plan(log, { entries: dayOf(9) }, { holds: [hold('run_1', 256, copy)] })).toMatchObject({ entries: 256 })
    expect(await plan(log, { entries: dayOf(9) }, { holds: [hold('run_1', 256, {})] })).toMatchObject({ entries: 768 })
    const two = [hold('run_2', 512), hold('run_1', 300)]
    expect(await plan(log, { entries: dayOf(9) }, { holds: two })).toMatchObject({ entries: 256 })
  })

  it('may go once the hold is lifted', async () => {
    const log = told(0, 1)
    const held = await plan(log, { payloads: dayOf(9) }, { holds: [hold('run_0', 0, {})] })
    const again = await plan(log, { payloads: dayOf(9) }, { holds: [hold('run_0', 0, {})], state: held.done })
    expect(again.idle).toBe(true)
    const lifted = await plan(log, { payloads: dayOf(9) }, { state: held.done })
    expect(lifted).toMatchObject({ idle: false, keys: 1, pruning: { keys: ['ks0'], kept: { keys: [], entries: [] } } })
    expect(lifted.done).toMatchObject({ holds: [], sessions: [] })
  })
})

describe('logs that were set aside', () => {
  it('lose the keys that are still there, but for what is held', async () => {
    const aside = told(0, 1)
    const over = { aside: aside.read(), hasKey: (id: string) => id !== 'ks7', holds: [hold('run_1', 256, {})] }
    const { pruning, keys, idle } = await plan(new Told(), { payloads: dayOf(9) }, over)
    expect(pruning).toMatchObject({ keys: ['ks0'], kept: { keys: ['ks1'] } })
    expect({ keys, idle }).toEqual({ keys: 1, idle: false })
  })

  it('are gone through as long as there is anything of them, although their keys are gone', async () => {
    const over = { aside: told(0).read(), hasKey: () => false }
    expect(await plan(new Told(), { payloads: dayOf(9) }, over)).toMatchObject({ pruning: { keys: [] }, keys: 0, idle: false })
  })
})

describe('what was interrupted', () => {
  it('is done again, although nothing new is too old', async () => {
    const log = told(0, 1)
    const first = await plan(log, { payloads: dayOf(1) })
    expect(first.begun).toMatchObject({ payloadsBelow: 256, finished: false, sessions: [{ session: 's0', over: true }] })
    const again = await plan(log, { payloads: dayOf(1) }, { state: first.begun })
    expect(again).toMatchObject({ idle: false, pruning: { payloads: 256, keys: ['ks0'] } })
    expect(await plan(log, { payloads: dayOf(1) }, { state: again.done })).toMatchObject({ idle: true, pruning: { keys: [] } })
  })
})

it('looks for one key at a time as it reads', async () => {
  const log = told(...Array.from({ length: 20 }, (_, day) => day))
  let asked = 0
  let most = 0
  const hasKey = () => {
    most = Math.max(most, ++asked)
    return true
  }
  const read = async function* (from: number) {
    for (const entry of log.entries.slice(from)) {
      asked = 0
      yield entry
    }
  }
  expect(await plan(log, { payloads: dayOf(90) }, { read, hasKey })).toMatchObject({ keys: 20 })
  expect(most).toBe(1)
})
