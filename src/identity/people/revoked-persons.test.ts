import { afterEach, beforeEach, expect, it } from 'vitest'
import { ADDRESS, settingsOf, signInAs, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'

let okta: TestPeopleIssuer
let entra: TestPeopleIssuer
let issuers: Parameters<typeof startPeople>[0]
let house: TestPeople

beforeEach(async () => {
  okta = await startPeopleIssuer({ accounts: { ada: {}, grace: {} } })
  entra = await startPeopleIssuer({ accounts: { countess: { okta_id: 'ada' }, other: { okta_id: 'nobody' } } })
  issuers = [settingsOf(okta), settingsOf(entra, { name: 'entra', link: { okta: '{okta_id}' } })]
  house = startPeople(issuers)
})
afterEach(async () => {
  house.close()
  await Promise.all([okta.close(), entra.close()])
})

const ADA = { issuer: 'okta', subject: 'ada' }
const enter = async (who: string, issuer = okta, name = 'okta') => (await signInAs(house.people, issuer, who, name)).openSession('console')
const revokedRefusal = expect.objectContaining({ code: 'GS_PEOPLE_REVOKED' })
const nameOf = () => house.people.revoked[0]!.name

it('ends every session of the person at once, and nobody else’s', async () => {
  const [first, second, grace] = [await enter('ada'), await enter('ada'), await enter('grace')]
  expect(house.people.revoke(ADA)).toEqual([ADA, ADA])
  for (const { token } of [first, second])
    expect(() => house.people.sessions.authenticate(token)).toThrow(expect.objectContaining({ code: 'GS_PEOPLE_SESSION_INVALID' }))
  expect(house.people.sessions.authenticate(grace.token).person.person.subject).toBe('grace')
  expect(house.told.ended.map(({ subject, why }) => [subject, why])).toEqual([
    ['ada', 'revoked'],
    ['ada', 'revoked'],
  ])
})

it('refuses their sign-in until it is lifted, also after a restart, and tells the observer', async () => {
  house.people.revoke(ADA)
  await expect(enter('ada')).rejects.toEqual(revokedRefusal)
  expect(house.told.refused).toEqual([{ code: 'GS_PEOPLE_REVOKED', address: ADDRESS, issuer: 'okta' }])
  house.again(issuers, {})
  await expect(enter('ada')).rejects.toEqual(revokedRefusal)
  expect(house.people.isRevoked({ person: ADA, accounts: {} })).toBe(true)
  house.people.restore(nameOf())
  await enter('ada')
  house.again(issuers, {})
  await enter('ada')
})

it('knows the person by a linked account, and no other by it', async () => {
  const linked = await enter('countess', entra, 'entra')
  const other = await enter('other', entra, 'entra')
  expect(house.people.revoke(ADA)).toEqual([{ issuer: 'entra', subject: 'countess' }])
  expect(() => house.people.sessions.authenticate(linked.token)).toThrow()
  await expect(enter('countess', entra, 'entra')).rejects.toEqual(revokedRefusal)
  house.people.sessions.authenticate(other.token)
})

it('reaches whoever had proven who they are, and had no session yet', async () => {
  const signIn = await signInAs(house.people, okta, 'ada')
  house.people.revoke(ADA)
  await expect(signIn.openSession('console')).rejects.toThrow()
  expect(house.people.sessions.list()).toEqual([])
})

it('is of issuers that are configured, and may come before the person does', async () => {
  expect(() => house.people.revoke({ issuer: 'octa', subject: 'ada' })).toThrow(
    expect.objectContaining({ code: 'GS_PEOPLE_ISSUER_UNKNOWN' }),
  )
  expect(house.people.revoke(ADA)).toEqual([])
  house.people.revoke(ADA)
  expect(house.people.revoked).toHaveLength(1)
})

it('keeps no name of who it is', async () => {
  house.people.revoke({ issuer: 'okta', subject: 'somebody-unmistakable' })
  expect(JSON.stringify(house.people.revoked)).not.toContain('unmistakable')
})
