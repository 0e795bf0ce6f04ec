import { afterEach, describe, expect, it } from 'vitest'
import { settingsOf, signInAs, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { type PeopleIssuerOptions, startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import type { PeopleIssuerSettings, RoleSettings } from './index.ts'

/** Claims as each vendor documents them, through a real issuer. */
const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function start(
  options: PeopleIssuerOptions,
  more: Partial<PeopleIssuerSettings>,
  roles: RoleSettings = {},
): Promise<{ issuer: TestPeopleIssuer; at: TestPeople; signIn: (account: string) => ReturnType<typeof outcome> }> {
  const issuer = await startPeopleIssuer(options)
  const at = startPeople([settingsOf(issuer, more)], roles)
  ended.push(
    () => at.close(),
    () => issuer.close(),
  )
  return { issuer, at, signIn: (account) => outcome(signInAs(at.people, issuer, account, more.name)) }
}

/** Groups and roles of whoever was signed in, or the code of the refusal with what it is about. */
async function outcome(signIn: ReturnType<typeof signInAs>) {
  return signIn.then(
    ({ person: { person, roles, displayName, accounts } }) => ({ groups: person.groups, roles: [...roles], displayName, accounts }),
    ({ code, message, next }: Error & { code?: string; next?: string }) => ({ code, about: /\((.*)\)$/.exec(message)?.[1], next }),
  )
}

describe('Okta', () => {
  const accounts = {
    // The org authorization server: sub is the user's id, groups are names as an administrator wrote them.
    '00u1ann': {
      name: 'Ann Ops',
      preferred_username: 'ann@acme.example',
      email: 'ann@acme.example',
      email_verified: true,
      locale: 'en_US',
      zoneinfo: 'Europe/Berlin',
      updated_at: 1_700_000_000,
      groups: ['Everyone', 'sre', 'Platform Team (EU)'],
      github_id: '4242',
    },
    '00u1bob': { name: 'Bob', preferred_username: 'bob@acme.example', groups: ['Everyone'] },
  }
  const mapping: RoleSettings = {
    admin: { groups: ['okta/Platform%20Team%20%28EU%29'] },
    approver: { groups: ['okta/sre'] },
    member: { groups: ['okta/sre', 'okta/Platform%20Team%20%28EU%29'] },
  }

  it('gives groups by their names, percent-encoded where they are not plain, and accounts elsewhere', async () => {
    const { signIn } = await start({ accounts }, { groups: ['{groups}'], link: { github: '{github_id}' } }, mapping)
    expect(await signIn('00u1ann')).toEqual({
      groups: ['okta/Everyone', 'okta/sre', 'okta/Platform%20Team%20%28EU%29'],
      roles: ['admin', 'approver', 'member'],
      displayName: 'Ann Ops',
      accounts: { github: '4242' },
    })
  })

  it('does not let in whoever has no role, where the role of members is mapped', async () => {
    const { at, signIn } = await start({ accounts }, { groups: ['{groups}'] }, mapping)
    expect(await signIn('00u1bob')).toMatchObject({ code: 'GS_PEOPLE_NOT_ADMITTED' })
    expect(at.told.refused).toMatchObject([{ code: 'GS_PEOPLE_NOT_ADMITTED', issuer: 'okta' }])
  })

  it('leaves groups to its UserInfo endpoint, which is asked where the configuration says so', async () => {
    const thin = await start({ accounts, claimsIn: 'userinfo' }, { groups: ['{groups}'] }, { approver: { groups: ['okta/sre'] } })
    expect(await thin.signIn('00u1ann')).toMatchObject({ groups: [], roles: ['member'], displayName: '00u1ann' })
    expect(thin.issuer.asked.some(({ path }) => path === '/me')).toBe(false)
    const full = await start(
      { accounts, claimsIn: 'userinfo' },
      { groups: ['{groups}'], userinfo: true },
      { approver: { groups: ['okta/sre'] } },
    )
    expect(await full.signIn('00u1ann')).toMatchObject({ roles: ['approver', 'member'], displayName: 'Ann Ops' })
  })

  it('is not believed where UserInfo speaks of somebody else, and cannot override what was signed', async () => {
    const { issuer, signIn } = await start({ accounts }, { groups: ['{groups}'], userinfo: true }, { approver: { groups: ['okta/sre'] } })
    issuer.answer('/me', (body) => ({ body: JSON.stringify({ ...JSON.parse(body), groups: ['sre'], name: 'Mallory' }) }))
    expect(await signIn('00u1bob')).toMatchObject({ groups: ['okta/Everyone'], displayName: 'Bob' })
    issuer.answer('/me', (body) => ({ body: JSON.stringify({ ...JSON.parse(body), sub: '00u1ann' }) }))
    expect(await signIn('00u1bob')).toMatchObject({ code: 'GS_PEOPLE_TOKEN_REFUSED' })
    issuer.answer('/me', () => ({ status: 500 }))
    expect(await signIn('00u1bob')).toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNAVAILABLE' })
  })
})

describe('Entra ID', () => {
  const of = (more: object) => ({
    oid: '9f1c2d3e-0000-4000-8000-000000000001',
    tid: '11111111-2222-4333-8444-555555555555',
    ver: '2.0',
    name: 'Ann Ops',
    preferred_username: 'ann@acme.example',
    ...more,
  })
  const sre = '3f2b8c1a-5555-4666-8777-888888888888'
  const sources = { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/9f1c2d3e/getMemberObjects' } }
  const accounts = {
    ann: of({ groups: [sre], roles: ['Approver'] }),
    few: of({ roles: ['Approver'] }),
    many: of({ _claim_names: { groups: 'src1' }, _claim_sources: sources }),
    hidden: of({ hasgroups: true }),
    admin: of({ _claim_names: { groups: 'src1' }, _claim_sources: sources, roles: ['Admin'] }),
  }
  const mapping: RoleSettings = { approver: { groups: [`entra/${sre}`] } }

  it('gives groups by their object ids', async () => {
    const { signIn } = await start({ accounts }, { name: 'entra', groups: ['{groups}'] }, mapping)
    expect(await signIn('ann')).toMatchObject({ groups: [`entra/${sre}`], roles: ['approver', 'member'] })
    expect(await signIn('few')).toMatchObject({ groups: [], roles: ['member'] })
  })

  it.each(['many', 'hidden'])(
    'is refused where it leaves groups out because there are too many (%s), and nobody else is asked',
    async (account) => {
      const { at, signIn } = await start({ accounts }, { name: 'entra', groups: ['{groups}'] }, mapping)
      const refused = await signIn(account)
      expect(refused).toMatchObject({ code: 'GS_PEOPLE_GROUPS_OVERAGE', about: 'claim groups' })
      expect(refused).toMatchObject({ next: expect.stringContaining('app roles') })
      expect(at.told.signedIn).toEqual([])
    },
  )

  it('gives app roles, which are never left out', async () => {
    const { signIn } = await start({ accounts }, { name: 'entra', groups: ['{roles}'] }, { admin: { groups: ['entra/Admin'] } })
    expect(await signIn('admin')).toMatchObject({ groups: ['entra/Admin'], roles: ['admin', 'member'] })
    expect(await signIn('ann')).toMatchObject({ groups: ['entra/Approver'], roles: ['member'] })
  })

  it('needs one client for both flows, because each client sees other subjects', async () => {
    const pairwise = await startPeopleIssuer({ accounts, pairwise: true })
    ended.push(() => pairwise.close())
    const at = startPeople([settingsOf(pairwise, { device: { clientId: pairwise.deviceClient.id } })])
    ended.push(() => at.close())
    await expect(signInAs(at.people, pairwise, 'ann')).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNSUITABLE' })
    at.again([settingsOf(pairwise)], {})
    await expect(signInAs(at.people, pairwise, 'ann')).resolves.toMatchObject({ person: { person: { subject: 'gatescribe-ann' } } })
  })
})

describe('Google Workspace', () => {
  const accounts = {
    '1051ann': { hd: 'acme.example', email: 'ann@acme.example', email_verified: true, name: 'Ann Ops', picture: 'https://x.example/p' },
    '1052eve': { email: 'eve@gmail.example', email_verified: true, name: 'Eve' },
    '1053mal': { hd: 'evil.example', email: 'mal@evil.example', email_verified: true },
    '1054new': { hd: 'acme.example', email: 'new@acme.example', email_verified: false },
    '1055odd': { hd: ['acme.example'], email: 'odd@acme.example', email_verified: 'true' },
  }
  const google: Partial<PeopleIssuerSettings> = {
    name: 'google',
    accept: { hd: 'acme.example', email_verified: true },
    groups: ['domain:{hd}', 'person:{sub}'],
  }

  it('gives no groups: the domain and the person stand for them', async () => {
    const { signIn } = await start({ accounts }, google, {
      approver: { groups: ['google/person:1051ann'] },
      auditor: { groups: ['google/domain:acme.example'] },
    })
    expect(await signIn('1051ann')).toMatchObject({
      groups: ['google/domain:acme.example', 'google/person:1051ann'],
      roles: ['auditor', 'approver', 'member'],
    })
  })

  it.each(['1052eve', '1053mal', '1054new', '1055odd'])(
    'is refused for an account outside of the domain, or whose address is not verified (%s)',
    async (account) => {
      const { signIn } = await start({ accounts }, google)
      expect(await signIn(account)).toMatchObject({
        code: 'GS_PEOPLE_NOT_ACCEPTED',
        about: expect.stringMatching(/claim (hd|email_verified)/),
      })
    },
  )
})

describe('names of groups that could be taken for something else', () => {
  it('stay one group each, of their own issuer, whatever stands in them', async () => {
    const names = [
      'sre,admin',
      'sre admin',
      'okta/sre',
      '/sre',
      'domain:acme.example',
      'sre%2Cadmin',
      'SRE',
      'sre\n',
      ' sre',
      'ѕre',
      '..',
      '\u202eerS',
      "a'b(c)*!",
    ]
    const { signIn } = await start(
      { accounts: { ann: { groups: names, hd: 'other.example' } } },
      { groups: ['{groups}', 'domain:{hd}'] },
      { admin: { groups: ['okta/sre', 'okta/admin', 'okta/domain:acme.example'] } },
    )
    const { groups, roles } = (await signIn('ann')) as unknown as { groups: string[]; roles: string[] }
    expect(roles).toEqual(['member'])
    expect(groups).toHaveLength(names.length + 1)
    expect(new Set(groups).size).toBe(groups.length)
    for (const group of groups.slice(0, -1)) expect(group).toMatch(/^okta\/[A-Za-z0-9._@+=~%-]+$/)
    expect(groups.at(-1)).toBe('okta/domain:other.example')
  })

  it('make the sign-in fail where they are no names at all', async () => {
    const many = Array.from({ length: 1_001 }, (_, at) => `g${at}`)
    const accounts = {
      a: { groups: [7] },
      b: { groups: { admin: true } },
      c: { groups: ['x', ''] },
      d: { groups: ['x'.repeat(513)] },
      e: { groups: ['\ud800'] },
      f: { groups: many },
      g: { groups: [['sre']] },
      h: { groups: '' },
    }
    const { signIn } = await start({ accounts }, { groups: ['{groups}'] })
    for (const account of Object.keys(accounts)) expect(await signIn(account)).toMatchObject({ code: 'GS_PEOPLE_CLAIM_UNUSABLE' })
  })

  it('make it fail too where a claim holds a separator of its template', async () => {
    const { signIn } = await start({ accounts: { ann: { hd: 'acme.example:x' }, bob: { hd: 'a/../b' } } }, { groups: ['domain:{hd}'] })
    for (const account of ['ann', 'bob']) expect(await signIn(account)).toMatchObject({ code: 'GS_PEOPLE_CLAIM_UNUSABLE' })
  })

  it('are one group where the issuer sends one string', async () => {
    const { signIn } = await start({ accounts: { ann: { groups: 'sre admin' } } }, { groups: ['{groups}'] })
    expect(await signIn('ann')).toMatchObject({ groups: ['okta/sre%20admin'] })
  })
})

it('shows a name that cannot mislead a reader, or the subject', async () => {
  const accounts = {
    a: { name: 'Ann\u202e', preferred_username: 'ann' },
    b: { name: 7 },
    c: { name: ' ' },
    d: { name: 'x'.repeat(201), email: 'd@acme.example' },
  }
  const { signIn } = await start({ accounts }, {})
  const named = await Promise.all(Object.keys(accounts).map(signIn))
  expect(named).toMatchObject(['ann', '7', 'c', 'd@acme.example'].map((displayName) => ({ displayName })))
})
