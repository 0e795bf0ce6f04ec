import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import type { Run } from '../operations/index.ts'
import { RunAccount } from '../runs/index.ts'
import type { EntryFields, Trail } from '../trail/index.ts'
import { RunRecords } from './run-records.ts'

let house: TestTrail
let trail: Trail
let records: RunRecords
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
  records = new RunRecords(trail, 'disk')
})
afterEach(() => house.remove())

const run: Run = { id: 'run_a', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const LOG = 'test.example/trail/one'
const nothing = { allow: 0, ask: 0, deny: 0 }

/** A session of a run as the guard writes it: one operation is allowed, one refused, and their decisions are said once. */
async function session(id: string, of = run.id): Promise<number> {
  trail.note({ kind: 'session.open', fields: { session: id, run: of } })
  const decisions = [
    [1, 'allow', ['a'], 'sha256:1'],
    [2, 'deny', [], 'sha256:1'],
  ]
  trail.note({ kind: 'operation.intent', fields: { session: id, ops: [[1, 1, 1]], decisions } })
  trail.note({ kind: 'operation.intent', fields: { session: id, ops: [[2, 1, 2]] } })
  const { index } = await trail.durable({ kind: 'session.close', fields: { session: id, reason: 'client-closed' } })
  return index
}

const said = async (index: number): Promise<EntryFields | undefined> => {
  const entry = (await house.entries()).at(index)
  return entry?.kind === 'run.end' ? entry.fields : undefined
}

it('writes the end of a run behind all that is expected of it, and says what the account says', async () => {
  const account = new RunAccount(await records.started(run), true)
  expect(account.began).toEqual({ log: LOG, index: 0 })
  const expected = account.expect()
  const over = records.over(run, 'ended', account, { interrupted: false })
  await wait(20)
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['run.start'])
  account.add({ decisions: { allow: 1, ask: 0, deny: 1 }, exact: true })
  expected(await session('ses_1'))
  expect(await over).toEqual({ log: LOG, index: 5 })
  expect(await said(5)).toEqual({
    ...{ run: 'run_a', state: 'ended', first: 0, last: 4, decisions: { allow: 1, ask: 0, deny: 1 } },
    ...{ durability: 'disk', seal: 'none', gaps: 0 },
  })
})

it('says of a revoked run that it was revoked first, and that this was its last entry', async () => {
  const account = new RunAccount(await records.started(run), true)
  expect(await records.over(run, 'revoked', account, { interrupted: false })).toEqual({ log: LOG, index: 2 })
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['run.start', 'run.revoked', 'run.end'])
  expect(await said(2)).toMatchObject({ state: 'revoked', first: 0, last: 1, decisions: nothing })
})

it('reads the log where the account is not sure: only what is of this run counts, and gaps are told', async () => {
  await session('ses_other', 'run_b')
  const began = await records.started(run)
  await session('ses_1')
  trail.note({ kind: 'session.open', fields: { session: 'ses_2', run: 'run_a' } })
  trail.note({ kind: 'gap', fields: { session: 'ses_2', first: 1, last: 1, reason: 'GS_TRAIL_FULL' } })
  await session('ses_3', 'run_b')
  const { index } = await trail.durable({ kind: 'session.close', fields: { session: 'ses_2', reason: 'unknown' } })
  await trail.durable({ kind: 'hold.placed', fields: { run: 'run_a' } })
  await trail.durable({ kind: 'log.read', fields: { filter: { run: 'run_a', session: 'ses_1' } } })
  const { index: end } = await records.over(run, 'expired', new RunAccount(began, false), { interrupted: false })
  expect(await said(end)).toMatchObject({ first: began.index, last: index, decisions: { allow: 1, ask: 0, deny: 1 }, gaps: 1 })
})

it('says what calls of models came to, by the account or by the log', async () => {
  const sum = { calls: 2, inputTokens: 75, outputTokens: 31, cachedTokens: 4, money: [[500, 'USD']] }
  const account = new RunAccount(await records.started(run), true)
  const money = { micros: 250, currency: 'USD' }
  account.spent({ inputTokens: 70, outputTokens: 30, cachedTokens: 4, money })
  account.spent({ inputTokens: 5, outputTokens: 1, money })
  trail.note({ kind: 'session.open', fields: { session: 'ses_1', run: 'run_a' } })
  const usage = [
    [1, 70, 30, 4, 250, 'USD'],
    [2, 5, 1, 0, 250, 'USD'],
  ]
  trail.note({ kind: 'operation.outcome', fields: { session: 'ses_1', outcomes: [], usage } })
  const { index } = await records.over(run, 'ended', account, { interrupted: false })
  expect(await said(index)).toMatchObject({ usage: sum })

  const began = await records.started({ ...run, id: 'run_b' })
  trail.note({ kind: 'session.open', fields: { session: 'ses_2', run: 'run_b' } })
  await trail.durable({ kind: 'operation.outcome', fields: { session: 'ses_2', outcomes: [], usage } })
  const read = await records.over({ ...run, id: 'run_b' }, 'ended', new RunAccount(began, false), { interrupted: false })
  expect(await said(read.index)).toMatchObject({ usage: sum })
})

it('counts by resource what the log holds, where the account is not sure', async () => {
  const began = await records.started(run)
  const open = (session: string, resource: string, effect: string, id = 'run_a') =>
    trail.note({ kind: 'session.open', fields: { session, run: id, resource, effect } })
  open('ses_1', 'orders', 'allow')
  open('ses_2', 'stock', 'deny')
  open('ses_3', 'orders', 'allow')
  open('ses_4', 'orders', 'allow', 'run_b')
  const decisions = [
    [1, 'allow', [], 'p'],
    [2, 'ask', [], 'p'],
    [3, 'deny', [], 'p'],
  ]
  for (const session of ['ses_1', 'ses_3', 'ses_4']) {
    trail.note({
      kind: 'operation.intent',
      fields: {
        session,
        ops: [
          [1, 1, 1],
          [2, 1, 2],
          [3, 1, 3],
        ],
        decisions,
      },
    })
    const outcomes = [
      [1, 'completed', 1, 1, 1],
      [2, 'refused', 0, 0, 1],
      [3, 'refused', 0, 0, 1],
    ]
    trail.note({
      kind: 'operation.outcome',
      fields: {
        session,
        outcomes,
        masked: [
          [1, 'mail', 'email', 4],
          [1, 'mail', 'name', 1],
        ],
      },
    })
  }
  // The same, tried by another way.
  trail.note({ kind: 'operation.intent', fields: { session: 'ses_1', ops: [[4, 1, 3]], retries: [[4, 'ses_1', 3]] } })
  await trail.durable({ kind: 'operation.outcome', fields: { session: 'ses_1', outcomes: [[4, 'refused', 0, 0, 1]] } })
  const account = new RunAccount(began, false)
  // What was counted before is part of what the log holds.
  account.add({
    decisions: nothing,
    exact: true,
    share: { resource: 'old', sessions: 1, sessionsRefused: 0, operations: 1, refused: 0, held: 0, masked: 0 },
  })
  await records.over(run, 'ended', account, { interrupted: false })
  expect(account.shares).toEqual([
    { resource: 'orders', sessions: 2, sessionsRefused: 0, operations: 6, refused: 4, held: 2, masked: 10 },
    { resource: 'stock', sessions: 0, sessionsRefused: 1, operations: 0, refused: 0, held: 0, masked: 0 },
  ])
})

it('writes nothing twice when a crash interrupted it', async () => {
  const began = await records.started(run)
  await trail.durable({ kind: 'run.revoked', fields: { run: run.id } })
  const ended = await records.over(run, 'revoked', new RunAccount(began, false), { interrupted: true })
  expect(await said(ended.index)).toMatchObject({ first: 0, last: 1 })
  expect(await records.over(run, 'revoked', new RunAccount(began, false), { interrupted: true })).toEqual(ended)
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['run.start', 'run.revoked', 'run.end'])
})

it('makes up for a revocation that was not recorded', async () => {
  const began = await records.started(run)
  const ended = await records.over(run, 'revoked', new RunAccount(began, false), { interrupted: true })
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['run.start', 'run.revoked', 'run.end'])
  expect(await said(ended.index)).toMatchObject({ first: 0, last: 1 })
})

it('finds the start that a crash kept from being known, and says where it is none', async () => {
  const from = records.notBefore()
  await trail.durable({ kind: 'clock.step', fields: { ms: 1 } })
  const began = await records.started(run)
  expect(await records.find(run, from)).toEqual(began)
  expect(await records.find({ ...run, id: 'run_b' }, from)).toBeUndefined()
})

it('says nothing of a start in another log', async () => {
  const account = new RunAccount({ log: 'test.example/trail/before', index: 7 }, false)
  await session('ses_1')
  const { index } = await records.over(run, 'ended', account, { interrupted: false })
  expect(await said(index)).toMatchObject({ first: null, last: 3, decisions: { allow: 1, ask: 0, deny: 1 } })
})

it('rejects where the trail is closed, so that the next start tries again', async () => {
  const account = new RunAccount(await records.started(run), true)
  await house.close()
  await expect(records.over(run, 'ended', account, { interrupted: false })).rejects.toThrow('closed')
})

it('says that a run is suspended and by what, that it may go on, and which budgets it came to; its end counts all of that', async () => {
  const account = new RunAccount(await records.started(run), true)
  const crossing = { budget: 'a-day', per: 'workload', measure: 'rows', warn: true, limit: 1_000 } as const
  records.crossed(run, account, crossing)
  records.suspended(run, account, { at: 5, budget: 'default-refusals' })
  await records.resumed(run, account, 'operator')
  records.crowded({ ...run, id: 'run_b' }, { budget: 'two', per: 'principal', measure: 'concurrentRuns', warn: false, limit: 2 })
  expect(await records.over(run, 'ended', account, { interrupted: false })).toMatchObject({ index: 5 })
  const entries = await house.entries()
  expect(entries.map(({ kind }) => kind)).toEqual([
    'run.start',
    'budget.exceeded',
    'run.suspended',
    'run.resumed',
    'budget.exceeded',
    'run.end',
  ])
  expect(entries[1]?.fields).toEqual({ run: 'run_a', ...crossing })
  expect(entries[2]?.fields).toEqual({ run: 'run_a', budget: 'default-refusals' })
  expect(entries[3]?.fields).toEqual({ run: 'run_a', by: 'operator' })
  // Of a run that never started: who asked, and no run.
  expect(entries[4]?.fields).toMatchObject({ budget: 'two', who: { issuer: 'ci', pseudonym: expect.any(String) } })
  expect(entries[4]?.fields).not.toHaveProperty('run')
  expect(JSON.stringify(entries.map(({ fields }) => fields))).not.toContain('repo:1')
  expect(await said(5)).toMatchObject({ last: 3 })
})
