import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf, POLICY, personOf, termsOf } from '../../test/parts/approvals.ts'
import { type Grant, Refusal, type Run } from '../operations/index.ts'
import type { AtRelease } from './approvals.ts'
import { effectiveDigest } from './effective-digest.ts'

const DELETE = 'DELETE FROM orders WHERE id = 7'
const bob = personOf('bob')

let house: ApprovalHouse
let run: Run
beforeEach(async () => {
  house = await new ApprovalHouse().open()
  run = await house.run()
})
afterEach(async () => {
  await house.close()
  await house.remove()
})

async function granted(sql = DELETE, mode: 'hold' | 'ticket' = 'ticket'): Promise<Grant> {
  const asked = await house.ask(run, sql, {}, mode)
  await house.approvals.decide(asked.id, bob, 'approve', 'cli')
  const grant = await (await house.ask(run, sql, {}, mode)).decided
  if (grant instanceof Refusal) throw grant
  return grant
}

describe('what was approved', () => {
  it('is used once, and its entry stands right before the intent', async () => {
    const grant = await granted()
    const { live } = house.sessionOf(run)
    expect(house.approvals.spend(grant, house.release(run, DELETE))).toBeUndefined()
    house.trail.append({ kind: 'operation.intent', fields: { session: live.id, ops: [[1, 1, 1]] } })
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_USED', ticket: grant.id })
    const kinds = (await house.at.entries()).map(({ kind }) => kind)
    expect(kinds.slice(-2)).toEqual(['approval.used', 'operation.intent'])
    expect((await house.entries()).at(-1)?.fields).toEqual({ approval: grant.id, run: 'run_a', session: live.id })
  })

  it('is used by one of two sessions that held for it', async () => {
    const [first, second] = [await house.ask(run, DELETE), await house.ask(run, DELETE)]
    await house.approvals.decide(first.id, bob, 'approve', 'cli')
    const grants = (await Promise.all([first.decided, second.decided])) as Grant[]
    expect(grants.map((grant) => house.approvals.spend(grant, house.release(run, DELETE))?.code)).toEqual([undefined, 'GS_APPROVAL_USED'])
  })

  it.each<[string, Partial<AtRelease>]>([
    ['one byte of the operation', { digest: effectiveDigest('run_a', effectiveOf(`${DELETE} `)) }],
    [
      'the search path',
      { digest: effectiveDigest('run_a', effectiveOf(DELETE, { session: { search_path: 'evil', user: 'gatescribe' } })) },
    ],
    ['the database', { digest: effectiveDigest('run_a', effectiveOf(DELETE, { database: 'other' })) }],
    ['the run', { digest: effectiveDigest('run_b', effectiveOf(DELETE)) }],
    ['the policy', { policy: 'sha256:policy-2' }],
    ['whom to ask', { terms: termsOf({ requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count: 2 }] }) }],
    ['that anybody is asked', { terms: undefined }],
  ])('is void where something else than it would happen: %s', async (_, changed) => {
    const grant = await granted()
    expect(await house.spend(run, DELETE, grant, changed)).toMatchObject({ code: 'GS_APPROVAL_VOID', ticket: grant.id })
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_VOID' })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended void changed'])
  })

  it('cannot be used with a grant of another operation, or one that was made up', async () => {
    const grant = await granted()
    const other = { ...grant, digest: effectiveDigest('run_a', effectiveOf('DROP TABLE orders')) }
    expect(await house.spend(run, 'DROP TABLE orders', other)).toMatchObject({ code: 'GS_APPROVAL_VOID' })
    expect(await house.spend(run, DELETE, { ...grant, id: 'apr_none' })).toMatchObject({ code: 'GS_APPROVAL_VOID' })
    const waits = await house.ask(run, DELETE)
    expect(await house.spend(run, DELETE, { ...grant, id: waits.id })).toMatchObject({ code: 'GS_APPROVAL_VOID' })
  })

  it('cannot be used when its time is over, whether or not that was noticed', async () => {
    const grant = await granted()
    house.now = grant.usableUntil
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_EXPIRED' })
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_EXPIRED' })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended expired'])
  })

  it('cannot be used once it was taken back, or the run was revoked', async () => {
    const [first, second] = [await granted(), await granted('DROP TABLE orders')]
    await house.approvals.revoke(first.id, bob, 'cli')
    expect(await house.spend(run, DELETE, first)).toMatchObject({ code: 'GS_APPROVAL_DENIED' })
    house.runs.revoke(run.id, 'local-operator')
    expect(await house.spend(run, 'DROP TABLE orders', second)).toMatchObject({ code: 'GS_RUN_ENDED' })
  })
})

describe('after a restart', () => {
  it('tickets stay and can be approved, what was approved can be used, holds are withdrawn, denied stays denied', async () => {
    const ticket = await house.ask(run, DELETE, {}, 'ticket')
    const approved = await granted('UPDATE orders SET paid = true')
    const hold = await house.ask(run, 'DROP TABLE a')
    const denied = await house.ask(run, 'DROP TABLE b', {}, 'ticket')
    await house.approvals.decide(denied.id, bob, 'deny', 'cli')
    await house.crash()
    await house.open()
    const states = new Map(house.approvals.list().map(({ id, state, why }) => [id, [state, why]]))
    expect(states.get(ticket.id)).toEqual(['pending', undefined])
    expect(states.get(approved.id)).toEqual(['approved', undefined])
    expect(states.get(hold.id)).toEqual(['withdrawn', 'interrupted'])
    expect(states.get(denied.id)).toEqual(['denied', undefined])
    await expect(house.ask(run, 'DROP TABLE b')).rejects.toMatchObject({ code: 'GS_APPROVAL_DENIED', ticket: denied.id })
    expect(await house.spend(run, 'UPDATE orders SET paid = true', approved)).toBeUndefined()
    const card = await house.approvals.view(ticket.id)
    expect(Buffer.from(card?.content?.effective.parts[0]?.content ?? []).toString()).toBe(DELETE)
    expect((await house.approvals.decide(ticket.id, bob, 'approve', 'cli')).state).toBe('approved')
    const again = await house.ask(run, DELETE)
    expect(again.id).toBe(ticket.id)
    const grant = await again.decided
    if (grant instanceof Refusal) throw grant
    expect(await house.spend(run, DELETE, grant)).toBeUndefined()
  })

  it('the same person is still known not to be two', async () => {
    const terms = termsOf({ requirements: [{ rule: 'r', groups: ['okta/sre', 'entra/sre'], count: 2 }] })
    const { id } = await house.ask(run, DELETE, { terms }, 'ticket')
    await house.approvals.decide(id, bob, 'approve', 'cli')
    await house.crash()
    await house.open()
    expect((await house.approvals.view(id))?.content?.names).toEqual([
      { who: house.trail.pseudonym('okta', 'bob'), displayName: 'bob of okta' },
    ])
    const elsewhere = personOf('bob', { person: { kind: 'person', issuer: 'entra', subject: '77', groups: ['entra/sre'] } })
    expect((await house.approvals.decide(id, elsewhere, 'approve', 'cli')).state).toBe('pending')
    expect((await house.approvals.decide(id, personOf('carol'), 'approve', 'cli')).state).toBe('approved')
  })

  it('what ran out in between is over, and so is what was asked under another policy or by a run that is over', async () => {
    const ticket = await house.ask(run, DELETE, { terms: termsOf({ for: 60_000 }) }, 'ticket')
    const other = await house.ask(await house.run('run_b'), DELETE, {}, 'ticket')
    await house.story()
    await house.crash()
    house.now += 60_000
    await house.open()
    expect((await house.approvals.view(ticket.id))?.request).toMatchObject({ state: 'expired' })
    await house.crash()
    await house.open('sha256:policy-2')
    expect((await house.approvals.view(other.id))?.request).toMatchObject({ state: 'withdrawn', why: 'changed' })
    await expect(house.ask(run, DELETE, { policy: POLICY })).rejects.toMatchObject({ code: 'GS_APPROVAL_VOID' })
  })

  it('nothing is used twice, wherever a crash comes between store and trail', async () => {
    const grant = await granted()
    expect(house.approvals.spend(grant, house.release(run, DELETE))).toBeUndefined()
    // The process ends before the batch is written: the store knows, and the trail does not.
    house.at.trail?.abandon(new (await import('../trail/index.ts')).TrailError('GS_TRAIL_FAILED'))
    await house.crash()
    await house.open()
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_USED' })
    const story = await house.story()
    expect(story.slice(0, 2)).toEqual(['asked', 'decided approve'])
    expect(['used', 'ended used interrupted']).toContain(story[2])
    await house.crash()
    await house.open()
    expect(await house.story()).toEqual(story)
  })
})
