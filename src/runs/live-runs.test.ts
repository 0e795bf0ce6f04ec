import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { budgetsOf } from '../../test/parts/unlimited.ts'
import type { PostgresResource, RunId } from '../operations/index.ts'
import { type EmbeddedDatabase, embeddedRunStore, openDatabase } from '../store/index.ts'
import type { BudgetSettings } from './budgets/index.ts'
import type { RunObserver } from './life-cycle.ts'
import { LiveRuns, type LiveRunsOptions } from './live-runs.ts'
import type { LogPlace, SessionAccount } from './run-account.ts'

let folder: string
let database: EmbeddedDatabase
const opened: LiveRuns[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-runs-'))
  database = openDatabase(folder)
})
afterEach(() => {
  for (const runs of opened.splice(0)) runs.close()
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const place = (index: number): LogPlace => ({ log: 'example.org/one', index })
const observer = () => ({
  notBefore: () => place(3),
  started: vi.fn<RunObserver['started']>(async () => place(5)),
  find: vi.fn<RunObserver['find']>(async () => undefined),
  joined: vi.fn<RunObserver['joined']>(),
  over: vi.fn<RunObserver['over']>(async (_run, _state, account) => {
    await account.settled()
    return place(9)
  }),
  killed: vi.fn<RunObserver['killed']>(),
  suspended: vi.fn<RunObserver['suspended']>(),
  resumed: vi.fn<RunObserver['resumed']>(async () => undefined),
  crossed: vi.fn<RunObserver['crossed']>(),
  crowded: vi.fn<RunObserver['crowded']>(),
})
const stored = (id: RunId) => embeddedRunStore(database).find(id)
const sum = (allow: number, deny = 0, exact = true): SessionAccount => ({ decisions: { allow, ask: 0, deny }, exact })

function runsWith(options: Partial<LiveRunsOptions> = {}): LiveRuns {
  const runs = new LiveRuns({ store: embeddedRunStore(database), observer: observer(), budgets: budgetsOf(), ...options })
  opened.push(runs)
  return runs
}

const start = {
  id: 'run_a',
  principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: ['github/repo:acme/reports'] },
  facts: { repository: 'acme/reports' },
} as const
const orders: PostgresResource = {
  name: 'orders-db',
  kind: 'postgres',
  tags: [],
  host: 'orders.internal',
  port: 5432,
  hosts: [],
  aliases: [],
  databases: new Map(),
}
const client = { address: '127.0.0.1:5000', tls: true }

it('starts a run once its start is recorded, and joins it afterwards', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  expect(await runs.begin(start)).toMatchObject({ joined: false, state: 'live' })
  expect(await runs.begin(start)).toMatchObject({ joined: true, state: 'live' })
  expect(seen.started).toHaveBeenCalledTimes(1)
  expect(seen.joined).toHaveBeenCalledTimes(1)
})

it('starts a run once when two exchanges come at the same time, neither before the start is recorded', async () => {
  const seen = observer()
  let record = (): void => undefined
  seen.started.mockImplementation(
    () =>
      new Promise((resolve) => {
        record = () => resolve(place(5))
      }),
  )
  const runs = runsWith({ observer: seen })
  const both = Promise.all([runs.begin(start), runs.begin(start)])
  expect(runs.run('run_a')).toBeUndefined()
  expect(() => runs.openSession({ ...start, startedAt: 0 }, orders, client)).toThrow(expect.objectContaining({ code: 'GS_RUN_ENDED' }))
  record()
  expect((await both).map(({ joined }) => joined)).toEqual([false, true])
  expect(seen.started).toHaveBeenCalledTimes(1)
})

it('starts nothing where the start cannot be recorded, and can start it later', async () => {
  const seen = observer()
  seen.started.mockRejectedValueOnce(new Error('no room'))
  const runs = runsWith({ observer: seen })
  await expect(runs.begin(start)).rejects.toMatchObject({ code: 'GS_RUNS_NOT_RECORDED' })
  expect(runs.run('run_a')).toBeUndefined()
  expect(await runs.begin(start)).toMatchObject({ joined: false })
})

it.each([
  ['another subject', { ...start.principal, subject: 'repo:acme/other' }],
  ['other groups', { ...start.principal, groups: ['github/environment:prod'] }],
])('does not let %s join a run', async (_, principal) => {
  const runs = runsWith()
  await runs.begin(start)
  await expect(runs.begin({ ...start, principal })).rejects.toMatchObject({ code: 'GS_RUNS_OTHER_PRINCIPAL' })
})

it('ends live sessions before revoke returns, and lets nobody in again', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  const ended = vi.fn(() => {
    // Durable before anybody is told.
    expect(embeddedRunStore(database).find('run_a')?.state).toBe('revoked')
  })
  session.signal.addEventListener('abort', ended)
  expect(runs.revoke('run_a', 'operator')).toBe(true)
  expect(ended).toHaveBeenCalledOnce()
  expect(session.signal.reason).toMatchObject({ code: 'GS_RUN_ENDED' })
  expect(seen.over).toHaveBeenCalledWith(run, 'revoked', expect.anything(), { interrupted: false, by: 'operator' })
  expect(runs.revoke('run_a', 'operator')).toBe(false)
  await expect(runs.begin(start)).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
  expect(() => runs.openSession(run, orders, client)).toThrow(expect.objectContaining({ code: 'GS_RUN_ENDED' }))
  expect(() => runs.extend('run_a')).toThrow(expect.objectContaining({ code: 'GS_RUNS_OVER' }))
})

it('keeps live runs over a restart, refuses the ended ones, and forgets one whose start was never recorded', async () => {
  const runs = runsWith()
  await runs.begin(start)
  await runs.begin({ ...start, id: 'run_b' })
  runs.end('run_b')
  const never = observer()
  never.started.mockReturnValue(new Promise(() => undefined))
  void runsWith({ observer: never }).begin({ ...start, id: 'run_c' })
  const restarted = runsWith()
  expect(restarted.run('run_a')).toMatchObject({ state: 'live', sessions: 0, run: start })
  expect(restarted.runs().map(({ run, state }) => [run.id, state])).toEqual(
    expect.arrayContaining([
      ['run_a', 'live'],
      ['run_b', 'ended'],
    ]),
  )
  await expect(restarted.begin({ ...start, id: 'run_b' })).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
  await expect.poll(() => stored('run_c')).toBeUndefined()
})

it('goes on with a run whose start was recorded before a crash, though nobody was told: the next exchange joins it', async () => {
  const crashed = observer()
  crashed.started.mockReturnValue(new Promise(() => undefined))
  void runsWith({ observer: crashed }).begin(start)
  const seen = observer()
  seen.find.mockResolvedValue(place(4))
  const runs = runsWith({ observer: seen })
  expect(await runs.begin(start)).toMatchObject({ joined: true, state: 'live' })
  expect(seen.find).toHaveBeenCalledWith(expect.objectContaining({ id: 'run_a' }), place(3))
  expect(seen.started).not.toHaveBeenCalled()
  expect(stored('run_a')).toMatchObject({ state: 'live', began: place(4) })
})

it('says that a run is over once all its sessions are closed in the trail, with what they came to', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  const [first, second] = [runs.openSession(run, orders, client), runs.openSession(run, orders, client)]
  first.close()
  first.recorded(sum(3, 1), 7)
  runs.end('run_a')
  second.close()
  await wait(5)
  expect(stored('run_a')).toMatchObject({ state: 'ended', began: place(5), ended: undefined })
  second.recorded(sum(2), 8)
  expect(await runs.places('run_a')).toEqual({ state: 'ended', began: place(5), ended: place(9) })
  const [[, state, account] = []] = seen.over.mock.calls
  expect(state).toBe('ended')
  expect(account).toMatchObject({ began: place(5), last: 8, decisions: { allow: 5, ask: 0, deny: 1 }, exact: true })
})

it('says that a run is over behind what is expected of it beside its sessions, and expects nothing of one that is over', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  await runs.begin(start)
  const expected = runs.expect('run_a')
  runs.end('run_a')
  await wait(5)
  expect(stored('run_a')?.ended).toBeUndefined()
  expected?.(12)
  expect(await runs.places('run_a')).toMatchObject({ ended: place(9) })
  expect(seen.over.mock.calls[0]?.[2]).toMatchObject({ last: 12 })
  expect([runs.expect('run_a'), runs.expect('run_b')]).toEqual([undefined, undefined])
})

it('knows that it does not know: a session without a place, a session that is not sure, a restart', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  runs.openSession(run, orders, client).recorded(sum(0), undefined)
  runs.end('run_a')
  await runs.begin({ ...start, id: 'run_b' })
  runs.openSession({ ...run, id: 'run_b' }, orders, client).recorded(sum(1, 0, false), 8)
  runs.end('run_b')
  await runs.begin({ ...start, id: 'run_c' })
  const again = runsWith({ observer: seen })
  again.end('run_c')
  expect(seen.over.mock.calls.map(([{ id }, , { exact }]) => [id, exact])).toEqual([
    ['run_a', false],
    ['run_b', false],
    ['run_c', false],
  ])
})

it('has the end of a run recorded by the next start, where a crash came first', async () => {
  const crashed = observer()
  crashed.over.mockReturnValue(new Promise(() => undefined))
  const runs = runsWith({ observer: crashed })
  await runs.begin(start)
  runs.revoke('run_a', 'operator')
  const seen = observer()
  const restarted = runsWith({ observer: seen })
  expect(await restarted.places('run_a')).toEqual({ state: 'revoked', began: place(5), ended: place(9) })
  expect(seen.over).toHaveBeenCalledWith(expect.objectContaining({ id: 'run_a' }), 'revoked', expect.anything(), { interrupted: true })
  const third = observer()
  runsWith({ observer: third })
  expect(third.over).not.toHaveBeenCalled()
})

it('says where a run that has just expired stands, without waiting for the sweep, and nothing of one that it does not know', async () => {
  let now = 1_000_000
  const runs = runsWith({ limits: { life: 60_000 }, now: () => now })
  await runs.begin(start)
  expect(await runs.places('run_a')).toEqual({ state: 'live', began: place(5), ended: undefined })
  now += 60_000
  expect(await runs.places('run_a')).toEqual({ state: 'expired', began: place(5), ended: place(9) })
  expect(await runs.places('run_b')).toBeUndefined()
})

it('expires a run without heart-beats, and its sessions within a second', async () => {
  let now = 1_000_000
  const runs = runsWith({ limits: { life: 60_000 }, now: () => now })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  now += 50_000
  runs.extend('run_a')
  now += 50_000
  // Longer than a sweep: it came by and left the run alone.
  await wait(600)
  expect(session.signal.aborted).toBe(false)
  now += 10_000
  expect(runs.run('run_a')?.state).toBe('expired')
  await vi.waitFor(() => expect(session.signal.aborted).toBe(true), { timeout: 1_000, interval: 10 })
  await expect(runs.begin(start)).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
})

it('lets a launcher that beats often have its run end soon behind it, and never later than others', async () => {
  let now = 1_000_000
  const runs = runsWith({ limits: { life: 60_000 }, now: () => now })
  await runs.begin(start)
  expect(runs.extend('run_a', 5_000).expiresAt).toBe(1_005_000)
  now += 4_000
  expect(runs.extend('run_a', 5_000).expiresAt).toBe(1_009_000)
  // As the store has it, too: a gateway that starts anew keeps to it.
  expect(stored('run_a')?.expiresAt).toBe(1_009_000)
  expect(runs.extend('run_a', 900_000).expiresAt).toBe(1_064_000)
  runs.extend('run_a', 5_000)
  now += 5_000
  expect(runs.run('run_a')?.state).toBe('expired')
})

it('knows what runs that are over came to at each resource, and forgets it with the process', async () => {
  const share = { resource: 'orders-db', sessions: 1, sessionsRefused: 0, operations: 3, refused: 1, held: 1, masked: 2 }
  const runs = runsWith({ observer: { ...observer(), over: (_run, _state, account) => account.settled().then(() => place(9)) } })
  const { run } = await runs.begin(start)
  const sessions = [runs.openSession(run, orders, client), runs.openSession(run, orders, client)]
  expect(await runs.cameTo('run_a')).toMatchObject({ state: 'live', shares: undefined })
  runs.end('run_a')
  for (const session of sessions) {
    session.close()
    session.recorded({ ...sum(2, 1), share }, 6)
  }
  const twice = { ...share, sessions: 2, operations: 6, refused: 2, held: 2, masked: 4 }
  expect(await runs.cameTo('run_a')).toMatchObject({ state: 'ended', shares: [twice] })
  expect(await runsWith().cameTo('run_a')).toBeUndefined()
  expect(await runs.cameTo('run_b')).toBeUndefined()
})

it('extends no run beyond the sign-in that it was started from', async () => {
  let now = 1_000
  const runs = runsWith({ limits: { life: 1_000 }, now: () => now })
  const own = {
    ...start,
    principal: { ...start.principal, kind: 'person' },
    accounts: { github: '2' },
    signIn: { session: 'psn_a', until: 2_500 },
  } as const
  expect(await runs.begin(own)).toMatchObject({ expiresAt: 2_000 })
  now = 1_800
  expect(runs.extend(own.id)).toMatchObject({ expiresAt: 2_500 })
  expect(runsWith({ now: () => now }).run(own.id)?.run).toMatchObject({
    accounts: { github: '2' },
    signIn: { session: 'psn_a', until: 2_500 },
  })
  now = 2_500
  expect(() => runs.extend(own.id)).toThrow(expect.objectContaining({ code: 'GS_RUNS_OVER' }))
})

it('extends no run beyond its longest life', async () => {
  let now = 1_000_000
  const runs = runsWith({ limits: { life: 1_000, longest: 1_500 }, now: () => now })
  await runs.begin(start)
  now += 800
  expect(runs.extend('run_a').expiresAt).toBe(1_001_500)
  now += 700
  expect(() => runs.extend('run_a')).toThrow(expect.objectContaining({ code: 'GS_RUNS_OVER' }))
})

it('kills one session and leaves its sibling', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  const [first, second] = [runs.openSession(run, orders, client), runs.openSession(run, orders, client)]
  first.count(3)
  expect(runs.kill(first.id, 'operator')).toBe(true)
  expect(runs.kill(first.id, 'operator')).toBe(false)
  expect(first.signal.reason).toMatchObject({ code: 'GS_SESSION_ENDED' })
  expect(second.signal.aborted).toBe(false)
  expect(seen.killed).toHaveBeenCalledWith(expect.objectContaining({ id: first.id, operations: 3 }), run, expect.anything(), 'operator')
  expect(runs.run('run_a')?.sessions).toBe(2)
  first.close()
  first.close()
  expect(runs.sessions().map(({ id }) => id)).toEqual([second.id])
})

it('drains: asks sessions to finish, admits none, and resolves when the last is gone', async () => {
  const runs = runsWith()
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  let done = false
  const drained = runs.drain().then(() => {
    done = true
  })
  expect(session.draining.aborted).toBe(true)
  expect(session.signal.aborted).toBe(false)
  expect(() => runs.openSession(run, orders, client)).toThrow(expect.objectContaining({ code: 'GS_SESSION_ENDED' }))
  await expect(runs.begin({ ...start, id: 'run_b' })).rejects.toMatchObject({ code: 'GS_RUNS_DRAINING' })
  await wait(5)
  expect(done).toBe(false)
  session.close()
  await drained
})

/** A store on a disk that is full while `full` says so. */
function fillingStore(): { store: LiveRunsOptions['store']; disk: { full: boolean } } {
  const store = embeddedRunStore(database)
  const disk = { full: false }
  const update: typeof store.update = (id, change) => {
    if (disk.full) throw new Error('database or disk is full')
    store.update(id, change)
  }
  return { store: { ...store, update }, disk }
}

it('ends the sessions of an expired run while its end cannot be written, and writes it as soon as it can', async () => {
  const { store, disk } = fillingStore()
  let now = 1_000_000
  const runs = runsWith({ store, limits: { life: 60_000 }, now: () => now })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  disk.full = true
  now += 60_000
  // An error in the sweep would end the whole process, and this test with it.
  await expect.poll(() => session.signal.aborted).toBe(true)
  expect(runs.run('run_a')?.state).toBe('expired')
  disk.full = false
  await expect.poll(() => store.find('run_a')?.state).toBe('expired')
})

it('cuts a revoked run also where the revocation cannot be written, says that it was not, and writes it later', async () => {
  const { store, disk } = fillingStore()
  const runs = runsWith({ store })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  disk.full = true
  expect(() => runs.revoke('run_a', 'operator')).toThrow('full')
  expect(session.signal.aborted).toBe(true)
  expect(runs.run('run_a')?.state).toBe('revoked')
  expect(runs.runs().map(({ state }) => state)).toEqual(['revoked'])
  await expect(runs.begin(start)).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
  disk.full = false
  await expect.poll(() => store.find('run_a')?.state).toBe('revoked')
})

it('forgets whose a run was that is over, down to the last byte, and not that it was', async () => {
  const runs = runsWith()
  const ids = Array.from({ length: 700 }, (_, n) => `run_${(n * 7919) % 1000}_${n}` as const)
  const of = (id: string) => ({ ...start, id: id as RunId, principal: { ...start.principal, subject: `SUBJECT-${id}-` } })
  for (const id of ids) await runs.begin({ ...of(id), facts: { repository: `FACTS-${id}-` } })
  for (const id of ids.slice(0, 650)) runs.end(id)
  await runs.recorded(1000)
  const gone = ids.filter((_, n) => n % 2 === 0)
  expect(await runs.forget(({ id }) => gone.includes(id as (typeof ids)[number]))).toBe(325)
  const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
  for (const id of gone.slice(0, 325)) expect(bytes.includes(`SUBJECT-${id}-`) || bytes.includes(`FACTS-${id}-`), id).toBe(false)
  for (const id of [ids[1], ids[651], ids[650]]) expect(bytes.includes(`SUBJECT-${id}-`)).toBe(true)
  expect(runs.run(ids[0] as string)).toMatchObject({
    state: 'ended',
    run: { principal: { issuer: 'github', subject: '', groups: [] }, facts: {} },
  })
  expect(await runs.places(ids[0] as string)).toMatchObject({ began: place(5), ended: place(9) })
  // Nobody can come in again under its id.
  await expect(runs.begin(of(ids[0] as string))).rejects.toMatchObject({ code: 'GS_RUNS_OVER' })
  expect(runs.live()).toHaveLength(50)
  expect(await runs.forget(() => true)).toBe(325)
})

it('suspends a run over its refusals: sessions stay, a restart changes nothing, a person lets it go on', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  for (let count = 0; count <= 50; count++) session.budget.refused()
  expect(session.budget.suspended).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
  expect(session.budget.reserve()).toBe(session.budget.suspended)
  expect(session.signal.aborted).toBe(false)
  expect(runs.run('run_a')).toMatchObject({ state: 'live', suspended: { budget: 'default-refusals' } })
  expect(seen.suspended).toHaveBeenCalledExactlyOnceWith(run, expect.anything(), expect.objectContaining({ budget: 'default-refusals' }))
  expect(stored('run_a')?.suspended).toMatchObject({ budget: 'default-refusals' })

  const again = observer()
  const restarted = runsWith({ observer: again })
  const next = restarted.openSession(run, orders, client)
  expect(next.budget.suspended).toMatchObject({ code: 'GS_RUN_SUSPENDED' })
  // Its launcher keeps it alive meanwhile.
  expect(restarted.extend('run_a')).toMatchObject({ state: 'live', suspended: expect.anything() })
  expect(await restarted.resume('run_a', 'operator')).toBe(true)
  expect(again.resumed).toHaveBeenCalledOnce()
  expect(next.budget.suspended).toBeUndefined()
  for (let count = 0; count < 50; count++) next.budget.refused()
  expect(next.budget.suspended).toBeUndefined()
  expect(await restarted.resume('run_a', 'operator')).toBe(false)
  expect(restarted.run('run_a')).not.toHaveProperty('suspended')
  expect(stored('run_a')?.suspended).toBeUndefined()
})

it('lets a suspended run not go on where that cannot be recorded, nor one that is over', async () => {
  const seen = observer()
  const runs = runsWith({ observer: seen })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  for (let count = 0; count <= 50; count++) session.budget.refused()
  seen.resumed.mockRejectedValueOnce(new Error('no room'))
  await expect(runs.resume('run_a', 'operator')).rejects.toThrow('no room')
  expect(session.budget.suspended).toBeDefined()
  seen.resumed.mockImplementationOnce(async () => void runs.revoke('run_a', 'operator'))
  expect(await runs.resume('run_a', 'operator')).toBe(false)
  expect(await runs.resume('run_a', 'operator')).toBe(false)
  expect(runs.run('run_a')).not.toHaveProperty('suspended')
})

it('suspends also where the store cannot be written, and has it there later', async () => {
  const { store, disk } = fillingStore()
  const runs = runsWith({ store })
  const { run } = await runs.begin(start)
  const session = runs.openSession(run, orders, client)
  disk.full = true
  for (let count = 0; count <= 50; count++) session.budget.refused()
  expect(session.budget.suspended).toBeDefined()
  disk.full = false
  await expect.poll(() => store.find('run_a')?.suspended).toMatchObject({ budget: 'default-refusals' })
})

it('lets no more runs of a workload be live at once than a budget says, also where they start at the same time', async () => {
  const seen = observer()
  const one: BudgetSettings = { name: 'one-at-a-time', per: 'workload', limit: { concurrentRuns: 1 } }
  const runs = runsWith({ observer: seen, budgets: budgetsOf([one]) })
  const both = await Promise.allSettled([runs.begin(start), runs.begin({ ...start, id: 'run_b' })])
  expect(both).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'GS_RUNS_TOO_MANY' } }])
  expect(seen.crowded).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ id: 'run_b' }), {
    ...{ budget: 'one-at-a-time', per: 'workload', measure: 'concurrentRuns', warn: false, limit: 1 },
  })
  // Another workload, and whoever joins, is not concerned.
  await runs.begin({ ...start, id: 'run_c', facts: { repository: 'acme/other' } })
  expect(await runs.begin(start)).toMatchObject({ joined: true })
  runs.end('run_a')
  await runs.begin({ ...start, id: 'run_b' })
})
