import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { brief, EXAMPLE, judge } from '../../test/parts/judged-config.ts'
import { describePath } from './source.ts'

const okta = `
  - name: okta
    issuer: https://acme.okta.com
    people: { clientId: 0oa1b2c3, clientSecret: "secret:okta", groups: "{groups}", link: { github: "{github_id}" } }
`
const mapping = `
roles:
  admin: { groups: [okta/platform] }
  approver: { groups: [okta/sre, okta/Data%20Base] }
`
const withDoor = EXAMPLE.replace('    token: 0.0.0.0:8444', '    token: 0.0.0.0:8444\n    admin: 127.0.0.1:8445')
const withPeople = (people: string, roles = '') =>
  `${withDoor.replace('resources:\n', `${people.replace(/^\n/, '')}\nresources:\n`)}\n${roles}`

describe('an issuer that signs in people', () => {
  it('is made exact, beside those that prove jobs', () => {
    const { findings, config } = judge(withPeople(okta, mapping))
    expect(findings).toEqual([])
    expect(config!.issuers.map(({ name }) => name)).toEqual(['github'])
    expect(config!.people).toEqual([
      {
        name: 'okta',
        issuer: 'https://acme.okta.com',
        clientId: '0oa1b2c3',
        clientSecret: { from: 'secret', name: 'okta' },
        groups: ['{groups}'],
        link: { github: '{github_id}' },
      },
    ])
    expect(config!.roles).toEqual({ admin: { groups: ['okta/platform'] }, approver: { groups: ['okta/sre', 'okta/Data%20Base'] } })
  })

  it('takes everything that there is to say of it', () => {
    const google = `
  - name: google
    issuer: https://accounts.google.com
    algorithms: [RS256]
    people:
      clientId: 1234.apps.googleusercontent.com
      clientSecret: "file:./google.secret"
      secretIn: header
      device: { clientId: 5678.apps.googleusercontent.com, clientSecret: "env:DEVICE", secretIn: body }
      scopes: [openid, email]
      accept: { hd: acme.example, email_verified: true }
      groups: ["domain:{hd}", "person:{sub}"]
      displayName: "{email}"
      userinfo: true
`
    const { findings, config } = judge(
      withPeople(google, 'roles: { auditor: { groups: ["google/person:1051"] }, member: { groups: ["google/domain:acme.example"] } }'),
    )
    expect(findings.map(({ path }) => describePath(path))).toEqual(['issuers[1].people.device.clientSecret'])
    expect(config!.people[0]).toMatchObject({
      clientSecret: { from: 'file', path: '/etc/gatescribe/google.secret' },
      secretIn: 'header',
      device: { clientId: '5678.apps.googleusercontent.com', clientSecret: { from: 'env', name: 'DEVICE' }, secretIn: 'body' },
      accept: { hd: 'acme.example', email_verified: true },
      groups: ['domain:{hd}', 'person:{sub}'],
      userinfo: true,
    })
  })

  it.each<[string, string, string, string]>([
    ['its secret stands in the file', '"secret:okta"', '"hunter2"', 'LITERAL_SECRET issuers[1].people.clientSecret'],
    ['it has no client id', 'clientId: 0oa1b2c3, ', '', 'MISSING_FIELD issuers[1].people.clientId'],
    ['it proves jobs too', '    people:', '    audience: https://gw.example.org\n    people:', 'UNKNOWN_FIELD issuers[1].audience'],
    ['a field is misspelt', 'link:', 'links:', 'UNKNOWN_FIELD issuers[1].people.links'],
    ['people is no map', /people: .*/.exec(okta)![0], 'people: true', 'WRONG_VALUE issuers[1].people'],
    ['it links to nobody', '{ github:', '{ gihub:', 'INCONSISTENT issuers[1].people.link.gihub'],
    ['it links to itself', '{ github:', '{ okta:', 'INCONSISTENT issuers[1].people.link.okta'],
    ['a link is the same for everybody', '"{github_id}"', '"4242"', 'INCONSISTENT issuers[1].people.link.github'],
    ['a group is of no kind', '"{groups}"', '["{groups}", "{hd}/{x}"]', 'INCONSISTENT issuers[1].people.groups'],
    ['two lists of groups are mixed', '"{groups}"', '["{groups}", "{roles}"]', 'INCONSISTENT issuers[1].people.groups'],
    ['nothing asks for an identity token', 'groups: "', 'scopes: [profile], groups: "', 'INCONSISTENT issuers[1].people.scopes'],
    [
      'it would be kept for offline use',
      'groups: "',
      'scopes: [openid, offline_access], groups: "',
      'INCONSISTENT issuers[1].people.scopes',
    ],
    ['single persons are matched', 'groups: "', 'accept: { sub: x }, groups: "', 'INCONSISTENT issuers[1].people.accept.sub'],
    [
      'anybody with a Google account would come in',
      'https://acme.okta.com',
      'https://accounts.google.com',
      'INCONSISTENT issuers[1].people.accept',
    ],
    [
      'anybody with a Microsoft account would',
      'https://acme.okta.com',
      'https://login.microsoftonline.com/common/v2.0',
      'INCONSISTENT issuers[1].issuer',
    ],
    ['it is reached in plaintext', 'https://acme.okta.com', 'http://acme.okta.com', 'INCONSISTENT issuers[1].issuer'],
    ['it is on this machine without a word', 'https://acme.okta.com', 'http://127.0.0.1:8080', 'INCONSISTENT issuers[1].issuer'],
    ['it has the name of another', 'name: okta', 'name: github', 'INCONSISTENT issuers[1].name'],
  ])('is refused where %s', (_, from, to, expected) => {
    expect(okta).toContain(from)
    expect(brief(withPeople(okta.replace(from, to)))).toContain(expected)
  })

  it('says of an issuer of jobs what it said before, and does not take one form for the other', () => {
    expect(brief(EXAMPLE.replace('    audience: https://gw.example.org\n', ''))).toEqual(['MISSING_FIELD issuers[0].audience'])
    expect(brief(EXAMPLE.replace('    audience:', '    audiense:'))).toEqual([
      'MISSING_FIELD issuers[0].audience',
      'UNKNOWN_FIELD issuers[0].audiense',
    ])
  })

  it('may have the URL of an issuer of jobs, where a token of one is none for the other', () => {
    const url = 'https://token.actions.githubusercontent.com'
    const same = okta.replace('https://acme.okta.com', url)
    expect(brief(withPeople(same))).toEqual([])
    expect(brief(withPeople(same.replace('0oa1b2c3', 'https://gw.example.org')))).toEqual(['INCONSISTENT issuers[1].issuer'])
    expect(brief(withPeople(`${okta}${okta.replace('name: okta', 'name: okta2')}`))).toEqual(['INCONSISTENT issuers[2].issuer'])
  })

  it('gives groups that rules may name', () => {
    const asks = withPeople(okta).replace('groups: ["github/repo:acme/reports"]', 'groups: [okta/sre]')
    expect(brief(asks)).toEqual([])
    expect(brief(asks.replace('groups: "{groups}", ', ''))).toEqual(['DOUBTFUL rules[0].who.groups[0]'])
  })
})

describe('a role', () => {
  it.each<[string, string, string]>([
    ['github/repo:acme/reports', 'INCONSISTENT roles.admin.groups[0]', 'a job never holds a role'],
    ['otka/platform', 'INCONSISTENT roles.admin.groups[0]', 'No issuer is called otka'],
    ['okta/Platform Team', 'DOUBTFUL roles.admin.groups[0]', 'nobody holds'],
    ['okta/a:b', 'DOUBTFUL roles.admin.groups[0]', 'nobody holds'],
    ['platform', 'WRONG_VALUE roles.admin.groups[0]', 'issuer/name'],
  ])('is not held by %s', (group, expected, says) => {
    const text = withPeople(okta, `roles: { admin: { groups: ["${group}"] } }`)
    expect(brief(text)).toEqual([expected])
    expect(judge(text).findings[0]!.message).toContain(says)
  })

  it('is one of four', () => {
    expect(brief(withPeople(okta, 'roles: { root: { groups: [okta/x] } }'))).toEqual(['UNKNOWN_FIELD roles.root'])
    expect(brief(withPeople(okta, 'roles: { admin: { groups: [] } }'))).toEqual(['WRONG_VALUE roles.admin.groups'])
  })
})

describe('docs/identity.md', () => {
  const page = readFileSync(new URL('../../docs/identity.md', import.meta.url), 'utf8')
  const issuers = [...page.matchAll(/```yaml\n# under issuers:\n([\s\S]*?)```/g)].map(([, yaml]) => yaml!)

  it.each(['okta', 'entra', 'google'])('shows an issuer %s that is accepted as it stands', (name) => {
    const yaml = issuers.find((text) => text.includes(`name: ${name}\n`))!
    expect(brief(withPeople(`\n${yaml}`))).toEqual([])
    expect(judge(withPeople(`\n${yaml}`)).config!.people.map((issuer) => issuer.name)).toEqual([name])
  })
})
