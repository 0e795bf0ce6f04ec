import { describe, expect, it } from 'vitest'
import { pseudonymOf, Told } from '../../test/parts/told.ts'
import type { Hold } from './hold.ts'
import { type ErasureScope, type ErasureSources, planErasure } from './plan-erasure.ts'

const ALICE = pseudonymOf('alice')
const SUBJECT_KEY = 'subject of alice'

/** Two persons, three runs that are over. */
function told(): Told {
  return new Told()
    .run('run_a', 'alice')
    .session('s1', 'run_a', 'alice')
    .session('s2', 'run_a', 'alice')
    .run('run_b', 'bob')
    .session('s3', 'run_b', 'bob')
    .run('run_c', 'alice')
    .session('s4', 'run_c', 'alice')
}

function plan(scope: ErasureScope, log: Told, over: Partial<ErasureSources> & { gone?: readonly string[] } = {}) {
  const { gone = [], ...sources } = over
  return planErasure(scope, {
    entries: log.read(),
    aside: new Told().read(),
    known: [],
    hasKey: (id) => !gone.includes(id),
    subjectKeyId: (pseudonym) => (pseudonym === ALICE ? SUBJECT_KEY : undefined),
    live: [],
    holds: [],
    ...sources,
  })
}

function hold(run: string, key?: string): Hold {
  const [start, entry] = [
    { index: 0, key },
    { index: 9, key: 'of the gateway' },
  ]
  return { id: 'hold_1', run, reason: 'case 4711', placedAt: 0, log: 'test.example/trail/one', start, entry }
}

const code = (name: string) => expect.objectContaining({ code: `GS_RETENTION_${name}` })

describe('what is erased', () => {
  it('of a session is its key alone', async () => {
    expect(await plan({ session: 's2' }, told())).toEqual({
      scope: { session: 's2' },
      runs: ['run_a'],
      sessions: ['s2'],
      keys: ['ks2'],
    })
  })

  it('of a run is the keys of its sessions, in the order in which they began, and not that of who it was', async () => {
    expect(await plan({ run: 'run_a' }, told())).toMatchObject({ runs: ['run_a'], sessions: ['s1', 's2'], keys: ['ks1', 'ks2'] })
  })

  it('of a run is what it told of itself in spans, too', async () => {
    const log = told().tell('run.spans', { run: 'run_a', batch: 'spn_1', who: { pseudonym: ALICE, kind: 'job' }, key: 'kspn_1', spans: 2 })
    expect(await plan({ run: 'run_a' }, log)).toMatchObject({ sessions: ['s1', 's2'], keys: ['ks1', 'ks2', 'kspn_1'] })
    expect(await plan({ run: 'run_c' }, log)).toMatchObject({ keys: ['ks4'] })
    expect((await plan({ pseudonym: ALICE }, log)).keys).toContain('kspn_1')
  })

  it('of a person is every session of every run, and the key for names first', async () => {
    expect(await plan({ pseudonym: ALICE }, told())).toMatchObject({
      runs: ['run_a', 'run_c'],
      sessions: ['s1', 's2', 's4'],
      keys: [SUBJECT_KEY, 'ks1', 'ks2', 'ks4'],
    })
  })

  it('of a person without a session is the key for names', async () => {
    expect(await plan({ pseudonym: ALICE }, new Told().run('run_a', 'alice'))).toMatchObject({
      runs: ['run_a'],
      sessions: [],
      keys: [SUBJECT_KEY],
    })
  })

  it('is what is still there: keys that are gone are not counted again', async () => {
    expect(await plan({ run: 'run_a' }, told(), { gone: ['ks1'] })).toMatchObject({ sessions: ['s1', 's2'], keys: ['ks2'] })
  })

  it('is each key once, also where two logs tell of it', async () => {
    const aside = told()
    expect(await plan({ run: 'run_a' }, told(), { aside: aside.read() })).toMatchObject({ sessions: ['s1', 's2'], keys: ['ks1', 'ks2'] })
  })

  it('reaches logs that were set aside, whose sessions are over, whatever they tell of an end', async () => {
    const aside = new Told().run('run_a', 'alice').open('s0', 'run_a', 'alice')
    expect(await plan({ run: 'run_a' }, told(), { aside: aside.read() })).toMatchObject({
      sessions: ['s0', 's1', 's2'],
      keys: ['ks0', 'ks1', 'ks2'],
    })
  })

  it('reaches sessions whose beginning is pruned, while their keys are kept', async () => {
    const known = [{ session: 's0', run: 'run_a', key: 'ks0', pseudonym: ALICE, over: true }]
    const log = new Told().fill()
    for (const scope of [{ session: 's0' }, { run: 'run_a' }] as const)
      expect(await plan(scope, log, { known })).toMatchObject({ runs: ['run_a'], sessions: ['s0'], keys: ['ks0'] })
    expect((await plan({ pseudonym: ALICE }, log, { known })).keys).toEqual([SUBJECT_KEY, 'ks0'])
    await expect(plan({ run: 'run_b' }, log, { known })).rejects.toEqual(code('NOT_FOUND'))
  })

  it('learns the end of a session whose beginning is pruned from the log', async () => {
    const known = [{ session: 's0', run: 'run_a', key: 'ks0', pseudonym: ALICE, over: false }]
    await expect(plan({ run: 'run_a' }, new Told(), { known })).rejects.toEqual(code('LIVE'))
    expect(await plan({ run: 'run_a' }, new Told().close('s0'), { known })).toMatchObject({ keys: ['ks0'] })
  })

  it('is not misled by entries of other kinds, or of the right kind without what belongs there', async () => {
    const log = told()
      .tell('log.read', { says: '"kind":"session.open"', session: 'sx', run: 'run_a', key: 'kx', who: { pseudonym: ALICE } })
      .tell('session.open', { session: 'sy', run: 'run_a' })
      .tell('session.open', { session: 7, run: 'run_a', key: 'kz' })
      .tell('run.start', { who: { pseudonym: ALICE } })
      .close('never opened')
    expect(await plan({ run: 'run_a' }, log)).toMatchObject({ sessions: ['s1', 's2'] })
  })
})

describe('what stands in the way', () => {
  it('is a run that is live, for the run and for the person, and not for a session that is over', async () => {
    const live = [{ run: 'run_a', pseudonym: ALICE }]
    await expect(plan({ run: 'run_a' }, told(), { live })).rejects.toThrow('run_a is live.')
    await expect(plan({ pseudonym: ALICE }, told(), { live })).rejects.toEqual(code('LIVE'))
    expect(await plan({ session: 's1' }, told(), { live })).toMatchObject({ keys: ['ks1'] })
    expect(await plan({ run: 'run_c' }, told(), { live })).toMatchObject({ keys: ['ks4'] })
    expect(await plan({ run: 'run_b' }, told(), { live })).toMatchObject({ keys: ['ks3'] })
  })

  it('is a session that the log does not end', async () => {
    const log = told().open('s5', 'run_c', 'alice')
    for (const scope of [{ session: 's5' }, { run: 'run_c' }, { pseudonym: ALICE }])
      await expect(plan(scope, log)).rejects.toThrow('The session s5 of run_c is not over.')
    expect(await plan({ run: 'run_a' }, log)).toMatchObject({ keys: ['ks1', 'ks2'] })
  })

  it('is a session that goes on in this log although another, set aside, began it', async () => {
    const aside = new Told().open('s5', 'run_a', 'alice')
    const log = new Told().open('s5', 'run_a', 'alice')
    await expect(plan({ run: 'run_a' }, log, { aside: aside.read() })).rejects.toEqual(code('LIVE'))
  })

  it('is a hold on any run that would lose something', async () => {
    const holds = [hold('run_c')]
    await expect(plan({ run: 'run_c' }, told(), { holds })).rejects.toThrow('run_c is under the legal hold hold_1.')
    await expect(plan({ session: 's4' }, told(), { holds })).rejects.toEqual(code('HELD'))
    await expect(plan({ pseudonym: ALICE }, told(), { holds })).rejects.toEqual(code('HELD'))
    expect(await plan({ run: 'run_a' }, told(), { holds })).toMatchObject({ keys: ['ks1', 'ks2'] })
  })

  it('is a hold whose run the log tells of no more, where who it was would go', async () => {
    const holds = [hold('run_old', SUBJECT_KEY)]
    await expect(plan({ pseudonym: ALICE }, told(), { holds })).rejects.toThrow('run_old is under the legal hold hold_1.')
    expect(await plan({ run: 'run_a' }, told(), { holds })).toMatchObject({ keys: ['ks1', 'ks2'] })
  })

  it('is a hold also where it keeps a session whose beginning is pruned', async () => {
    const known = [{ session: 's0', run: 'run_old', key: 'ks0', pseudonym: ALICE, over: true }]
    await expect(plan({ pseudonym: ALICE }, told(), { known, holds: [hold('run_old')] })).rejects.toEqual(code('HELD'))
  })

  it('is that there is nothing: another id, keys that are all gone, the key of the gateway itself', async () => {
    await expect(plan({ run: 'run_x' }, told())).rejects.toEqual(code('NOT_FOUND'))
    await expect(plan({ session: 'run_a' }, told())).rejects.toEqual(code('NOT_FOUND'))
    await expect(plan({ run: 'run_a' }, told(), { gone: ['ks1', 'ks2'] })).rejects.toEqual(code('NOT_FOUND'))
    await expect(plan({ pseudonym: pseudonymOf('nobody') }, told())).rejects.toEqual(code('NOT_FOUND'))
    for (const pseudonym of ['gateway', '', ALICE.slice(1), `${ALICE}0`, `${ALICE.slice(1)} `])
      await expect(plan({ pseudonym }, told(), { subjectKeyId: () => 'of the gateway' })).rejects.toEqual(code('NOT_FOUND'))
  })

  it('is said of what lives before what is held, so that a hold is not told of twice', async () => {
    const over = { live: [{ run: 'run_a', pseudonym: ALICE }], holds: [hold('run_a')] }
    await expect(plan({ run: 'run_a' }, told(), over)).rejects.toEqual(code('LIVE'))
  })
})

it('looks for one key at a time as it reads, so that whoever reads slowly on purpose is never held up by thousands of them', async () => {
  const log = new Told().run('run_a', 'alice')
  for (let n = 0; n < 1000; n++) log.session(`s${n}`, 'run_a', 'alice')
  let asked = 0
  let most = 0
  const entries = (async function* () {
    for (const entry of log.entries) {
      asked = 0
      yield entry
    }
  })()
  const hasKey = () => {
    most = Math.max(most, ++asked)
    return true
  }
  expect((await plan({ run: 'run_a' }, log, { entries, hasKey })).keys).toHaveLength(1000)
  expect(most).toBe(1)
})
