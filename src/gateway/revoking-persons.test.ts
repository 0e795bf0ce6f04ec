import { afterEach, beforeEach, expect, it } from 'vitest'
import { ApprovalHouse, personOf, termsOf } from '../../test/parts/approvals.ts'
import { settingsOf, startPeople, type TestPeople } from '../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../test/parts/people-issuer.ts'
import type { Run } from '../operations/index.ts'
import { PeopleRecords } from './people-records.ts'
import { personOperator } from './revoking-persons.ts'

let issuer: TestPeopleIssuer
let house: ApprovalHouse
let people: TestPeople
let run: Run
const withdrawn: string[] = []

beforeEach(async () => {
  issuer = await startPeopleIssuer({ accounts: {} })
  house = await new ApprovalHouse().open()
  people = startPeople([settingsOf(issuer)], {}, undefined, (at, subject) => house.trail.pseudonym(at, subject))
  run = await house.run()
  withdrawn.length = 0
})
afterEach(async () => {
  people.close()
  await house.close()
  await house.remove()
  await issuer.close()
})

const ADA = { issuer: 'okta', subject: 'ada' }
const [ada, grace] = [personOf('ada'), personOf('grace')]

function operator() {
  const { approvals, trail } = house
  const retention = { withdrawOf: async (pseudonym: string) => void withdrawn.push(pseudonym) }
  const records = new PeopleRecords(trail)
  return personOperator({ people: { signIn: people.people, records }, approvals, retention, trail }, { name: 'local-operator' })
}

async function ask(sql: string, count = 1): Promise<`apr_${string}`> {
  const terms = termsOf({ requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count }] })
  return (await house.approvals.ask(house.asked(run, sql, { terms }), 'ticket')).id
}
const approve = (id: `apr_${string}`, person = ada) => house.approvals.decide(id, person, 'approve', 'cli')
const stateOf = (id: string) => house.approvals.list().find((request) => request.id === id)

it('takes back what the person approved, whole or in part, and leaves what others approved', async () => {
  const [whole, part, others, open] = [await ask('DELETE 1'), await ask('DELETE 2', 2), await ask('DELETE 3'), await ask('DELETE 4')]
  await approve(whole)
  await approve(part)
  await approve(others, grace)
  expect(await operator().revokePerson(ADA, 'left the company')).toMatchObject({ sessions: 0, approvals: 2 })
  expect([stateOf(whole), stateOf(part), stateOf(others), stateOf(open)]).toMatchObject([
    { state: 'revoked' },
    { state: 'withdrawn', why: 'person-revoked' },
    { state: 'approved' },
    { state: 'pending' },
  ])
  expect(withdrawn).toEqual([house.trail.pseudonym('okta', 'ada')])
})

it('takes back a yes that is on its way to the disk while the person is revoked', async () => {
  const id = await ask('DELETE 1')
  const answering = approve(id).catch(() => undefined)
  await operator().revokePerson(ADA, undefined)
  await answering
  expect(stateOf(id)?.state).toMatch(/^(revoked|withdrawn)$/)
})

it('is recorded with a pseudonym; names and reasons are payloads of the person', async () => {
  await operator().revokePerson(ADA, 'left the company')
  await operator().restorePerson({ pseudonym: house.trail.pseudonym('okta', 'ada') }, undefined)
  const entries = (await house.at.entries()).filter(({ kind }) => kind.startsWith('person.'))
  const who = { pseudonym: house.trail.pseudonym('okta', 'ada'), kind: 'person' }
  expect(entries.map(({ kind, fields }) => [kind, fields])).toEqual([
    ['person.revoked', { who: { ...who, issuer: 'okta' }, sessions: 0, by: 'local-operator' }],
    ['person.restored', { who, by: 'local-operator' }],
  ])
  const payloads = entries[0]!.payloads()
  expect(payloads.map(({ name, content }) => [name, content?.toString()])).toEqual([
    ['person', '{"issuer":"okta","subject":"ada"}'],
    ['reason', 'left the company'],
  ])
  expect(new Set(payloads.map(({ key }) => key))).toEqual(new Set([house.trail.subjectKeyId(who.pseudonym)]))
})

it('restores only who is revoked, and where nobody signs in there is nobody to revoke', async () => {
  await expect(operator().restorePerson(ADA, undefined)).rejects.toMatchObject({ code: 'GS_GATEWAY_NOT_REVOKED' })
  const { approvals, trail } = house
  const nobody = personOperator({ people: undefined, approvals, retention: { withdrawOf: async () => undefined }, trail }, { name: 'x' })
  await expect(nobody.revokePerson(ADA, undefined)).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_PEOPLE' })
})
