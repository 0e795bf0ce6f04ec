import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { SHOP_DATABASE } from '../parts/shop.ts'
import { buttonsOf, SLACK_CHANNEL, type SlackServer, startSlack } from '../parts/slack-server.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../parts/webhook-receiver.ts'
import { type Agent, codeOf, Office, RAN } from './office.ts'

let office: Office
let agent: Agent
let slack: SlackServer
let receiver: WebhookReceiver
let folder: string
/** As the configuration has it, with whoever is whom in Slack. */
let approvals: (users: Record<string, string>) => object

beforeAll(async () => {
  slack = await startSlack()
  receiver = await startWebhookReceiver()
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-channels-'))
  const secret = (name: string, value: string) => {
    writeFileSync(join(folder, name), value, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  const webhook = { url: receiver.url, secret: secret('hook', receiver.secret), insecureLoopback: true }
  const inSlack = {
    ...{ url: slack.url, insecureLoopback: true, channel: SLACK_CHANNEL.name },
    ...{ token: secret('token', slack.token), signingSecret: secret('signing', slack.signingSecret) },
  }
  approvals = (users) => ({ hold: { postgres: '10s' }, channels: [{ webhook }, { slack: { ...inSlack, users } }] })
  office = await Office.open({ config: { approvals: approvals({ U0ADA: 'okta/ada', U0EVE: 'okta/eve', U0BOB: 'okta/bob' }) } })
  await office.shop.server.queryIn(
    { database: SHOP_DATABASE, user: 'postgres' },
    'CREATE TABLE parcels (note text); ALTER TABLE parcels OWNER TO shop_app',
  )
  agent = await office.agent()
})
afterAll(async () => {
  await office?.close()
  await slack.close()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 9_000, interval: 10 }).toBe(true)
const press = (id: string, action: 'approve' | 'deny', how: Parameters<SlackServer['press']>[3] = {}) =>
  slack.press(`${office.url}/channels/slack`, slack.messageAbout(id)!, action, how)
async function shown(sql: string) {
  const held = await agent.ask(sql)
  await until(() => slack.messageAbout(held.id) !== undefined)
  return held
}

it('a held statement runs once somebody who signed in here presses the button in Slack, and all who are told learn of it', async () => {
  await office.person('ada')
  const held = await shown("DELETE FROM parcels WHERE note = 'in_slack <!channel>'")
  const message = slack.messageAbout(held.id)!
  expect(slack.shown(message)).toContain("DELETE FROM parcels WHERE note = 'in_slack <!channel>'")
  const pressed = await press(held.id, 'approve')
  expect([pressed.status, await pressed.text()]).toEqual([200, ''])
  expect(codeOf(await held.result)).toBe('it ran')
  await until(() => slack.shown(message).startsWith('Approved, and done: '))
  expect(JSON.stringify(message)).not.toContain('in_slack')
  await until(() => receiver.taken.length === 3)
  expect(receiver.taken.map(({ event, link }) => [event, link])).toEqual(
    ['asked', 'decided', 'ended'].map((event) => [event, `${office.url}/approvals/${held.id}`]),
  )
  expect(JSON.stringify(receiver.taken)).not.toContain('in_slack')
  expect(await office.story(held.id)).toEqual(expect.arrayContaining(RAN))
  const looked = (await readTrail(office.shop.gateway.operator)).filter(
    ({ kind, fields }) => kind === 'log.read' && fields.approval === held.id,
  )
  expect(looked.map(({ fields }) => fields.viewer)).toEqual(['slack'])
})

it('decides nothing for who launched the run, who is not signed in, and who is not Slack', async () => {
  await office.person('eve')
  const held = await shown('DELETE FROM parcels')
  const before = slack.ephemeral.length
  expect((await press(held.id, 'approve', { user: 'U0EVE' })).status).toBe(200)
  expect((await press(held.id, 'approve', { user: 'U0BOB' })).status).toBe(200)
  await until(() => slack.ephemeral.length === before + 2)
  expect(slack.ephemeral.slice(before).map(({ user }) => user)).toEqual(expect.arrayContaining(['U0EVE', 'U0BOB']))
  const forged = await press(held.id, 'approve', { secret: 'guessed' })
  expect([forged.status, await forged.json()]).toMatchObject([401, { code: 'GS_CHANNELS_FORGED' }])
  const { body, headers } = slack.signed(slack.messageAbout(held.id)!, 'approve', { user: 'U0NOBODY' })
  const send = async (more: Record<string, string>, text = body) =>
    (await fetch(`${office.url}/channels/slack`, { method: 'POST', headers: { ...headers, ...more }, body: text })).status
  expect(await send({ 'content-type': 'application/json' }, '{}')).toBe(400)
  expect(await send({}, 'x'.repeat(600 * 1024))).toBe(400)
  expect(await send({}, '')).toBe(401)
  expect((await fetch(`${office.url}/channels/slack`)).status).toBe(404)
  expect((await office.request(held.id)).state).toBe('pending')
  expect((await press(held.id, 'deny', { user: 'U0EVE' })).status).toBe(200)
  expect(codeOf(await held.result)).toBe('GS_APPROVAL_DENIED')
})

it('carries no button where it does not fit, and the link answers it', async () => {
  const held = await shown(`DELETE FROM parcels WHERE note = '${'x'.repeat(30_000)}'`)
  expect(buttonsOf(slack.messageAbout(held.id)!)).toEqual([])
  await office.approve(held.id)
  expect(codeOf(await held.result)).toBe('it ran')
})

it('counts a press by the configuration in force, on the message that stands there already', async () => {
  const held = await shown("DELETE FROM parcels WHERE note = 'reload'")
  const told = slack.ephemeral.length
  await office.shop.gateway.reconfigure({ approvals: approvals({ U0EVE: 'okta/eve' }) } as object)
  expect((await press(held.id, 'approve')).status).toBe(200)
  await until(() => slack.ephemeral.length === told + 1)
  await office.shop.gateway.reconfigure({ approvals: approvals({ U0ADA: 'okta/ada' }) } as object)
  expect((await press(held.id, 'approve', { at: Math.floor(Date.now() / 1_000) - 60 })).status).toBe(200)
  expect(codeOf(await held.result)).toBe('it ran')
})

it('asks and answers as before while nobody outside takes anything, and ends in time', async () => {
  slack.trouble.push(...Array.from({ length: 30 }, () => ({ status: 500 })))
  receiver.trouble.push(...Array<500>(30).fill(500))
  const held = await agent.ask("DELETE FROM parcels WHERE note = 'outage'")
  await office.approve(held.id)
  expect(codeOf(await held.result)).toBe('it ran')
  const began = performance.now()
  expect(await office.shop.gateway.stop()).toBe(0)
  expect(performance.now() - began).toBeLessThan(8_000)
  expect(office.shop.gateway.log()).not.toMatch(new RegExp(`${slack.token}|${receiver.secret}|outage`))
})
