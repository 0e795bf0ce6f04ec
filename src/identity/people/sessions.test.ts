import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ADDRESS, settingsOf, signInAs, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import type { Job, Person } from '../../operations/index.ts'
import {
  IDLE_FOR,
  isSessionToken,
  LASTS_FOR,
  OFFERED_FOR,
  preparePeople,
  type RoleSettings,
  rolesOf,
  type SignedInPerson,
} from './index.ts'

let issuer: TestPeopleIssuer
let at: TestPeople
const roles: RoleSettings = { approver: { groups: ['okta/sre'] } }
beforeAll(async () => {
  issuer = await startPeopleIssuer({ accounts: { ann: { name: 'Ann Marker-Name', groups: ['sre'] }, bob: { groups: ['sre', 'ops'] } } })
})
afterAll(() => issuer.close())
beforeEach(() => {
  at = startPeople([settingsOf(issuer)], roles)
})
afterEach(() => at.close())

const open = async (account = 'ann', replaces?: string) => (await signInAs(at.people, issuer, account)).openSession('console', replaces)
const codeOf = (token: string) => {
  try {
    return at.people.sessions.authenticate(token).id
  } catch (error) {
    return (error as { code: string }).code
  }
}
const OVER = 'GS_PEOPLE_SESSION_INVALID'

describe('a session of a person', () => {
  it('is opened by a token of 256 bits that leak scanners recognise, of which only a hash is kept', async () => {
    const { token, session } = await open()
    expect(token).toMatch(/^gs_ps_[0-9a-hjkmnp-tv-z]{59}$/)
    expect(isSessionToken(token)).toBe(true)
    expect(codeOf(token)).toBe(session.id)
    expect(session.id).not.toContain(token.slice(6, 20))
    const written = globSync('gateway.sqlite*', { cwd: at.folder })
      .map((name) => readFileSync(join(at.folder, name)).toString('latin1'))
      .join('')
    expect(written).toContain(session.id)
    expect(written).not.toContain(token)
    expect(written).not.toContain(token.slice(6, 40))
  })

  it('tells for 12 h who signed in, also unused, but not behind a sign-out, a revocation or another configuration', async () => {
    const ann = { issuer: 'okta', subject: 'ann' }
    const recent = () => at.people.sessions.recent(ann)?.displayName
    expect(recent()).toBeUndefined()
    const { session } = await open()
    expect(recent()).toBe('Ann Marker-Name')
    at.clock.now += IDLE_FOR
    at.people.sessions.sweep()
    expect([at.people.sessions.list(ann).length, recent()]).toEqual([0, 'Ann Marker-Name'])
    at.people.use(preparePeople([settingsOf(issuer, { link: { ci: '{sub}' } })], roles))
    expect(recent()).toBeUndefined()
    at.people.use(preparePeople([settingsOf(issuer)], roles))
    expect(recent()).toBe('Ann Marker-Name')
    at.clock.now = session.openedAt + LASTS_FOR
    expect(recent()).toBeUndefined()
    at.clock.now = session.openedAt

    for (const end of [
      ({ token }: { token: string }) => at.people.sessions.signOut(token),
      ({ session: { id } }: { session: { id: Parameters<typeof at.people.sessions.revoke>[0] } }) => at.people.sessions.revoke(id),
      () => at.people.sessions.revokeAll(ann),
    ]) {
      const now = at.clock.now
      await open()
      at.clock.now += IDLE_FOR
      at.people.sessions.sweep()
      at.clock.now = now
      const opened = await open()
      expect(recent()).toBe('Ann Marker-Name')
      end(opened)
      expect(recent()).toBeUndefined()
    }
    await open()
    at.clock.now += IDLE_FOR
    at.people.sessions.sweep()
    expect(at.people.sessions.revokeAll(ann)).toBe(0)
    expect(recent()).toBeUndefined()
  })

  it('is refused in the same words whatever is wrong', async () => {
    const { token } = await open()
    const other = token.slice(0, -1) + (token.at(-1) === '0' ? '1' : '0')
    for (const wrong of ['', 'x', other, token.toUpperCase(), `${token}0`, ` ${token}`, 'gs_run_x', 'a'.repeat(1_000_000)])
      expect(codeOf(wrong)).toBe(OVER)
  })

  it('ends after half an hour without use, counted from the last use', async () => {
    const { token, session } = await open()
    expect(session.overAt).toBe(at.clock.now + IDLE_FOR)
    at.clock.now += IDLE_FOR - 1
    expect(codeOf(token)).toBe(session.id)
    at.clock.now += IDLE_FOR - 1
    expect(codeOf(token)).toBe(session.id)
    at.clock.now += IDLE_FOR
    expect(codeOf(token)).toBe(OVER)
    expect(at.told.ended).toEqual([{ id: session.id, issuer: 'okta', subject: 'ann', why: 'expired' }])
  })

  it('ends twelve hours after sign-in, however much it is used', async () => {
    const { token, session } = await open()
    for (; at.clock.now < session.openedAt + LASTS_FOR; at.clock.now += IDLE_FOR / 2) expect(codeOf(token)).toBe(session.id)
    expect(codeOf(token)).toBe(OVER)
  })

  it('survives a restart, and time goes on meanwhile', async () => {
    const { token, session } = await open()
    at.again([settingsOf(issuer)], roles)
    expect(codeOf(token)).toBe(session.id)
    expect(at.people.sessions.list()).toMatchObject([{ id: session.id, person: { displayName: 'Ann Marker-Name' } }])
    at.again([settingsOf(issuer)], roles)
    at.clock.now += IDLE_FOR
    expect(codeOf(token)).toBe(OVER)
  })

  it('takes the place of the one before in the same browser', async () => {
    const before = await open()
    const after = await open('bob', before.token)
    expect(codeOf(before.token)).toBe(OVER)
    expect(codeOf(after.token)).toBe(after.session.id)
    expect(at.told.ended).toMatchObject([{ id: before.session.id, why: 'replaced' }])
  })

  it('is listed and revoked, one or all of a person, at once', async () => {
    const [first, second, other] = [await open(), await open(), await open('bob')]
    const told: string[] = []
    at.people.sessions.onEnded(({ id }) => told.push(id))
    expect(at.people.sessions.list({ issuer: 'okta', subject: 'ann' }).map(({ id }) => id)).toEqual([first.session.id, second.session.id])
    expect(at.people.sessions.revoke(first.session.id)).toBe(true)
    expect(at.people.sessions.revoke(first.session.id)).toBe(false)
    expect(codeOf(first.token)).toBe(OVER)
    expect(at.people.sessions.isLive(second.session.id)).toBe(true)
    expect(at.people.sessions.revokeAll({ issuer: 'okta', subject: 'ann' })).toBe(1)
    expect(at.people.sessions.isLive(second.session.id)).toBe(false)
    expect(codeOf(other.token)).toBe(other.session.id)
    at.people.sessions.signOut(other.token)
    expect(codeOf(other.token)).toBe(OVER)
    expect(told).toEqual([first.session.id, second.session.id, other.session.id])
  })

  it('is one of twenty at most for one person; the longest unused goes', async () => {
    const signIns = []
    for (let times = 0; times < 21; times++) {
      at.clock.now += 1_000
      signIns.push(await open())
    }
    expect(at.people.sessions.list()).toHaveLength(20)
    expect(codeOf(signIns[0]!.token)).toBe(OVER)
  })

  it('leaves no name on the disk once it is over and the database was folded together', async () => {
    const { token } = await open()
    at.people.sessions.signOut(token)
    const folder = at.folder
    at.database.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const written = globSync('gateway.sqlite*', { cwd: folder })
      .map((name) => readFileSync(join(folder, name)).toString('latin1'))
      .join('')
    expect(written).toContain('person_session')
    expect(written).not.toContain('Marker-Name')
  })
})

describe('what a person may do', () => {
  const rolesNow = (token: string) => [...at.people.sessions.authenticate(token).person.roles].join()

  it('follows the configuration in force at once, in a live session', async () => {
    const { token } = await open('bob')
    expect(rolesNow(token)).toBe('approver,member')
    at.people.use(preparePeople([settingsOf(issuer)], { auditor: { groups: ['okta/ops'] } }))
    expect(rolesNow(token)).toBe('auditor,member')
    at.people.use(preparePeople([settingsOf(issuer)], { member: { groups: ['okta/nobody'] } }))
    expect(codeOf(token)).toBe(OVER)
    expect(at.told.ended).toMatchObject([{ why: 'configuration' }])
    // What came back is not let in by what it was before.
    at.people.use(preparePeople([settingsOf(issuer)], roles))
    expect(codeOf(token)).toBe(OVER)
  })

  it('ends with the issuer that said who it is: removed, changed, or another one under its name', async () => {
    const elsewhere = await startPeopleIssuer({ accounts: {} })
    try {
      for (const after of [
        [],
        [settingsOf(issuer, { accept: { hd: 'acme.example' } })],
        [settingsOf(elsewhere)],
        [settingsOf(issuer, { name: 'renamed' })],
      ]) {
        at.people.use(preparePeople([settingsOf(issuer)], {}))
        const { token } = await open()
        at.people.use(preparePeople(after, {}))
        expect(codeOf(token)).toBe(OVER)
        expect(at.people.sessions.list()).toEqual([])
      }
    } finally {
      await elsewhere.close()
    }
  })

  const person: Person = { kind: 'person', issuer: 'okta', subject: 'ann', groups: ['okta/sre'] }

  it('comes from groups, and no role contains another', () => {
    const of = (groups: string[], mapping: RoleSettings) => [...rolesOf({ ...person, groups }, mapping)].sort().join()
    expect(of([], {})).toBe('member')
    expect(of(['okta/a'], { admin: { groups: ['okta/a'] } })).toBe('admin,member')
    expect(of(['okta/a'], { admin: { groups: ['okta/A', 'okta/a/b', 'okta'] } })).toBe('member')
    expect(of(['okta/a'], { member: { groups: ['okta/b'] } })).toBe('')
    expect(of(['okta/a'], { member: { groups: ['okta/b'] }, auditor: { groups: ['okta/a'] } })).toBe('auditor,member')
  })

  it('never comes from groups of another issuer, and never to a job', () => {
    const mapping: RoleSettings = { admin: { groups: ['github/repo:acme/reports', 'okta/sre'] } }
    const job: Job = { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: ['github/repo:acme/reports', 'okta/sre'] }
    // @ts-expect-error a job is no person
    expect(rolesOf(job, mapping).size).toBe(0)
    // @ts-expect-error nor may one be said to have signed in
    const never: SignedInPerson = { person: job, displayName: '', accounts: {}, signedInAt: 0, roles: new Set() }
    expect(never.person.kind).toBe('job')
    expect([...rolesOf({ ...person, groups: ['github/repo:acme/reports'] }, mapping)]).toEqual(['member'])
    expect(() => preparePeople([settingsOf(issuer)], mapping)).toThrow(/roles.admin: github/)
    for (const group of ['okta', '/okta', 'oktaa/sre', ''])
      expect(() => preparePeople([settingsOf(issuer)], { admin: { groups: [group] } })).toThrow(/roles.admin/)
  })
})

describe('the first administrator', () => {
  const link = async (firstAdmin: string, account = 'ann') => {
    const { url, pending } = await at.people.begin({ issuer: 'okta', redirectUri: issuer.redirectUri, address: ADDRESS, firstAdmin })
    return at.people.finish({ pending, callbackUrl: await issuer.signIn(url, account), address: ADDRESS })
  }
  const REFUSED = { code: 'GS_PEOPLE_FIRST_ADMIN_REFUSED' }

  it('is whoever signs in with the link first, also after a restart', async () => {
    const token = at.people.offerFirstAdmin()!
    const signIn = await link(token)
    expect(signIn.becomesFirstAdmin).toBe(true)
    expect([...signIn.person.roles]).toContain('admin')
    const { token: session } = await signIn.openSession('console')
    expect(at.told.signedIn).toMatchObject([{ becomesFirstAdmin: true }])
    at.again([settingsOf(issuer)], roles)
    expect([...at.people.sessions.authenticate(session).person.roles]).toContain('admin')
    expect([...(await signInAs(at.people, issuer, 'ann')).person.roles]).toContain('admin')
    expect([...(await signInAs(at.people, issuer, 'bob')).person.roles]).not.toContain('admin')
    await expect(link(token, 'bob')).rejects.toMatchObject(REFUSED)
    expect(at.people.offerFirstAdmin()).toBeUndefined()
  })

  it('is one of two who race', async () => {
    const token = at.people.offerFirstAdmin()!
    const both = [await link(token, 'ann'), await link(token, 'bob')]
    const outcomes = await Promise.allSettled(both.map((signIn) => signIn.openSession('console')))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: REFUSED })
    expect(at.told.signedIn).toHaveLength(1)
    expect(at.people.sessions.list()).toHaveLength(1)
  })

  it('is made within an hour, by the newest link only, and by nothing that was not given out', async () => {
    // The issuer's clock stays: what it signs must be young.
    at.clock.now -= OFFERED_FOR
    const old = at.people.offerFirstAdmin()!
    const token = at.people.offerFirstAdmin()!
    at.clock.now += OFFERED_FOR - 1
    for (const wrong of [old, '', 'gs_first_x', 'a'.repeat(100_000)]) await expect(link(wrong)).rejects.toMatchObject(REFUSED)
    const inTime = await link(token)
    at.clock.now += 1
    await expect(link(token)).rejects.toMatchObject(REFUSED)
    await expect(inTime.openSession('console')).rejects.toMatchObject(REFUSED)
    expect(at.told.signedIn).toEqual([])
  })

  it('is nobody where nothing was recorded, and the link still works', async () => {
    const token = at.people.offerFirstAdmin()!
    const signIn = await link(token)
    at.failRecording = true
    await expect(signIn.openSession('console')).rejects.toThrow('disk')
    at.failRecording = false
    expect(at.people.sessions.list()).toEqual([])
    await expect((await link(token, 'bob')).openSession('console')).resolves.toBeDefined()
  })

  it('is not needed, nor made, where the configuration says who administers, and is one no more once it does', async () => {
    const token = at.people.offerFirstAdmin()!
    const { token: session } = await (await link(token)).openSession('console')
    const mapped = preparePeople([settingsOf(issuer)], { admin: { groups: ['okta/ops'] } })
    at.people.use(mapped)
    expect([...at.people.sessions.authenticate(session).person.roles]).toEqual(['member'])
    expect(at.people.offerFirstAdmin()).toBeUndefined()
    // A mapping that nobody has used yet may have been a mistake: without it, they administer again.
    at.people.use(preparePeople([settingsOf(issuer)], roles))
    expect([...at.people.sessions.authenticate(session).person.roles]).toContain('admin')
    at.people.use(mapped)
    await open('bob')
    at.people.use(preparePeople([settingsOf(issuer)], roles))
    expect([...at.people.sessions.authenticate(session).person.roles]).not.toContain('admin')
    expect(at.people.offerFirstAdmin()).toBeUndefined()
  })

  it('is not made by a link that was out when an administrator of the configuration signed in', async () => {
    const token = at.people.offerFirstAdmin()!
    at.people.use(preparePeople([settingsOf(issuer)], { admin: { groups: ['okta/ops'] } }))
    await expect(link(token)).rejects.toMatchObject(REFUSED)
    await open('bob')
    at.people.use(preparePeople([settingsOf(issuer)], {}))
    await expect(link(token)).rejects.toMatchObject(REFUSED)
  })
})
