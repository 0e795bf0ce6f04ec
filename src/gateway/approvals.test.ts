import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { personOf } from '../../test/parts/approvals.ts'
import { ApprovingRooms, ASKING, approvingConfig } from '../../test/parts/approving-rooms.ts'
import { said } from '../../test/verify/verdicts.ts'
import type { PolicyOperator, ReplayReport } from '../api/local/index.ts'
import { createMasterKey } from '../credentials/index.ts'
import type { Waiting } from '../guard/index.ts'
import { type Grant, Refusal } from '../operations/index.ts'
import { trustKeys } from '../verify/policy.ts'
import { createReload } from './reload.ts'
import { replayOperator } from './replaying/index.ts'
import { rotateGatewayKey } from './rotate-master-key.ts'
import { searchTrail } from './search-trail.ts'

const bob = personOf('bob')
const ann = personOf('ann')
let folder: string
let house: ApprovingRooms
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-approving-'))
  house = await ApprovingRooms.open(folder)
})
afterEach(async () => {
  await house.close()
  rmSync(folder, { recursive: true, force: true })
})

async function approved(sql: string, waiting?: Waiting) {
  const { id, decided } = waiting ?? (await house.ask(sql))
  await house.approvals.decide(id, bob, 'approve', 'cli')
  const grant = await decided
  if (grant instanceof Refusal) throw grant
  return { grant, effective: house.effective(sql) }
}
const viewOf = (id: Grant['id']) => house.approvals.list().find((request) => request.id === id)
/** Ends it in order, and opens it over the same folder. */
async function again(config = {}): Promise<void> {
  await house.close()
  house = await ApprovingRooms.open(folder, config)
}

it('asks, lets it run once, and leaves a log that the verifier and a replay agree with', async () => {
  const run = await house.run()
  const waiting = await house.ask('DELETE FROM orders')
  expect(waiting).toMatchObject({ link: `https://gw.example.org/approvals/${waiting.id}`, hold: 45_000 })
  const release = await approved('DELETE FROM orders', waiting)
  const request = [house.decide('SELECT 1', 'select'), house.decide('DELETE FROM orders')]
  for (const answer of await house.admit(request, release)) {
    if (answer instanceof Refusal) throw answer
    answer.settle({ status: 'completed' })
  }
  const [second] = await house.admit([house.decide('DELETE FROM orders')], release)
  expect(second).toMatchObject({ code: 'GS_APPROVAL_USED' })
  const { id } = await house.ask('DELETE FROM items')
  await house.approvals.decide(id, bob, 'deny', 'cli', 'not today')
  await expect(house.ask('DELETE FROM items')).rejects.toMatchObject({ code: 'GS_APPROVAL_DENIED', ticket: id })
  await house.ask('DELETE FROM prices')
  house.rooms.runs.end(run.id)
  house.session.close('ended')
  await house.rooms.runs.recorded(2_000)
  expect(await house.story()).toEqual([
    ...['approval.asked', 'approval.decided approve', 'approval.used'],
    ...['approval.asked', 'approval.decided deny', 'approval.asked', 'approval.ended withdrawn run-ended'],
    'run.end ended',
  ])

  await house.rooms.trail.publish()
  const trust = trustKeys(house.rooms.trail.verifierKeys())
  const report = said(join(folder, 'data/trail/log'), { trust })
  expect(report).toMatchObject({ exit: 0, failed: {} })
  expect(report.passed).toContain('semantic')

  expect(await replayed(ASKING)).toMatchObject({ operations: 3, same: 3, changed: 0, untold: 0 })
  const changed = await replayed(ASKING.replace('effect: ask', 'effect: deny').replace(/, approvers: \{.*?\}/, ''))
  expect(changed).toMatchObject({ changed: 2, changes: [{ from: { effect: 'ask', rules: ['ask-first'] }, to: { effect: 'deny' } }] })
})

async function replayed(rules: string): Promise<ReplayReport> {
  const operator: PolicyOperator = replayOperator(house.rooms, 'test')
  const configuration = readFileSync(house.path, 'utf8').replace(ASKING, rules)
  const { signal } = new AbortController()
  for await (const step of await operator.replayPolicy({ configuration, examples: 0 }, signal)) if ('report' in step) return step.report
  throw new Error('a replay without a report')
}

it('is found by kind, run, who decided, what was asked for and why, like everything in the log', async () => {
  const run = await house.run()
  const waiting = await house.ask('DELETE FROM orders')
  await house.approvals.decide(waiting.id, bob, 'approve', 'cli', 'ticket 4711 asks for it')
  const grant = await waiting.decided
  if (grant instanceof Refusal) throw grant
  await house.admit([house.decide('DELETE FROM orders')], { grant, effective: house.effective('DELETE FROM orders') })
  const found = async (query: Parameters<typeof searchTrail>[2]['query']) => {
    const { entries } = await searchTrail(house.rooms, 'test', { query: { ...query, oldest: true }, limit: 20, opened: false })
    return entries.map(({ kind }) => kind).filter((kind) => kind !== 'log.read')
  }
  expect(await found({ kind: 'approval', run: run.id })).toEqual(['approval.asked', 'approval.decided', 'approval.used'])
  expect(await found({ who: 'okta:bob' })).toEqual(['approval.decided'])
  expect(await found({ text: '4711' })).toEqual(['approval.decided'])
  expect(await found({ decision: 'ask' })).toEqual(['operation.intent'])
  expect(await found({ kind: 'approval.asked', text: 'orders please' })).toEqual(['approval.asked'])
})

it('keeps a ticket over a restart, with what is asked for; whoever waited is gone', async () => {
  const run = await house.run()
  const ticket = await house.ask('DELETE FROM orders')
  ticket.becomeTicket()
  const held = await house.ask('DELETE FROM items')
  await again()
  expect(viewOf(held.id)).toMatchObject({ state: 'withdrawn' })
  expect(viewOf(ticket.id)).toMatchObject({ state: 'pending', mode: 'ticket' })
  const card = await house.approvals.view(ticket.id)
  expect(Buffer.from(card?.content?.effective.parts[0]?.content ?? []).toString()).toBe('DELETE FROM orders')
  await house.connect(run)
  const same = await house.ask('DELETE FROM orders')
  expect(same.id).toBe(ticket.id)
  const [answer] = await house.admit([house.decide('DELETE FROM orders')], await approved('DELETE FROM orders', same))
  expect(answer).not.toBeInstanceOf(Refusal)
})

it('shows what was asked for as it is recorded, once it is over', async () => {
  await house.run()
  const { id } = await house.ask("DELETE FROM users WHERE token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'")
  await house.approvals.decide(id, bob, 'deny', 'cli')
  const card = await house.approvals.view(id)
  const text = Buffer.from(card?.content?.effective.parts[0]?.content ?? []).toString()
  expect(text).toContain('DELETE FROM users')
  expect(text).not.toContain('ghp_0123456789')
  expect(card?.content?.claimed?.message).toBe('please')
})

it('takes other rules at a reload: what waits is withdrawn, what was approved is void, and nothing is asked under old ones', async () => {
  await house.run()
  const before = house.decide('DELETE FROM c')
  const waits = await house.ask('DELETE FROM a')
  const release = await approved('DELETE FROM b')
  approvingConfig(folder, { rules: `${ASKING}  - { name: more, effect: deny, do: [postgres.define] }\n` })
  expect(await createReload(house.rooms, house.path)()).toMatchObject({ changed: true })
  expect(await waits.decided).toMatchObject({ code: 'GS_APPROVAL_VOID' })
  expect(viewOf(release.grant.id)).toMatchObject({ state: 'void', why: 'changed' })
  const [answer] = await house.admit([house.decide('DELETE FROM b')], release)
  expect(answer).toMatchObject({ code: 'GS_APPROVAL_VOID' })
  await expect(house.rooms.guard.ask(house.session, [before], house.effective('DELETE FROM c'))).rejects.toMatchObject({
    code: 'GS_APPROVAL_VOID',
  })
  // Whoever changed the rules a moment ago may be the one who approves.
  const { id } = await house.ask('DELETE FROM d')
  await house.approvals.decide(id, bob, 'approve', 'cli')
  expect(viewOf(id)?.decisions).toMatchObject([{ separation: 'unproven' }])
})

it('takes what is asked away with its card: of an erased session nothing waits for an answer', async () => {
  await house.run()
  const waiting = await house.ask('DELETE FROM orders')
  waiting.becomeTicket()
  const { id: session } = house.session
  house.session.close('client-closed')
  await expect.poll(() => house.rooms.runs.sessions()).toEqual([])
  const { retention } = house.rooms
  const { request } = await retention.operator('ann', ann).eraseTrail({ scope: { session }, reason: 'asked for', dryRun: false })
  expect(viewOf(waiting.id)).toMatchObject({ state: 'pending' })
  await retention.operator('joe', personOf('joe')).approveErasure(request?.id ?? '')
  expect(viewOf(waiting.id)).toMatchObject({ state: 'withdrawn', why: 'erased' })
  expect((await house.approvals.view(waiting.id))?.content).toBeUndefined()
  await expect(house.approvals.decide(waiting.id, bob, 'approve', 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
})

it('moves what is asked to a new master key, names of those who said yes too', async () => {
  await house.close()
  house = await ApprovingRooms.open(folder, { rules: ASKING.replace('[okta/sre] }', '[okta/sre], count: 2 }') })
  const run = await house.run()
  const waiting = await house.ask('DELETE FROM orders')
  waiting.becomeTicket()
  await house.approvals.decide(waiting.id, bob, 'approve', 'cli')
  await house.close()
  await createMasterKey(join(folder, 'new.key'))
  const { moved } = await rotateGatewayKey(house.path, { from: 'file', path: join(folder, 'new.key') }, pino({ level: 'silent' }))
  expect(moved).toMatchObject({ approvals: 2 })
  house = await ApprovingRooms.open(folder, { key: 'new', rules: ASKING.replace('[okta/sre] }', '[okta/sre], count: 2 }') })
  const card = await house.approvals.view(waiting.id)
  expect(Buffer.from(card?.content?.effective.parts[0]?.content ?? []).toString()).toBe('DELETE FROM orders')
  expect(card?.content?.names).toMatchObject([{ displayName: 'bob of okta' }])
  await house.connect(run)
  const same = await house.ask('DELETE FROM orders')
  await house.approvals.decide(same.id, ann, 'approve', 'cli')
  expect(await same.decided).not.toBeInstanceOf(Refusal)
})

it('ends what is asked before the gateway says that it stops, and recorded it within the run', async () => {
  await house.run()
  await house.ask('DELETE FROM orders')
  await again()
  const kinds: string[] = []
  for await (const { kind } of house.rooms.trail.read()) kinds.push(kind)
  expect(kinds.indexOf('approval.ended')).toBeLessThan(kinds.indexOf('gateway.stop'))
})
