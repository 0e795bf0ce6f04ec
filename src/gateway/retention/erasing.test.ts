import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import type { ErasureAsked } from '../../api/local/index.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../../tlog/index.ts'
import { verify } from '../../verify/main.ts'
import { trustKeys } from '../../verify/policy.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained()
  await house.open()
})
afterEach(() => house.remove())

const erase = (scope: ErasureAsked['scope'], dryRun = false) =>
  house.operator.eraseTrail({ scope, reason: 'asked by letter of 2026-11-20', dryRun })
const code = (name: string) => expect.objectContaining({ code: `GS_RETENTION_${name}` })

async function contents(): Promise<string> {
  const all = (await house.entries()).flatMap((entry) => entry.payloads().map(({ content }) => content?.toString() ?? 'erased'))
  return all.join('\n')
}

async function expectProven(): Promise<void> {
  const { size, root } = await house.trail.publish()
  for (const { index, bytes } of await house.entries())
    expect(verifyInclusion(leafHash(bytes), index, size, await inclusionProof(index, size, house.trail.tile), root)).toBe(true)
  const report = verify(`${house.folder}/trail/log`, { trust: trustKeys([...house.trail.verifierKeys()]) })
  expect(report.print(false)).toContain('erasures are told of')
  expect(report.exit).toBe(0)
}

it('erases a session and nothing else, in the log, beside it, and in the index', async () => {
  const [gone, other] = (await house.whole('run_a', 'alice', 'alpha', 'beta')) as [string, string]
  await house.whole('run_b', 'bob', 'gamma')
  const key = await house.keyOf(gone)
  const remains = await house.remainsOf([key])
  expect(house.occurring(remains)).toBe(remains.length)
  expect(await house.found('alpha')).not.toEqual([])
  const before = await house.entries()

  const report = await erase({ session: gone })
  expect(report).toMatchObject({ scope: 'session', session: gone, runs: ['run_a'], sessions: [gone], keys: 1 })
  expect(report.remains).toContain('erase the person')
  expect(house.occurring(remains)).toBe(0)
  expect(await house.found('alpha')).toEqual([])
  expect((await house.found('beta')).length + (await house.found('gamma')).length).toBeGreaterThan(2)
  const after = await house.entries()
  expect(after.slice(0, before.length).map(({ commitments }) => commitments)).toEqual(before.map(({ commitments }) => commitments))
  const entry = after[report.entry as number]
  expect(entry).toMatchObject({
    kind: 'erased',
    fields: { scope: 'session', session: gone, runs: 1, sessions: 1, keys: 1, by: 'local-operator', persons: 'unproven' },
  })
  expect(entry?.payloads()[0]?.content?.toString()).toBe('asked by letter of 2026-11-20')
  expect(await contents()).toContain('select beta')
  expect(await house.keyOf(other)).toBeDefined()
  expect(await house.differences()).toBe(0)
  await expectProven()
})

it('erases all sessions of a run, and says that who started it stays', async () => {
  const sessions = await house.whole('run_a', 'alice', 'alpha', 'beta')
  await house.whole('run_b', 'alice', 'gamma')
  expect(await erase({ run: 'run_a' })).toMatchObject({ scope: 'run', run: 'run_a', sessions, keys: 2, remains: expect.any(String) })
  const left = await contents()
  expect(left).not.toMatch(/alpha|beta/)
  expect(left).toMatch(/gamma/)
  expect(left).toContain('repository of alice')
  await expectProven()
})

it('erases a person: every run and session, names and facts, also from the list of runs', async () => {
  await house.whole('run_a', 'alice', 'alpha', 'beta')
  await house.whole('run_b', 'bob', 'gamma')
  const [late] = await house.whole('run_c', 'alice', 'delta')
  const pseudonym = house.trail.pseudonym('ci', 'alice')
  const keys = [house.trail.subjectKeyId(pseudonym) as string, await house.keyOf(late as string)]
  const remains = [...(await house.remainsOf(keys)), 'repository of alice', '"subject":"alice"']
  expect(house.occurring(remains)).toBe(remains.length)
  expect(await house.found('alice')).toHaveLength(2)

  const report = await erase({ issuer: 'ci', subject: 'alice' })
  expect(report).toMatchObject({ scope: 'person', pseudonym, runs: ['run_a', 'run_c'], keys: 4 })
  expect(report.remains).toBeUndefined()
  expect(house.occurring(remains)).toBe(0)
  expect(await house.found('alice')).toEqual([])
  expect(house.runs.runs().map(({ run }) => [run.id, run.principal.subject])).toEqual(
    expect.arrayContaining([
      ['run_a', ''],
      ['run_b', 'bob'],
      ['run_c', ''],
    ]),
  )
  // The run's place in the log is still known, so it still has a receipt.
  expect(await house.runs.places('run_a')).toMatchObject({ state: 'ended', began: expect.any(Object), ended: expect.any(Object) })
  await expectProven()
  await house.whole('run_d', 'alice', 'anew')
  expect(await contents()).toContain('repository of alice')
  expect(await erase({ pseudonym })).toMatchObject({ runs: ['run_a', 'run_c', 'run_d'], keys: 2 })
})

it('says what would go, records that it was asked, and takes nothing', async () => {
  const [session] = await house.whole('run_a', 'alice', 'alpha')
  const pseudonym = house.trail.pseudonym('ci', 'alice')
  expect(await erase({ issuer: 'ci', subject: 'alice' }, true)).toEqual({
    ...{ scope: 'person', pseudonym, runs: ['run_a'], sessions: [session], keys: 2, remains: undefined },
  })
  expect(await contents()).not.toContain('erased')
  expect((await house.entries()).at(-1)).toMatchObject({ kind: 'log.read', fields: { erase: { scope: 'person', pseudonym } } })
})

describe('is refused', () => {
  it('while it is live, and taken once that has ended', async () => {
    await house.begin('run_a', 'alice')
    const done = await house.session('run_a', 'alpha')
    const open = await house.session('run_a', 'beta', { ends: false })
    await house.trail.durable({ kind: 'log.read', fields: {} })
    await expect(erase({ run: 'run_a' })).rejects.toThrow('run_a is live')
    await expect(erase({ issuer: 'ci', subject: 'alice' })).rejects.toEqual(code('LIVE'))
    await expect(erase({ session: open })).rejects.toThrow(`The session ${open} of run_a is not over`)
    // A session that is over may go although its run is live.
    expect(await erase({ session: done })).toMatchObject({ keys: 1 })
    house.runs.revoke('run_a', 'operator')
    const erasing = erase({ run: 'run_a' })
    await house.trail.durable({ kind: 'session.close', fields: { session: open, reason: 'GS_RUN_ENDED', allowed: 3, refused: 0 } })
    expect(await erasing).toMatchObject({ keys: 1 })
  })

  it('of what the log has nothing of, or nothing any more', async () => {
    const [session] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
    for (const scope of [{ session: 'ses_x' }, { run: 'run_x' }, { issuer: 'ci', subject: 'nobody' }, { pseudonym: 'gateway' }])
      await expect(erase(scope)).rejects.toEqual(code('NOT_FOUND'))
    await erase({ session })
    await expect(erase({ session })).rejects.toEqual(code('NOT_FOUND'))
    await expect(erase({ run: 'run_a' })).rejects.toEqual(code('NOT_FOUND'))
    // A person that nothing is known of got no key by being asked for.
    expect(house.trail.subjectKeyId(house.trail.pseudonym('ci', 'nobody'))).toBeUndefined()
  })
})

it('reaches a log that was set aside', async () => {
  const [session] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
  const remains = await house.remainsOf([await house.keyOf(session)])
  await house.again({ newLog: 'compromised' })
  expect(house.trail.name).toBe('test.example/trail/one.2')
  expect(house.occurring(remains)).toBe(remains.length)
  expect(await erase({ run: 'run_a' })).toMatchObject({ sessions: [session], keys: 1 })
  expect(house.occurring(remains)).toBe(0)
})

it('is finished at the next start where it was interrupted, list of runs and index included', async () => {
  await house.whole('run_a', 'alice', 'alpha')
  await house.whole('run_b', 'bob', 'beta')
  await house.found('alpha')
  const pseudonym = house.trail.pseudonym('ci', 'alice')
  const remains = [...(await house.remainsOf([house.trail.subjectKeyId(pseudonym) as string])), 'repository of alice']
  const { forget } = house.searching
  house.searching.forget = () => Promise.reject(new Error('the index cannot be written'))
  await expect(erase({ pseudonym })).rejects.toMatchObject({ code: 'GS_TRAIL_ERASING' })
  expect(house.occurring(['repository of alice'])).toBe(1)
  // Nothing can be read any more, whatever else is still to be done.
  expect(await contents()).not.toContain('repository of alice')
  house.searching.forget = forget
  await house.again()
  expect(house.occurring(remains)).toBe(0)
  expect(await house.found('alpha')).toEqual([])
  expect(await house.found('beta')).not.toEqual([])
  expect(house.runs.runs().map(({ run }) => run.principal.subject)).toEqual(expect.arrayContaining(['', 'bob']))
  await expectProven()
})

it('leaves those alone who work meanwhile', async () => {
  const gone = await house.whole('run_a', 'alice', 'alpha')
  await house.begin('run_b', 'bob')
  const remains = await house.remainsOf([await house.keyOf(gone[0] as string)])
  let ended = false
  const sessions: string[] = []
  const traffic = (async () => {
    while (!ended) sessions.push(await house.session('run_b', `live${sessions.length}`))
  })()
  await erase({ run: 'run_a' })
  ended = true
  await traffic
  await house.end('run_b')
  expect(house.occurring(remains)).toBe(0)
  const all = await contents()
  for (let n = 0; n < sessions.length; n++) expect(all).toContain(`select live${n} from t`)
  expect(sessions.length).toBeGreaterThan(5)
  expect(await house.differences()).toBe(0)
  await expectProven()
})
