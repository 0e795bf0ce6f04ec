import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import { withoutIds } from '../../../test/parts/without-ids.ts'
import type { ErasureAsked } from '../../api/local/index.ts'
import type { ErasingPerson } from './two-persons.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained(true)
  await house.open()
  await house.whole('run_a', 'alice', 'alpha')
  await house.whole('run_b', 'alice', 'beta')
})
afterEach(() => house.remove())

const code = (name: string) => expect.objectContaining({ code: `GS_RETENTION_${name}` })

function person(subject: string, issuer = 'okta', accounts: Record<string, string> = {}): ErasingPerson {
  return { person: { kind: 'person', issuer, subject, groups: [] }, displayName: `${subject} by name`, accounts }
}
const pseudonym = (of: ErasingPerson) => house.trail.pseudonym(of.person.issuer, of.person.subject)
const as = (who: ErasingPerson) => house.retention.operator(pseudonym(who), who)
const ask = (who: ErasingPerson, scope: ErasureAsked['scope'] = { run: 'run_a' }) =>
  as(who).eraseTrail({ scope, reason: 'by letter', dryRun: false })
const asked = async (who: ErasingPerson, scope?: ErasureAsked['scope']) => (await ask(who, scope)).request!.id

/** An operation of a run was approved, as approvals record it. */
async function approved(run: string, who: ErasingPerson): Promise<void> {
  const name = pseudonym(who)
  const { person: at, displayName, accounts } = who
  const content = Buffer.from(JSON.stringify({ issuer: at.issuer, subject: at.subject, displayName, accounts }))
  await house.trail.durable({
    kind: 'approval.decided',
    fields: { approval: 'apr_1', run, verdict: 'approve', who: { pseudonym: name, kind: 'person', proof: 'proven' } },
    payloads: [{ name: 'person', key: house.trail.subjectKey(name), content }],
  })
}

const [ada, grace, ken] = [person('ada'), person('grace'), person('ken')]
async function told(kind: string) {
  await new Promise((resolve) => house.trail.whenDurable(resolve))
  return (await house.entries()).filter((entry) => entry.kind === kind)
}
const contents = async () =>
  (await house.entries()).flatMap((entry) => entry.payloads().map(({ content }) => content?.toString() ?? '')).join('\n')

describe('where people sign in', () => {
  it('one asks, and nothing goes; another approves, and it goes; the log names both', async () => {
    const report = await ask(ada)
    expect(report).toMatchObject({ scope: 'run', run: 'run_a', keys: 1, request: { state: 'asked', by: pseudonym(ada) } })
    expect(report.entry).toBeUndefined()
    expect(await contents()).toContain('select alpha')
    const done = await as(grace).approveErasure(report.request!.id)
    expect(await contents()).not.toContain('select alpha')
    expect(await contents()).toContain('select beta')
    const [erased] = await told('erased')
    expect(erased).toMatchObject({
      index: done.entry,
      fields: { run: 'run_a', request: report.request!.id, by: pseudonym(ada), approvedBy: pseudonym(grace), persons: 'proven' },
    })
    expect(
      erased!
        .payloads()
        .find(({ name }) => name === 'reason')
        ?.content?.toString(),
    ).toBe('by letter')
    expect(await as(ken).erasureRequests()).toMatchObject([{ state: 'approved', endedBy: pseudonym(grace), entry: done.entry }])
    expect(withoutIds(JSON.stringify((await house.entries()).map(({ fields }) => fields)))).not.toMatch(/by name|ada|grace/)
  })

  it('the local operator may look at what would go, and erases nothing', async () => {
    expect(await house.operator.eraseTrail({ scope: { run: 'run_a' }, reason: 'by letter', dryRun: true })).toMatchObject({ keys: 1 })
    await expect(house.operator.eraseTrail({ scope: { run: 'run_a' }, reason: 'by letter', dryRun: false })).rejects.toEqual(
      code('TWO_PERSONS'),
    )
    await expect(house.operator.approveErasure(await asked(ada))).rejects.toEqual(code('TWO_PERSONS'))
    expect(await told('erased')).toEqual([])
  })

  it('one person is not two: not by the same account, not by one that is linked to it from either side', async () => {
    const id = await asked(ada)
    for (const same of [ada, person('ada@entra', 'entra', { okta: 'ada' })])
      await expect(as(same).approveErasure(id)).rejects.toEqual(code('SAME_PERSON'))
    const other = await asked(person('ken', 'okta', { github: '17' }), { run: 'run_b' })
    await expect(as(person('k', 'entra', { github: '17' })).approveErasure(other)).rejects.toEqual(code('SAME_PERSON'))
    expect(await told('erased')).toEqual([])
  })

  it('nobody erases operations that they approved, as the one who asks or the one who approves, by linked accounts neither', async () => {
    await approved('run_a', grace)
    await approved('run_b', person('k', 'entra', { okta: 'ken' }))
    await expect(ask(grace)).rejects.toEqual(code('APPROVED_THERE'))
    const id = await asked(ada)
    await expect(as(grace).approveErasure(id)).rejects.toEqual(code('APPROVED_THERE'))
    await expect(ask(ken, { run: 'run_b' })).rejects.toEqual(code('APPROVED_THERE'))
    await expect(ask(ken, { issuer: 'ci', subject: 'alice' })).rejects.toEqual(code('APPROVED_THERE'))
    // Nothing of this run is theirs.
    await as(ken).approveErasure(id)
    expect(await told('erased')).toHaveLength(1)
  })

  it('looks at it again when it is carried out: who asked may have approved something since', async () => {
    const id = await asked(ada)
    await approved('run_a', ada)
    await expect(as(grace).approveErasure(id)).rejects.toEqual(code('APPROVED_THERE'))
    const held = await asked(ada, { run: 'run_b' })
    await house.operator.placeHold({ run: 'run_b', reason: 'case' })
    await expect(as(grace).approveErasure(held)).rejects.toEqual(code('HELD'))
    expect(await as(ken).erasureRequests()).toMatchObject([{ state: 'asked' }, { state: 'asked' }])
  })

  it('is asked once; denied or withdrawn it can be asked again', async () => {
    const id = await asked(ada)
    await expect(ask(grace)).rejects.toEqual(code('ASKED'))
    expect(await as(grace).denyErasure(id, 'not yet')).toMatchObject({ state: 'denied', endedBy: pseudonym(grace) })
    await expect(as(ken).approveErasure(id)).rejects.toEqual(code('REQUEST_OVER'))
    expect(await as(ada).denyErasure(await asked(ada), undefined)).toMatchObject({ state: 'withdrawn' })
    expect((await told('erasure.ended')).map(({ fields }) => fields.state)).toEqual(['denied', 'withdrawn'])
    await expect(as(ken).approveErasure('erq_0')).rejects.toEqual(code('NOT_ASKED'))
  })

  it('survives a restart, and is over after a day', async () => {
    const id = await asked(ada)
    await house.again()
    expect(await as(grace).erasureRequests()).toMatchObject([{ id, state: 'asked' }])
    house.day += 1.5
    await expect(as(grace).approveErasure(id)).rejects.toEqual(code('REQUEST_OVER'))
    expect((await told('erasure.ended')).map(({ fields }) => fields.state)).toEqual(['expired'])
    expect(await told('erased')).toEqual([])
  })

  it('shows who asked and why to whoever opens it, and records that; not once the one who asked is erased', async () => {
    const id = await asked(ada)
    expect(await as(grace).erasureRequest(id)).toMatchObject({ asker: { displayName: 'ada by name' }, reason: 'by letter' })
    expect((await told('log.read')).at(-1)?.fields).toEqual({ erasure: id, opened: true, viewer: pseudonym(grace) })
    const self = await asked(grace, { pseudonym: pseudonym(ada) })
    await as(ken).approveErasure(self)
    expect(await as(grace).erasureRequest(id)).not.toHaveProperty('asker')
    await expect(as(grace).approveErasure(id)).rejects.toEqual(code('ASKER_UNKNOWN'))
  })

  it('withdraws what a person asked for who is revoked', async () => {
    const id = await asked(ada)
    await house.retention.withdrawOf(pseudonym(ada), 'somebody')
    await expect(as(grace).approveErasure(id)).rejects.toEqual(code('REQUEST_OVER'))
  })

  it('is not carried out by, nor for, somebody who was revoked since, by whatever account', async () => {
    const id = await asked(ada)
    house.revoked.add('grace')
    await expect(as(grace).approveErasure(id)).rejects.toMatchObject({ code: 'GS_PEOPLE_REVOKED' })
    house.revoked.add('ada')
    await expect(as(ken).approveErasure(id)).rejects.toEqual(code('REQUEST_OVER'))
    expect(await as(ken).erasureRequests()).toMatchObject([{ state: 'withdrawn' }])
    expect(await told('erased')).toEqual([])
  })

  it('lets no more than a few wait', async () => {
    for (let n = 0; n < 20; n++) {
      const run = `run_n${n}` as const
      await house.whole(run, 'bob', `text ${n}`)
      await ask(ada, { run })
    }
    await expect(ask(ada)).rejects.toEqual(code('TOO_MANY'))
  })
})
