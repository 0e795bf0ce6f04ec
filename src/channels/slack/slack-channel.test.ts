import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf, personOf, termsOf } from '../../../test/parts/approvals.ts'
import {
  buttonsOf,
  type Pressed,
  SLACK_CHANNEL,
  type SlackMessage,
  type SlackServer,
  startSlack,
} from '../../../test/parts/slack-server.ts'
import type { ApprovingPerson } from '../../approvals/index.ts'
import type { ChannelLog } from '../channel.ts'
import { type Channels, createChannels } from '../channels.ts'
import { ChannelError } from '../errors.ts'
import type { SlackSettings } from '../settings.ts'

let house: ApprovalHouse
let slack: SlackServer
let channels: Channels
/** Where Slack sends what is pressed. */
let door: Server
let url: string
/** Who signed in here. */
const signedIn = new Map<string, ApprovingPerson>()
const opened: string[] = []
const lines: string[] = []
const log: ChannelLog = {
  info: (_fields, message) => void lines.push(message),
  warn: (fields, message) => void lines.push(`${message} ${JSON.stringify(fields)}`),
}

const settings = (): SlackSettings => ({
  kind: 'slack',
  url: slack.url,
  token: { from: 'env', name: 'token' },
  signingSecret: { from: 'env', name: 'signingSecret' },
  channel: SLACK_CHANNEL.name,
  users: {
    U0ADA: { issuer: 'okta', subject: 'ada' },
    U0EVE: { issuer: 'okta', subject: 'eve' },
    U0BOB: { issuer: 'okta', subject: 'bob' },
  },
  insecureLoopback: true,
})

const newChannels = () =>
  createChannels({
    approvals: house.approvals,
    link: (id) => `https://gw.example/approvals/${id}`,
    describe: () => undefined,
    secretOf: async (reference) => ('name' in reference && reference.name === 'token' ? slack.token : slack.signingSecret),
    async open(id) {
      opened.push(id)
      return house.approvals.view(id)
    },
    run: (id) => house.runs.run(id)?.run,
    personOf: ({ issuer, subject }) => signedIn.get(`${issuer}/${subject}`),
    log,
    backOff: { first: 10, last: 40 },
    gap: 0,
  })

beforeEach(async () => {
  lines.length = 0
  opened.length = 0
  signedIn.clear()
  signedIn.set('okta/ada', personOf('ada'))
  signedIn.set('okta/eve', personOf('eve'))
  house = await new ApprovalHouse().open()
  slack = await startSlack()
  channels = newChannels()
  channels.use([settings()])
  door = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const header = (name: string) => request.headers[name] as string | undefined
      channels
        .slack({ body: Buffer.concat(chunks), timestamp: header('x-slack-request-timestamp'), signature: header('x-slack-signature') })
        .then(
          () => response.writeHead(200).end(),
          (error: unknown) => response.writeHead(400).end(error instanceof ChannelError ? error.code : String(error)),
        )
    })
  })
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(door.address() as AddressInfo).port}/channels/slack`
})
afterEach(async () => {
  await channels.close()
  await slack.close()
  door.closeAllConnections()
  await new Promise((closed) => door.close(closed))
  await house.close()
  await house.remove()
})

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 5_000, interval: 5 }).toBe(true)

/** Asks, and waits until it stands in Slack. */
async function shown(sql: string, more: Parameters<ApprovalHouse['ask']>[2] = {}, mode: 'hold' | 'ticket' = 'hold') {
  const run = house.runs.run('run_a')?.run ?? (await house.run())
  const asked = await house.ask(run, sql, more, mode)
  await until(() => slack.messageAbout(asked.id) !== undefined)
  return { asked, run, message: slack.messageAbout(asked.id)! }
}

const heading = (message: SlackMessage) => slack.shown(message).split('\n')[0]
const stateOf = (id: Parameters<ApprovalHouse['approvals']['view']>[0]) =>
  house.approvals.list().find((request) => request.id === id)?.state

describe('a request in Slack', () => {
  it('is shown with what is known first, what is asked for in full, and two buttons of which the first is no', async () => {
    const { asked, message } = await shown(`DELETE FROM orders -- 'a' & <b>\nWHERE id = 1`, { claimed: { message: 'trust_me_marker' } })
    const text = slack.shown(message)
    expect(text.indexOf('run_a')).toBeLessThan(text.indexOf('DELETE FROM'))
    expect(text).toContain(`DELETE FROM orders -- 'a' & <b>\nWHERE id = 1`)
    expect(text).toContain('search_path: public')
    expect(buttonsOf(message).map(({ action_id, value }) => [action_id, value])).toEqual([
      ['deny', asked.id],
      ['approve', asked.id],
    ])
    // What the agent says is not folded in Slack, so it is not there.
    expect(JSON.stringify(message)).not.toContain('trust_me_marker')
    expect(text).toContain('stands at the link only')
    expect(opened).toEqual([asked.id])
    expect(slack.calls).toEqual(['auth.test', 'chat.postMessage'])
  })

  it('is answered by whoever is known here, and says then what became of it without what was asked for', async () => {
    const { asked, message } = await shown('DELETE FROM orders_marker')
    expect((await slack.press(url, message, 'approve')).status).toBe(200)
    const grant = await asked.decided
    expect(grant).toMatchObject({ id: asked.id })
    await until(() => heading(message) === 'Approved: orders-db')
    expect(JSON.stringify(message)).not.toContain('orders_marker')
    expect(buttonsOf(message)).toEqual([])
    const run = house.runs.run('run_a')!.run
    await house.spend(run, 'DELETE FROM orders_marker', grant as never)
    await until(() => heading(message) === 'Approved, and done: orders-db')
    const [decided] = (await house.entries()).filter(({ kind }) => kind === 'approval.decided')
    expect(decided?.fields).toMatchObject({ verdict: 'approve', channel: 'slack', independence: 'proven' })
    expect(slack.messages).toHaveLength(1)
    expect(slack.ephemeral).toEqual([])
  })

  it('is denied by the other button, and two persons are two presses', async () => {
    const both = termsOf({ requirements: [{ rule: 'two', groups: ['okta/sre'], count: 2 }] })
    const { asked, message } = await shown('DELETE FROM a', { terms: both })
    await slack.press(url, message, 'approve')
    await until(() => slack.shown(message).includes('1 of 2 approvals'))
    expect(buttonsOf(message)).toHaveLength(2)
    expect(slack.shown(message)).toContain('DELETE FROM a')
    await slack.press(url, message, 'deny', { user: 'U0EVE' })
    expect(await asked.decided).toMatchObject({ code: 'GS_APPROVAL_DENIED' })
    await until(() => heading(message) === 'Denied: orders-db')
  })

  it('pressed twice is answered once', async () => {
    const { asked, message } = await shown('DELETE FROM a')
    const now = Math.floor(Date.now() / 1_000)
    await Promise.all([0, 1, 2].map((n) => slack.press(url, message, 'approve', { at: now - n })))
    await asked.decided
    await until(() => heading(message) === 'Approved: orders-db')
    await sleep(50)
    expect((await house.entries()).filter(({ kind }) => kind === 'approval.decided')).toHaveLength(1)
  })

  it('is taken up to date when it ends by itself, and is not posted when it is over already', async () => {
    const { asked, message } = await shown('DELETE FROM a')
    house.approvals.withdraw(asked.id, 'cancelled')
    await until(() => heading(message) === 'Withdrawn: orders-db')
    expect(slack.shown(message)).toContain('withdrawn (cancelled)')
    slack.trouble.push({ status: 500 }, { status: 500 }, { status: 500 }, { status: 500 })
    const other = await house.ask(house.runs.run('run_a')!.run, 'DELETE FROM b')
    house.approvals.withdraw(other.id, 'cancelled')
    await until(() => lines.some((line) => line.includes('again')) || slack.trouble.length < 4)
    await sleep(200)
    expect(slack.messageAbout(other.id)).toBeUndefined()
  })

  it('is shown anew by another process, and what the one before posted answers nothing any more', async () => {
    const { asked, message: before } = await shown('DELETE FROM a', {}, 'ticket')
    await channels.close()
    channels = newChannels()
    channels.use([settings()])
    channels.begin()
    await until(() => slack.messages.length === 2)
    await slack.press(url, before, 'approve')
    await until(() => slack.ephemeral.length === 1)
    expect(slack.ephemeral[0]?.text).toContain('out of date')
    expect(stateOf(asked.id)).toBe('pending')
    await slack.press(url, slack.messages[1]!, 'approve')
    expect(await asked.decided).toMatchObject({ id: asked.id })
  })
})

describe('what an agent writes', () => {
  it('is text whatever it looks like, and what hides is shown', async () => {
    const sql = 'SELECT 1; ``` *bold* <!channel> <@U0ADA> <https://evil.example|Approved> :white_check_mark: &lt; -- \u202e\u200b```'
    const { message } = await shown(sql)
    const texts = slack.shown(message)
    expect(texts).toContain(sql.replace('\u202e\u200b', '⟨U+202E⟩⟨U+200B⟩'))
    const markup = JSON.stringify(message.blocks).match(/"type":"mrkdwn"/g)
    expect(markup).toBeNull()
    expect(message.text).toBe(`Approval wanted: orders-db https://gw.example/approvals/${buttonsOf(message)[0]!.value}`)
  })

  it('cannot make a line of its own among the facts', async () => {
    const effective = effectiveOf('DELETE FROM a', { session: { search_path: 'a\nbounded: yes\nstate: approved' } })
    const { message } = await shown('DELETE FROM a', { effective })
    expect(slack.shown(message)).toContain('search_path: a⟨U+000A⟩bounded: yes⟨U+000A⟩state: approved')
  })

  it.each([
    ['longer than Slack takes', `SELECT '${'x'.repeat(20_000)}'`, 'does not fit here'],
    ['of more pieces than Slack takes', undefined, 'does not fit here'],
    ['long once it is written as JSON', `SELECT '${'"\\'.repeat(4_000)}'`, 'does not fit here'],
    ['read from right to left', `DELETE FROM orders WHERE note = 'שלום' OR 1 = 1`, 'another order'],
  ])('and is %s carries no button but the link', async (_, sql, why) => {
    const parts = Array.from({ length: 60 }, (_each, n) => ({ label: 'statement', content: Buffer.from(`SELECT ${n}`) }))
    const effective = sql === undefined ? effectiveOf('', { parts }) : effectiveOf(sql)
    const { asked, message } = await shown(sql ?? '', { effective })
    expect(buttonsOf(message)).toEqual([])
    expect(slack.shown(message)).toContain(why)
    expect(JSON.stringify(message.blocks)).toContain(asked.link)
    // A button that somebody makes up answers nothing either.
    await slack.press(url, message, 'approve', { value: asked.id })
    await until(() => slack.ephemeral.length === 1)
    expect(stateOf(asked.id)).toBe('pending')
  })

  it('fits in full up to the limit, seam by seam', async () => {
    const sql = `SELECT '${'é𝒳'.repeat(1_500)}'`
    const { message } = await shown(sql)
    expect(buttonsOf(message)).toHaveLength(2)
    expect(slack.shown(message)).toContain(sql)
  })

  it('that Slack does not take after all is shown without it, and without buttons', async () => {
    const { run } = await shown('DELETE FROM a')
    slack.trouble.push({ error: 'msg_blocks_too_long' })
    const asked = await house.ask(run, 'DELETE FROM b')
    await until(() => slack.messageAbout(asked.id) !== undefined)
    expect(buttonsOf(slack.messageAbout(asked.id)!)).toEqual([])
  })
})

describe('a press of a button', () => {
  it.each([
    ['forged', { secret: 'another secret' }, 'GS_CHANNELS_FORGED'],
    ['without a secret', { secret: '' }, 'GS_CHANNELS_FORGED'],
    ['old', { ago: 330 }, 'GS_CHANNELS_FORGED'],
    ['from the future', { ago: -330 }, 'GS_CHANNELS_FORGED'],
    ['without a value of ours', { value: '../../x' }, 'GS_CHANNELS_MALFORMED'],
    ['on nothing', { more: { container: { type: 'view', view_id: 'V1' } } }, 'GS_CHANNELS_MALFORMED'],
    ['of nobody', { more: { user: {} } }, 'GS_CHANNELS_MALFORMED'],
    ['twice in one', { more: { actions: [{ action_id: 'deny' }, { action_id: 'approve' }] } }, 'GS_CHANNELS_MALFORMED'],
  ])('that is %s is refused', async (_, { ago, ...how }: Partial<Pressed> & { readonly ago?: number }, code) => {
    const { asked, message } = await shown('DELETE FROM a')
    const at = Math.floor(Date.now() / 1_000) - (ago ?? 0)
    const response = await slack.press(url, message, 'approve', { ...how, at })
    expect([response.status, await response.text()]).toEqual([400, code])
    await sleep(20)
    expect(stateOf(asked.id)).toBe('pending')
  })

  it('is refused when it comes again, byte by byte, or with another body', async () => {
    const { asked, message } = await shown('DELETE FROM a')
    const { body, headers } = slack.signed(message, 'deny', { user: 'U0NOBODY' })
    const send = async (changed = body, more: Record<string, string> = {}) =>
      (await fetch(url, { method: 'POST', headers: { ...headers, ...more }, body: changed })).status
    expect(await send(body.replace('U0NOBODY', 'U0ADA'))).toBe(400)
    expect(await send(`${body}&payload=%7B%7D`)).toBe(400)
    expect(await send(body, { 'x-slack-request-timestamp': `0${headers['x-slack-request-timestamp']}` })).toBe(400)
    expect(await send(body, { 'x-slack-signature': headers['x-slack-signature']!.replace('v0=', 'v1=') })).toBe(400)
    expect(await send(body, { 'x-slack-signature': 'v0=' })).toBe(400)
    expect(await send()).toBe(200)
    expect(await send()).toBe(400)
    expect(await send(body, { 'x-slack-signature': headers['x-slack-signature']!.toUpperCase().replace('V0', 'v0') })).toBe(400)
    expect(stateOf(asked.id)).toBe('pending')
  })

  it.each([
    ['nobody whom the configuration knows', { user: 'U0MALLORY' }, 'sign in'],
    ['a name of every object', { user: 'constructor' }, 'sign in'],
    ['somebody who has not signed in', { user: 'U0BOB' }, 'sign in'],
    ['somebody of another workspace with the same id', { team: 'T0EVIL' }, 'sign in'],
    ['who started the run', { user: 'U0EVE' }, 'You started this run'],
    ['somebody about another message', { ts: '1700000000.000099' }, 'out of date'],
    ['somebody in another channel', { channel: 'C0OTHER' }, ''],
  ])('by %s decides nothing, and only they are told', async (_, how, said) => {
    signedIn.set('okta/eve', personOf('eve', { accounts: { ci: 'eve@ci' } }))
    const { asked, message } = await shown('DELETE FROM a')
    expect((await slack.press(url, message, 'approve', how)).status).toBe(200)
    if (said === '') await sleep(50)
    else {
      await until(() => slack.ephemeral.length === 1)
      expect(slack.ephemeral[0]?.text).toContain(said)
    }
    expect(stateOf(asked.id)).toBe('pending')
    expect(slack.messages).toHaveLength(1)
  })

  it('counts for who that is by the configuration in force', async () => {
    const { asked, message } = await shown('DELETE FROM a')
    channels.use([{ ...settings(), users: {} }])
    await slack.press(url, message, 'approve')
    await until(() => slack.ephemeral.length === 1)
    channels.use([settings()])
    // Another second than that of the first, or it is the first again.
    await slack.press(url, message, 'approve', { at: Math.floor(Date.now() / 1_000) - 60 })
    expect(await asked.decided).toMatchObject({ id: asked.id })
    expect(slack.messages).toHaveLength(1)
  })

  it('of another kind, or what is no press, is acknowledged and nothing', async () => {
    const { message } = await shown('DELETE FROM a')
    expect((await slack.press(url, message, 'approve', { more: { type: 'view_closed' } })).status).toBe(200)
    expect((await slack.press(url, message, 'other', { value: 'x' })).status).toBe(200)
    channels.use([])
    const response = await slack.press(url, message, 'approve')
    expect(await response.text()).toBe('GS_CHANNELS_NO_SLACK')
  })
})

describe('Slack that is slow or fails', () => {
  it('keeps nobody waiting who asks or decides', async () => {
    slack.trouble.push({ silence: true })
    const run = await house.run()
    const began = performance.now()
    const all = []
    for (let n = 0; n < 8; n++) all.push(await house.ask(run, `DELETE FROM t${n}`, {}, 'ticket'))
    for (const { id } of all) await house.approvals.decide(id, personOf('ada'), 'approve', 'cli')
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(slack.messages).toEqual([])
  })

  it('is asked again, left alone for as long as it says, and nothing is shown twice', async () => {
    slack.trouble.push({ status: 503 }, { error: 'internal_error' }, { retryAfter: 1 })
    const began = performance.now()
    const { asked, message } = await shown('DELETE FROM a')
    expect(performance.now() - began).toBeGreaterThan(1_000)
    slack.trouble.push({ error: 'fatal_error' }, { status: 200 })
    await house.approvals.decide(asked.id, personOf('ada'), 'approve', 'cli')
    await until(() => heading(message) === 'Approved: orders-db')
    expect(slack.messages).toHaveLength(1)
    // However often it was tried, what is asked for was looked at once.
    expect(opened).toEqual([asked.id])
    expect(lines.join()).not.toContain(slack.token)
  })

  it('and a message that somebody took away stop nothing', async () => {
    const { asked } = await shown('DELETE FROM a')
    ;(slack.messages as SlackMessage[]).length = 0
    await house.approvals.decide(asked.id, personOf('ada'), 'approve', 'cli')
    await until(() => slack.calls.includes('chat.update message_not_found'))
    const { message } = await shown('DELETE FROM b')
    expect(heading(message)).toBe('Approval wanted: orders-db')
  })
})

it('is examined by whether Slack knows the token, and posts nothing for that', async () => {
  const examine = () => channels.all[0]!.examine(AbortSignal.timeout(1_000))
  await expect(examine()).resolves.toContain('token')
  slack.trouble.push({ error: 'token_revoked' })
  await expect(examine()).rejects.toMatchObject({ code: 'GS_CHANNELS_NOT_TAKEN', message: expect.stringContaining('token_revoked') })
  expect(slack.calls).toEqual(['auth.test', 'auth.test token_revoked'])
  expect(slack.messages).toEqual([])
})
