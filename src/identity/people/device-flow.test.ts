import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ADDRESS, settingsOf, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import type { BegunDeviceFlow } from './index.ts'

let issuer: TestPeopleIssuer
let at: TestPeople
const roles = { approver: { groups: ['okta/sre'] } }
const settings = () => settingsOf(issuer, { device: { clientId: issuer.deviceClient.id } })
beforeAll(async () => {
  issuer = await startPeopleIssuer({ accounts: { ann: { name: 'Ann', groups: ['sre'] } } })
})
afterAll(() => issuer.close())
beforeEach(() => {
  at = startPeople([settings()], roles, { device: { all: 5, perAddress: 3 } })
})
afterEach(() => {
  for (const path of ['/token', '/device/auth', '/.well-known/openid-configuration']) issuer.answer(path, undefined)
  at.close()
})

const begin = (address = ADDRESS) => at.people.beginDevice({ issuer: 'okta', address })
const poll = (handle: string) => at.people.pollDevice({ handle, address: ADDRESS })
/** As the command line does: not before the interval is over. */
const pollInTime = (begun: BegunDeviceFlow, seconds = begun.interval) => {
  at.clock.now += seconds * 1000
  return poll(begun.handle)
}
const asked = () => issuer.asked.filter(({ path }) => path === '/token').length

it('signs in whoever types the code, once they have; the command line holds no code or token of the issuer', async () => {
  const begun = await begin()
  expect(begun).toEqual({
    userCode: expect.stringMatching(/^[A-Z-]{9}$/),
    verificationUri: `${issuer.url}/device`,
    verificationUriComplete: expect.stringContaining(begun.userCode),
    interval: 5,
    expiresIn: 600,
    handle: expect.stringMatching(/^[\w-]{43}$/),
  })
  expect(await pollInTime(begun)).toEqual({ state: 'pending', interval: 5 })
  await issuer.confirm(begun.verificationUri, begun.userCode, 'ann')
  const answer = await pollInTime(begun)
  if (answer.state !== 'signed-in') throw new Error(answer.state)
  expect(answer.signIn.person).toMatchObject({
    displayName: 'Ann',
    person: { issuer: 'okta', subject: 'ann' },
    roles: new Set(['approver', 'member']),
  })
  const { token } = await answer.signIn.openSession('cli')
  expect(at.people.sessions.authenticate(token)).toMatchObject({ via: 'cli' })
  expect(at.told.signedIn).toMatchObject([{ via: 'cli' }])
  await expect(pollInTime(begun)).rejects.toMatchObject({ code: 'GS_PEOPLE_DEVICE_UNKNOWN' })
})

it('asks the issuer no more often than it wants, however often it is polled', async () => {
  const begun = await begin()
  const before = asked()
  for (let times = 0; times < 20; times++) expect(await poll(begun.handle)).toEqual({ state: 'slow_down', interval: 5 })
  expect(asked()).toBe(before)
  at.clock.now += 5_000
  const answers = await Promise.all([poll(begun.handle), poll(begun.handle), poll(begun.handle)])
  expect(answers.map(({ state }) => state).sort()).toEqual(['pending', 'slow_down', 'slow_down'])
  expect(asked()).toBe(before + 1)
})

it('understands Google, which has a name and statuses of its own for the same', async () => {
  issuer.answer('/device/auth', (body) => {
    const { verification_uri: verification_url, verification_uri_complete: _, ...rest } = JSON.parse(body)
    return { body: JSON.stringify({ ...rest, verification_url }) }
  })
  const begun = await begin()
  expect(begun).toMatchObject({ verificationUri: `${issuer.url}/device` })
  expect(begun).not.toHaveProperty('verificationUriComplete')
  const says = (status: number, error: string) =>
    issuer.answer('/token', () => ({ status, body: JSON.stringify({ error, error_description: 'Precondition Required' }) }))
  says(428, 'authorization_pending')
  expect(await pollInTime(begun)).toEqual({ state: 'pending', interval: 5 })
  says(403, 'slow_down')
  expect(await pollInTime(begun)).toEqual({ state: 'slow_down', interval: 10 })
  says(403, 'access_denied')
  await expect(pollInTime(begun, 10)).rejects.toMatchObject({ code: 'GS_PEOPLE_DENIED' })
})

it('slows down by five seconds for good where the issuer says so (RFC 8628 §3.5)', async () => {
  const begun = await begin()
  issuer.answer('/token', () => ({ status: 400, headers: { 'content-type': 'application/json' }, body: '{"error":"slow_down"}' }))
  expect(await pollInTime(begun)).toEqual({ state: 'slow_down', interval: 10 })
  issuer.answer('/token', undefined)
  expect(await pollInTime(begun, 9)).toEqual({ state: 'slow_down', interval: 10 })
  expect(await pollInTime(begun, 1)).toEqual({ state: 'pending', interval: 10 })
})

it('is over once the person refuses, once it expires, and where the handle was never given', async () => {
  const refused = await begin()
  await issuer.confirm(refused.verificationUri, refused.userCode, undefined)
  await expect(pollInTime(refused)).rejects.toMatchObject({ code: 'GS_PEOPLE_DENIED' })
  await expect(pollInTime(refused)).rejects.toMatchObject({ code: 'GS_PEOPLE_DEVICE_UNKNOWN' })
  const late = await begin()
  await expect(pollInTime(late, 600)).rejects.toMatchObject({ code: 'GS_PEOPLE_DEVICE_EXPIRED' })
  for (const handle of ['', 'x', 'A'.repeat(43), 'A'.repeat(1_000_000)])
    await expect(poll(handle)).rejects.toMatchObject({ code: 'GS_PEOPLE_DEVICE_UNKNOWN' })
  expect(at.told.refused.map(({ code }) => code)).toEqual(['GS_PEOPLE_DENIED', 'GS_PEOPLE_DEVICE_EXPIRED'])
})

it('outlives an issuer that is away for a moment', async () => {
  const begun = await begin()
  issuer.answer('/token', () => ({ status: 503 }))
  await expect(pollInTime(begun)).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNAVAILABLE' })
  issuer.answer('/token', undefined)
  await issuer.confirm(begun.verificationUri, begun.userCode, 'ann')
  expect(await pollInTime(begun)).toMatchObject({ state: 'signed-in' })
})

it('checks the identity token as in a browser', async () => {
  const begun = await begin()
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: issuer.url, aud: issuer.deviceClient.id, sub: 'ann', iat: now, exp: now + 60, groups: ['sre'] }
  const answers = [
    { ...good, aud: issuer.client.id },
    { ...good, exp: now - 600 },
    { ...good, iss: 'https://evil.example.org' },
  ]
  for (const claims of answers) {
    const idToken = await issuer.sign(claims)
    issuer.answer('/token', () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ access_token: 'a', token_type: 'Bearer', id_token: idToken }),
    }))
    const each = claims === answers[0] ? begun : await begin()
    await expect(pollInTime(each)).rejects.toMatchObject({ code: 'GS_PEOPLE_TOKEN_REFUSED' })
  }
  issuer.answer('/token', () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"access_token":"a","token_type":"Bearer"}',
  }))
  await expect(pollInTime(await begin())).rejects.toMatchObject({ code: 'GS_PEOPLE_TOKEN_REFUSED' })
})

it('has only so many under way, from one address and in all; what has expired makes room', async () => {
  for (let times = 0; times < 3; times++) await begin('2001:db8::1')
  await expect(begin('2001:db8::2')).rejects.toMatchObject({ code: 'GS_PEOPLE_BUSY' })
  await begin('198.51.100.1')
  await begin('198.51.100.2')
  await expect(begin('198.51.100.3')).rejects.toMatchObject({ code: 'GS_PEOPLE_BUSY' })
  at.clock.now += 600_000
  await expect(begin('198.51.100.3')).resolves.toBeDefined()
  // All at once, they would have seen room before the issuer answered.
  const many = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => begin(`198.51.101.${n}`)))
  expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
})

it('shows no code or address that could mislead, and needs an issuer that has the flow', async () => {
  for (const change of [
    { verification_uri: 'http://evil.example.org' },
    { verification_uri: 'javascript:alert(1)' },
    { user_code: '\u001b[2J' },
    { user_code: 'x'.repeat(65) },
  ]) {
    issuer.answer('/device/auth', (body) => ({ body: JSON.stringify({ ...JSON.parse(body), ...change }) }))
    await expect(begin()).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNSUITABLE' })
  }
  issuer.answer('/device/auth', (body) => ({ body: JSON.stringify({ ...JSON.parse(body), interval: 0, expires_in: 999_999 }) }))
  const begun = await begin().catch(({ code }) => code)
  expect(begun === 'GS_PEOPLE_TOKEN_REFUSED' || (begun.interval === 5 && begun.expiresIn === 900)).toBe(true)
  issuer.answer('/.well-known/openid-configuration', (body) => ({
    body: JSON.stringify({ ...JSON.parse(body), device_authorization_endpoint: undefined }),
  }))
  at.again([settings()], roles)
  await expect(begin()).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNSUITABLE' })
})

it('is over where the issuer was changed or removed meanwhile', async () => {
  const begun = await begin()
  const { preparePeople } = await import('./index.ts')
  at.people.use(preparePeople([settingsOf(issuer)], {}))
  await expect(pollInTime(begun)).rejects.toMatchObject({ code: 'GS_PEOPLE_DEVICE_UNKNOWN' })
})
