import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { PeopleRecords } from './people-records.ts'

let at: TestTrail
let records: PeopleRecords
beforeEach(async () => {
  at = new TestTrail()
  records = new PeopleRecords(await at.open())
})
afterEach(() => at.remove())

const PRIVATE = { subject: '00u1ann', displayName: 'Ann Ops', group: 'okta/sre', account: '4242', address: '192.0.2.7' }
const person = {
  person: { kind: 'person', issuer: 'okta', subject: PRIVATE.subject, groups: [PRIVATE.group] },
  displayName: PRIVATE.displayName,
  accounts: { github: PRIVATE.account },
  signedInAt: 1,
  roles: new Set(['admin', 'member'] as const),
} as const

it('records sign-ins, refusals and ends of sessions, and nothing private in clear', async () => {
  const session = 'psn_1'
  await records.firstAdminOffered()
  await records.signedIn({ person, session, via: 'console', address: PRIVATE.address, becomesFirstAdmin: true })
  await records.signedIn({ person, session, via: 'cli', address: PRIVATE.address, becomesFirstAdmin: false })
  records.refused({ code: 'GS_PEOPLE_DENIED', address: PRIVATE.address, issuer: 'okta' })
  records.refused({ code: 'GS_PEOPLE_SIGNIN_UNKNOWN', address: PRIVATE.address })
  records.ended({ id: session, issuer: 'okta', subject: PRIVATE.subject, why: 'revoked' })
  await new Promise((written) => at.trail!.whenDurable(written))
  const entries = await at.entries()
  const who = { pseudonym: at.trail!.pseudonym('okta', PRIVATE.subject), issuer: 'okta', kind: 'person', proof: 'proven' }
  expect(entries.map(({ kind, fields }) => ({ kind, ...fields }))).toEqual([
    { kind: 'signin.offered', door: 'admin', role: 'admin' },
    { kind: 'signin', door: 'admin', session, via: 'console', who, roles: ['admin', 'member'], became: 'first-admin' },
    { kind: 'signin', door: 'admin', session, via: 'cli', who, roles: ['admin', 'member'] },
    { kind: 'signin.refused', door: 'admin', code: 'GS_PEOPLE_DENIED', issuer: 'okta' },
    { kind: 'signin.refused', door: 'admin', code: 'GS_PEOPLE_SIGNIN_UNKNOWN' },
    { kind: 'signout', door: 'admin', session, who, why: 'revoked' },
  ])
  const clear = entries.map(({ bytes }) => Buffer.from(bytes).toString()).join('\n')
  const sealed = entries.flatMap((entry) => entry.payloads().map(({ content }) => Buffer.from(content ?? []).toString())).join('\n')
  for (const [what, value] of Object.entries(PRIVATE)) {
    expect(`${what} ${clear.includes(value)}`).toBe(`${what} false`)
    expect(`${what} ${sealed.includes(value)}`).toBe(`${what} true`)
  }
})
