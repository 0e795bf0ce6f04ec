import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, personOf, termsOf } from '../../test/parts/approvals.ts'
import { withoutIds } from '../../test/parts/without-ids.ts'
import type { ApprovalId, Run } from '../operations/index.ts'

const HOUR = 3_600_000
const DELETE = 'DELETE FROM orders WHERE id = 7'
const [alice, bob, carol] = [personOf('alice'), personOf('bob'), personOf('carol')]

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

const ask = async (more: Parameters<typeof termsOf>[0] = {}, sql = DELETE) =>
  (await house.ask(run, sql, { terms: termsOf(more) }, 'ticket')).id
const approve = (id: ApprovalId, person = bob) => house.approvals.decide(id, person, 'approve', 'cli')
const deny = (id: ApprovalId, person = bob, reason?: string) => house.approvals.decide(id, person, 'deny', 'console', reason)
const two = { requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count: 2 }] }

describe('a decision', () => {
  it('is recorded with who it was under a pseudonym; the name and the reason are payloads of the person', async () => {
    const id = await ask()
    await deny(id, bob, 'Use the archive instead; the token is gs_run_0123456789abcdefghjkmnpqrstvwxyz.')
    const decided = (await house.entries())[1]
    expect(decided?.fields).toEqual({
      approval: id,
      run: 'run_a',
      verdict: 'deny',
      complete: true,
      who: { pseudonym: house.trail.pseudonym('okta', 'bob'), kind: 'person', proof: 'proven' },
      channel: 'console',
      rules: ['ask-first'],
      independence: 'proven',
      separation: 'unproven',
    })
    const payloads = decided?.payloads() ?? []
    expect(payloads.map(({ name }) => name)).toEqual(['person', 'reason'])
    expect(new Set(payloads.map(({ key }) => key))).toEqual(new Set([house.trail.subjectKeyId(house.trail.pseudonym('okta', 'bob'))]))
    expect(Buffer.from(payloads[1]?.content ?? []).toString()).toMatch(/^Use the archive instead/)
    expect(withoutIds(Buffer.from(decided?.bytes ?? []).toString())).not.toMatch(/bob|archive/)
  })

  it.each(['approve', 'deny'] as const)('to %s that is made twice is one, at whatever speed', async (verdict) => {
    const id = await ask()
    const decide = () => house.approvals.decide(id, bob, verdict, 'console')
    const [first, second] = await Promise.all([decide(), decide()])
    expect(second).toEqual(first)
    expect((await decide()).state).toBe(verdict === 'approve' ? 'approved' : 'denied')
    expect(await house.story()).toEqual(['asked', `decided ${verdict}`])
  })

  it('counts once where two persons make it at the same time', async () => {
    const id = await ask()
    const answers = await Promise.allSettled([approve(id, bob), approve(id, carol)])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(answers[1]).toMatchObject({ reason: { code: 'GS_APPROVALS_OVER' } })
    expect(await house.story()).toEqual(['asked', 'decided approve'])
  })

  it('of the first counts where one says yes and another no', async () => {
    const [first, second] = [await ask(), await ask({}, 'DROP TABLE orders')]
    await Promise.allSettled([approve(first, bob), deny(first, carol)])
    await Promise.allSettled([deny(second, carol), approve(second, bob)])
    expect(house.approvals.list().map(({ state }) => state)).toEqual(['denied', 'approved'])
  })

  it('does not count for a request that nobody made, nor before it is recorded', async () => {
    await expect(approve('apr_none')).rejects.toMatchObject({ code: 'GS_APPROVALS_UNKNOWN' })
    const asking = house.ask(run, DELETE)
    const [{ id } = { id: 'apr_none' as const }] = house.approvals.list()
    expect(id).toBe('apr_none')
    await asking
  })
})

describe('whom a rule names', () => {
  it.each([
    ['a member of the group', personOf('bob', { roles: new Set() }), ['okta/sre'], true],
    ['an approver who is not in the group', personOf('bob', { groups: ['okta/dev'] }), ['okta/sre'], false],
    ['an admin who is not in the group', personOf('bob', { groups: [], roles: new Set(['admin' as const]) }), ['okta/sre'], false],
    ['an approver, where it names no group', personOf('bob', { groups: [] }), undefined, true],
    ['an admin, where it names no group', personOf('bob', { groups: ['okta/sre'], roles: new Set(['admin' as const]) }), undefined, false],
  ] as const)('%s', async (_, person, groups, may) => {
    const id = await ask({ requirements: [{ rule: 'r', count: 1, ...(groups && { groups }) }] })
    for (const verdict of ['approve', 'deny'] as const) {
      const answer = house.approvals.decide(id, person, verdict, 'cli')
      if (!may) await expect(answer).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_YOURS' })
      else if (verdict === 'approve') expect((await answer).state).toBe('approved')
      else await expect(answer).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    }
  })

  it('as many different persons as it says', async () => {
    const id = await ask(two)
    expect(await approve(id, bob)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1, needed: 2 }] })
    expect(await approve(id, bob)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1 }] })
    expect(await approve(id, carol)).toMatchObject({ state: 'approved', requirements: [{ approvals: 2 }] })
    expect((await house.entries()).map(({ fields }) => fields.complete)).toEqual([undefined, false, true])
  })

  it('never one person with two accounts', async () => {
    const id = await ask({ requirements: [{ rule: 'r', groups: ['okta/sre', 'entra/sre'], count: 2 }] })
    await approve(id, bob)
    const elsewhere = { kind: 'person' as const, issuer: 'entra', subject: '77', groups: ['entra/sre'] }
    const again = personOf('bob', { person: elsewhere, accounts: { ci: 'bob@ci' } })
    expect(await approve(id, again)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1 }] })
    const another = personOf('dave', { person: elsewhere, accounts: { ci: 'dave@ci' } })
    expect((await approve(id, another)).state).toBe('approved')
  })

  it('of several rules all must be met; one person may count for several', async () => {
    const requirements = [
      { rule: 'sre-first', groups: ['okta/sre'], count: 1 },
      { rule: 'data-first', groups: ['okta/data'], count: 2 },
    ]
    const id = await ask({ requirements })
    expect((await approve(id, personOf('bob', { groups: ['okta/sre', 'okta/data'] }))).state).toBe('pending')
    expect((await approve(id, carol)).state).toBe('pending')
    expect((await approve(id, personOf('dave', { groups: ['okta/data'] }))).state).toBe('approved')
    expect((await house.entries()).slice(1).map(({ fields }) => fields.rules)).toEqual([
      ['sre-first', 'data-first'],
      ['sre-first'],
      ['data-first'],
    ])
  })

  it('lets one who said yes change their mind while others are asked', async () => {
    const id = await ask(two)
    await approve(id, bob)
    expect((await deny(id, bob)).state).toBe('denied')
    await expect(approve(id, bob).then(({ state }) => state)).resolves.toBe('denied')
    await expect(approve(id, carol)).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
  })
})

describe('independence', () => {
  it('keeps whoever started the run from approving, but not from denying', async () => {
    const eve = personOf('eve')
    const id = await ask()
    await expect(approve(id, eve)).rejects.toMatchObject({ code: 'GS_APPROVALS_OWN' })
    expect(await deny(id, eve)).toMatchObject({ state: 'denied', decisions: [{ independence: 'unproven' }] })
  })

  it('keeps whoever is not linked from approving, by default', async () => {
    const id = await ask()
    await expect(approve(id, personOf('bob', { accounts: {} }))).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_INDEPENDENT' })
    expect(await house.story()).toEqual(['asked'])
  })

  it('takes one person more where the configuration says so, and says that it is not proven', async () => {
    house.settings = { unlinkedLauncher: 'extra' }
    const [one, other] = [personOf('bob', { accounts: {} }), personOf('carol', { accounts: {} })]
    const id = await ask()
    expect(await approve(id, one)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1, needed: 2 }] })
    expect(await approve(id, other)).toMatchObject({ state: 'approved' })
    expect((await house.entries()).slice(1).map(({ fields }) => fields.independence)).toEqual(['unproven', 'unproven'])
    const second = await ask({}, 'DROP TABLE orders')
    await approve(second, one)
    expect(await approve(second, alice)).toMatchObject({ state: 'approved', requirements: [{ needed: 1 }] })
  })
})

describe('separation', () => {
  it('is not proven for 24 hours after a change of the policy or of who may approve, also over a restart', async () => {
    const separations = async () => (await house.entries()).flatMap(({ fields }) => fields.separation ?? [])
    await approve(await ask())
    house.now += 24 * HOUR
    await approve(await ask({}, 'DELETE FROM a'))
    await house.close()
    await house.open()
    await approve(await ask({}, 'DELETE FROM b'))
    await house.close()
    await house.open('sha256:policy-2')
    const asked = await house.ask(run, 'DELETE FROM c', { policy: 'sha256:policy-2' }, 'ticket')
    await approve(asked.id)
    house.now += 24 * HOUR
    house.approvals.usePolicy('sha256:policy-2', 'sha256:people-2')
    const again = await house.ask(run, 'DELETE FROM d', { policy: 'sha256:policy-2' }, 'ticket')
    await approve(again.id)
    expect(await separations()).toEqual(['unproven', 'proven', 'proven', 'unproven', 'unproven'])
  })
})

describe('a yes', () => {
  it('comes too late once the time is over, whether or not that was noticed', async () => {
    const id = await ask({ for: 60_000 })
    house.now += 60_000
    await expect(approve(id)).rejects.toMatchObject({ code: 'GS_APPROVALS_EXPIRED' })
    await expect(approve(id)).rejects.toMatchObject({ code: 'GS_APPROVALS_EXPIRED' })
    expect(await house.story()).toEqual(['asked', 'ended expired'])
  })

  it('that is being recorded when the time is over counts; one more that is missing then does not come', async () => {
    const [whole, half] = [await ask({ for: 60_000 }), await ask({ ...two, for: 60_000 }, 'DROP TABLE orders')]
    const both = Promise.allSettled([approve(whole), approve(half)])
    house.now += 60_000
    expect((await both).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(house.approvals.list().map(({ state }) => state)).toEqual(['expired', 'approved'])
  })

  it('that is being recorded while the request is withdrawn approves nothing', async () => {
    const asked = await house.ask(run, DELETE)
    const answer = approve(asked.id)
    asked.leave('disconnected')
    await expect(answer).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    expect(await asked.decided).toMatchObject({ code: 'GS_APPROVAL_WITHDRAWN' })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended withdrawn disconnected'])
  })

  it('that is being recorded while the run is revoked approves nothing, and stands before the end of the run', async () => {
    const asked = await house.ask(run, DELETE)
    await house.leave(run)
    const answer = approve(asked.id)
    house.runs.revoke(run.id, 'local-operator')
    await expect(answer).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    await house.runs.recorded(2_000)
    const entries = (await house.at.entries()).filter(({ fields }) => fields.run === run.id)
    expect(entries.map(({ kind }) => kind).at(-1)).toBe('run.end')
    expect(entries.at(-1)?.fields.last).toBe(entries.at(-2)?.index)
  })
})

describe('taking back', () => {
  it('ends what was approved and not used, for good', async () => {
    const id = await ask()
    await approve(id)
    expect((await house.approvals.revoke(id, carol, 'cli', 'wrong table')).state).toBe('revoked')
    expect((await house.approvals.revoke(id, carol, 'cli')).state).toBe('revoked')
    await expect(house.ask(run, DELETE)).rejects.toMatchObject({ code: 'GS_APPROVAL_DENIED', ticket: id })
    const ended = (await house.entries()).at(-1)
    expect(ended?.fields).toMatchObject({ state: 'revoked', by: house.trail.pseudonym('okta', 'carol'), channel: 'cli' })
    expect(ended?.payloads().map(({ name }) => name)).toEqual(['person', 'reason'])
  })

  it('is for whoever could have approved, for administrators and for the operator of the machine', async () => {
    const nobody = personOf('mallory', { groups: [] })
    const admin = personOf('root', { groups: [], roles: new Set(['admin' as const]) })
    for (const [by, may] of [
      [nobody, false],
      [admin, true],
      ['local-operator', true],
    ] as const) {
      const id = await ask({}, `DELETE FROM ${typeof by === 'string' ? by : by.displayName}`)
      await approve(id)
      const answer = house.approvals.revoke(id, by, 'cli')
      if (may) expect((await answer).state).toBe('revoked')
      else await expect(answer).rejects.toMatchObject({ code: 'GS_APPROVALS_NOT_YOURS' })
    }
  })

  it('is no way to end what still waits, or is over', async () => {
    const id = await ask()
    await expect(house.approvals.revoke(id, bob, 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    await deny(id)
    await expect(house.approvals.revoke(id, bob, 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
  })
})
