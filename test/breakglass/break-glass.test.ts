import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BreakGlassAnswer } from '../../src/api/local/index.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { SLACK_CHANNEL, type SlackServer, startSlack } from '../parts/slack-server.ts'
import { Team } from '../parts/team.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../parts/webhook-receiver.ts'
import { withoutIds } from '../parts/without-ids.ts'

const LONG = 120_000

let jobs: TestIssuer
let okta: TestPeopleIssuer
let entra: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let team: Team
let slack: SlackServer
let receiver: WebhookReceiver
let folder: string

const breakGlass = { who: { groups: ['okta/sre', 'entra/sre'] }, on: { resources: ['orders'] }, longest: '60m' }

beforeAll(async () => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const redirectUri = `${url}/signin/callback`
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-glass-'))
  const secret = (name: string, value: string) => {
    writeFileSync(join(folder, name), value, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  jobs = await startIssuer()
  okta = await startPeopleIssuer({
    redirectUri,
    pollEvery: 1,
    accounts: {
      ada: { name: 'Ada Marker', groups: ['sre'] },
      bob: { name: 'Bob Marker', groups: ['sre'] },
      cy: { name: 'Cy Marker', groups: ['sre'] },
      dee: { name: 'Dee', groups: ['dev'] },
      root: { name: 'Root', groups: ['admins'] },
      aud: { name: 'Aud', groups: ['audit'] },
    },
  })
  entra = await startPeopleIssuer({
    redirectUri,
    pollEvery: 1,
    accounts: {
      ada7: { groups: ['sre'], okta_id: 'ada' },
      eve7: { groups: ['sre'], okta_id: 'eve' },
      zoe7: { groups: ['sre'] },
    },
  })
  slack = await startSlack()
  receiver = await startWebhookReceiver()
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: ['orders', 'users'].map((name) => ({ name, server: postgres, user: 'postgres', databases: { [name]: 'postgres' } })),
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      for (const [name, { url: issuer, client }, link] of [
        ['okta', okta, {}],
        ['entra', entra, { okta: '{okta_id}' }],
      ] as const) {
        const clientSecret = `env:${name.toUpperCase()}_SECRET`
        config.issuers.push({
          name,
          issuer,
          insecureLoopback: true,
          people: { clientId: client.id, clientSecret, groups: '{groups}', link },
        })
      }
      const roles = { admin: ['okta/admins'], auditor: ['okta/audit'], approver: ['okta/sre', 'entra/sre'] }
      const webhook = { url: receiver.url, secret: secret('hook', receiver.secret), insecureLoopback: true }
      const inSlack = {
        ...{ url: slack.url, insecureLoopback: true, channel: SLACK_CHANNEL.name },
        ...{ token: secret('token', slack.token), signingSecret: secret('signing', slack.signingSecret) },
      }
      Object.assign(config, {
        roles: Object.fromEntries(Object.entries(roles).map(([role, groups]) => [role, { groups }])),
        approvals: { channels: [{ webhook }, { slack: inSlack }] },
        breakGlass,
      })
    },
    environment: { OKTA_SECRET: okta.client.secret, ENTRA_SECRET: entra.client.secret },
  })
  team = new Team(url, { okta, entra })
}, LONG)
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await Promise.all([okta, entra, jobs, slack, receiver].map((each) => each?.close()))
  team?.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function ask(account: string, minutes = 30, reason = 'orders are stuck marker'): Promise<string> {
  const asked = await team.by(account, 'breakglass', 'request', 'orders', '--minutes', String(minutes), '--reason', reason, '--json')
  return (JSON.parse(asked.out) as BreakGlassAnswer).id
}

/** Asked for by one, and confirmed by Bob. */
async function open(account: string, minutes?: number): Promise<BreakGlassAnswer> {
  const id = await ask(account, minutes)
  return JSON.parse((await team.by('bob', 'breakglass', 'confirm', id, '--json')).out) as BreakGlassAnswer
}

const stateOf = async (id: string) => (await gateway.operator.breakGlasses()).find((one) => one.id === id)?.state

/** What the trail says of one, and its entries. */
async function story(id: string) {
  const entries = (await readTrail(gateway.operator)).filter(
    ({ kind, fields }) => kind.startsWith('breakglass.') && fields.breakGlass === id,
  )
  return { entries, kinds: entries.map(({ kind }) => kind.slice('breakglass.'.length)) }
}

const refused = (code: string) => ({ code: 1, err: expect.stringContaining(`GS_BREAKGLASS_${code}`) })

describe('breaking the glass', () => {
  it(
    'takes two persons, a reason and an hour at most; who waits is told once it is open',
    async () => {
      const words = ['breakglass', 'request', 'orders']
      expect(await team.by('ada', ...words)).toMatchObject({ code: 2, err: expect.stringContaining('--reason') })
      expect(await team.by('ada', ...words, '--reason', 'x', '--minutes', '61')).toMatchObject({ code: 2 })
      await expect(team.as('ada').requestBreakGlass({ resources: ['orders'], reason: 'x', minutes: 61 })).rejects.toThrow()
      await expect(team.as('ada').requestBreakGlass({ resources: ['orders'], reason: '', minutes: 6 })).rejects.toThrow()
      expect(await team.by('ada', 'breakglass', 'request', 'users', '--reason', 'x')).toMatchObject(refused('RESOURCE'))
      expect(await team.by('dee', ...words, '--reason', 'x')).toMatchObject(refused('NOT_YOURS'))
      const waiting = team.by('ada', ...words, '--minutes', '30', '--reason', 'orders are stuck marker', '--wait')
      await expect.poll(async () => (await gateway.operator.breakGlasses())[0]?.state, { timeout: 9_000 }).toBe('requested')
      const { id } = (await gateway.operator.breakGlasses())[0]!
      expect(await team.by('ada', 'breakglass', 'confirm', id)).toMatchObject(refused('SAME_PERSON'))
      expect(await team.by('entra/ada7', 'breakglass', 'confirm', id)).toMatchObject(refused('SAME_PERSON'))
      expect(await team.by('entra/zoe7', 'breakglass', 'confirm', id)).toMatchObject(refused('NOT_INDEPENDENT'))
      expect((await story(id)).kinds).toEqual(['requested'])
      const shown = await team.by('entra/eve7', 'breakglass', 'show', id)
      expect(shown.out).toContain('because       orders are stuck marker')
      expect(shown.out).toContain('for           Ada Marker (')
      expect((await team.by('entra/eve7', 'breakglass', 'confirm', id)).out).toMatch(new RegExp(`^${id} is open until .*, on orders\\.`))
      expect(await waiting).toMatchObject({ code: 0, out: expect.stringContaining(`${id} is open until`) })
      const status = await gateway.operator.status()
      expect(status.breakGlass?.open).toBeGreaterThan(0)
      expect(await team.by('ada', 'breakglass', 'review', id, '--note', 'fine')).toMatchObject(refused('STILL_OPEN'))
      expect((await team.by('ada', 'breakglass', 'close', id, '--reason', 'done')).out).toContain('awaits review')
      expect((await story(id)).kinds).toEqual(['requested', 'opened', 'closed'])
    },
    LONG,
  )

  it(
    'is told in every channel, without a name or a reason',
    async () => {
      const id = await ask('ada')
      await team.by('bob', 'breakglass', 'close', id, '--reason', 'there is a runbook marker')
      const told = () => receiver.taken.filter((each) => JSON.stringify(each).includes(id)).map(({ event }) => event)
      await expect.poll(told, { timeout: 9_000 }).toEqual(['breakglass.requested', 'breakglass.ended'])
      const inSlack = () => slack.messages.map((message) => slack.shown(message)).filter((text) => text.includes(id))
      await expect.poll(() => inSlack().length, { timeout: 30_000 }).toBe(2)
      expect(inSlack()[0]).toMatch(/^Break-glass is asked for: a second person is needed\n/)
      expect(inSlack()[0]).toContain(`gatescribe breakglass confirm ${id}`)
      expect(inSlack()[1]).toContain('Break-glass is denied')
      expect(JSON.stringify([receiver.taken, slack.messages])).not.toMatch(/marker/i)
      expect(gateway.log()).toContain('Break-glass is asked for')
      expect(gateway.log()).not.toMatch(/marker/i)
    },
    LONG,
  )

  it(
    'is not for a job, nor for whoever has the local socket',
    async () => {
      const { password, handle } = await gateway.credential()
      for (const bearer of [password, handle]) {
        const answer = await fetch(`${team.url}/v1/breakglass`, {
          method: 'POST',
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
          body: JSON.stringify({ resources: ['orders'], reason: 'x', minutes: 5 }),
        })
        expect(answer.status).toBe(401)
      }
      const local = gateway.operator
      const { id } = (await local.breakGlasses())[0]!
      const persons = expect.objectContaining({ code: 'GS_GATEWAY_PERSONS_ONLY' })
      await expect(local.requestBreakGlass({ resources: ['orders'], reason: 'x', minutes: 5 })).rejects.toEqual(persons)
      await expect(local.confirmBreakGlass(id)).rejects.toEqual(persons)
      await expect(local.reviewBreakGlass(id, 'x')).rejects.toEqual(persons)
    },
    LONG,
  )
})

describe('a review', () => {
  it(
    'is missed until another person than whom it was for has done it',
    async () => {
      const { id } = await open('ada')
      await gateway.operator.closeBreakGlass(id, undefined)
      expect((await team.by('aud', 'breakglass', 'ls', '--unreviewed')).out).toContain(id)
      const findings = []
      for await (const finding of gateway.operator.doctor(new AbortController().signal)) findings.push(finding)
      expect(findings.find(({ subject }) => subject === 'break-glass')).toMatchObject({
        level: 'warn',
        found: expect.stringContaining('await review'),
      })
      for (const same of ['ada', 'entra/ada7'])
        expect(await team.by(same, 'breakglass', 'review', id, '--note', 'fine')).toMatchObject(refused('SAME_PERSON'))
      expect((await team.by('aud', 'breakglass', 'review', id, '--note', 'nothing was changed marker')).out).toBe(`${id} is reviewed.\n`)
      expect((await team.by('aud', 'breakglass', 'ls', '--unreviewed')).out).not.toContain(id)
      const { entries, kinds } = await story(id)
      expect(kinds).toEqual(['requested', 'opened', 'closed', 'reviewed'])
      expect(withoutIds(JSON.stringify(entries.map(({ fields }) => fields)))).not.toMatch(/marker|ada|aud/i)
      const [requested, opened, , reviewed] = entries
      const said = (entry: (typeof entries)[number] | undefined, name: string) =>
        entry?.payloads?.find((payload) => payload.name === name)?.content
      expect(said(requested, 'reason')).toBe('orders are stuck marker')
      expect([said(opened, 'person'), said(opened, 'confirmer')].map((text) => (JSON.parse(text!) as { subject: string }).subject)).toEqual(
        ['ada', 'bob'],
      )
      expect(said(reviewed, 'reason')).toBe('nothing was changed marker')
    },
    LONG,
  )
})

describe('who may do what', () => {
  const routes = (client: ReturnType<Team['as']>, id: string) => ({
    list: () => client.breakGlasses(),
    show: () => client.breakGlass(id),
    request: () => client.requestBreakGlass({ resources: ['nothing'], reason: 'x', minutes: 5 }),
    confirm: () => client.confirmBreakGlass(id),
    close: () => client.closeBreakGlass(id, undefined),
    review: () => client.reviewBreakGlass(id, 'x'),
  })
  /** What the door says of each; `no`: no role of theirs permits it. */
  async function answers(account: string, id: string) {
    await team.by(account, 'whoami')
    const answered = Object.entries(routes(team.as(account), id)).map(async ([name, call]) => [
      name,
      await (call() as Promise<unknown>).then(
        () => 'yes',
        ({ code }: { code: string }) => (code === 'GS_ADMIN_NOT_PERMITTED' ? 'no' : code.replace('GS_BREAKGLASS_', '')),
      ),
    ])
    return Object.fromEntries(await Promise.all(answered)) as Record<string, string>
  }
  const [known, yes, no, not] = ['UNKNOWN', 'yes', 'no', 'NOT_YOURS']

  it.each<[string, string, Record<string, string>]>([
    ['a member', 'dee', { list: yes, show: not, request: not, confirm: not, close: not, review: no }],
    ['an auditor', 'aud', { list: yes, show: yes, request: not, confirm: not, close: not, review: 'STILL_OPEN' }],
  ])(
    'of %s, where somebody else asked',
    async (_, account, expected) => {
      const id = await ask('ada')
      expect(await answers(account, id)).toEqual(expected)
      expect((await team.by('ada', 'breakglass', 'close', id)).out).toBe(`${id} is withdrawn.\n`)
    },
    LONG,
  )

  it.each<[string, string, Record<string, string>]>([
    ['an administrator', 'root', { list: yes, show: known, request: not, confirm: known, close: known, review: no }],
    ['an approver', 'bob', { list: yes, show: known, request: 'RESOURCE', confirm: known, close: known, review: known }],
  ])(
    'of %s',
    async (_, account, expected) => {
      expect(await answers(account, 'bgl_00')).toEqual(expected)
    },
    LONG,
  )

  it('of nobody is nothing', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/bgl_00'],
      ['POST', ''],
      ['POST', '/bgl_00/confirm'],
      ['POST', '/bgl_00/close'],
      ['POST', '/bgl_00/review'],
    ])
      expect((await fetch(`${team.url}/v1/breakglass${path}`, { method: method! })).status).toBe(401)
  })

  it(
    'a close is for one’s own, for whoever has the role, and not for others',
    async () => {
      const { id } = await open('ada')
      for (const other of ['dee', 'aud']) expect(await team.by(other, 'breakglass', 'close', id)).toMatchObject(refused('NOT_YOURS'))
      expect((await team.by('root', 'breakglass', 'close', id)).code).toBe(0)
    },
    LONG,
  )
})

describe('what is open', () => {
  it(
    'stays open over a restart, also after a kill',
    async () => {
      const { id } = await open('ada')
      await gateway.kill9()
      gateway = await gateway.again()
      expect(await stateOf(id)).toBe('open')
      await team.by('ada', 'breakglass', 'close', id)
    },
    LONG,
  )

  it(
    'ends with the revocation of the person, and with a configuration that does not say so any more',
    async () => {
      const first = await open('ada')
      await team.by('root', 'persons', 'revoke', 'okta', 'ada', '--reason', 'left')
      expect(await stateOf(first.id)).toBe('closed')
      const second = await open('cy')
      await gateway.reconfigure({ breakGlass: undefined } as object)
      expect(await stateOf(second.id)).toBe('closed')
      expect(await team.by('cy', 'breakglass', 'request', 'orders', '--reason', 'x')).toMatchObject(refused('NOT_AVAILABLE'))
      const whys = await Promise.all([first, second].map(async ({ id }) => (await story(id)).entries.at(-1)!.fields.why))
      expect(whys).toEqual(['person-revoked', 'configuration'])
    },
    LONG,
  )
})
