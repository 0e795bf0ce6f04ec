import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ApprovalHouse, personOf } from '../../../test/parts/approvals.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../../../test/parts/webhook-receiver.ts'
import { requestAnswer } from '../../api/local/approval-answers.ts'
import type { ChannelLog } from '../channel.ts'
import { type Channels, createChannels } from '../channels.ts'

let house: ApprovalHouse
let receiver: WebhookReceiver
let channels: Channels
const lines: string[] = []
const log: ChannelLog = {
  info: (_fields, message) => void lines.push(message),
  warn: (fields, message) => void lines.push(`${message} ${JSON.stringify(fields)}`),
}

function open(secret = receiver.secret): void {
  channels = createChannels({
    approvals: house.approvals,
    link: (id) => `https://gw.example/approvals/${id}`,
    describe: requestAnswer,
    secretOf: async () => secret,
    open: async () => undefined,
    run: () => undefined,
    personOf: () => undefined,
    log,
    backOff: { first: 10, last: 40 },
  })
  channels.use([{ kind: 'webhook', url: receiver.url, secret: { from: 'env', name: 'HOOK' }, insecureLoopback: true }])
}

beforeEach(async () => {
  lines.length = 0
  house = await new ApprovalHouse().open()
  receiver = await startWebhookReceiver()
})
afterEach(async () => {
  await channels.close()
  await receiver.close()
  await house.close()
  await house.remove()
})

const told = () => receiver.taken.map(({ event, request }) => `${event} ${request.state}`)
const until = (holds: () => boolean) => expect.poll(holds, { timeout: 5_000, interval: 5 }).toBe(true)

it('tells who is outside, signed, what becomes of a request and never what is asked for', async () => {
  open()
  const run = await house.run()
  const asked = await house.ask(run, 'DELETE FROM customers_marker', { claimed: { message: 'claim_marker' } })
  // A short name may stand in the digits of an id by chance.
  await house.approvals.decide(asked.id, personOf('person_marker'), 'approve', 'cli', 'reason_marker')
  const grant = await asked.decided
  if (!('digest' in grant)) throw grant
  expect(await house.spend(run, 'DELETE FROM customers_marker', grant)).toBeUndefined()
  await until(() => receiver.taken.length === 3)
  expect(told()).toEqual(['asked pending', 'decided approved', 'ended used'])
  const [first] = receiver.taken
  expect(first).toMatchObject({
    link: asked.link,
    request: { id: asked.id, run: run.id, resource: 'orders-db', askedAt: '2023-11-14T22:13:20.000Z' },
  })
  expect(new Set(receiver.taken.map(({ id }) => id)).size).toBe(3)
  expect(JSON.stringify(receiver.taken)).not.toMatch(/marker|statement/)
  expect(receiver.headers['user-agent']).toBe('gatescribe')
})

it('says once what stays the same, and that a no is a decision', async () => {
  open()
  const run = await house.run()
  const asked = await house.ask(run, 'DELETE FROM a')
  asked.becomeTicket()
  await house.approvals.decide(asked.id, personOf('ada'), 'deny', 'cli')
  await until(() => receiver.taken.length === 2)
  await sleep(30)
  expect(told()).toEqual(['asked pending', 'decided denied'])
})

it('tries again where it is not taken, in the order of each request, and says so once', async () => {
  open()
  receiver.trouble.push(500, 404, 302, 503)
  const run = await house.run()
  const asked = await house.ask(run, 'DELETE FROM a')
  await house.approvals.decide(asked.id, personOf('ada'), 'approve', 'cli')
  house.approvals.withdraw(asked.id, 'cancelled')
  await until(() => receiver.taken.length === 3)
  expect(told()).toEqual(['asked pending', 'decided approved', 'ended void'])
  expect(receiver.calls).toBe(7)
  expect(lines.filter((line) => line.includes('does not take'))).toHaveLength(1)
  expect(lines.join()).toContain('it answered with status 500')
  expect(lines.join()).not.toContain(receiver.url)
  expect(lines.at(-1)).toContain('takes what is sent again')
})

it('follows no redirect, and is not believed with another secret', async () => {
  open('another secret')
  const run = await house.run()
  await house.ask(run, 'DELETE FROM a')
  await until(() => receiver.calls >= 3)
  expect(receiver.taken).toEqual([])
  expect(lines.join()).toContain('status 401')
})

it('keeps nobody waiting who asks or decides, however slow it is', async () => {
  open()
  receiver.trouble.push(...Array<'silence'>(20).fill('silence'))
  const run = await house.run()
  const began = performance.now()
  const all = []
  for (let n = 0; n < 8; n++) all.push(await house.ask(run, `DELETE FROM t${n}`, {}, 'ticket'))
  for (const { id } of all) await house.approvals.decide(id, personOf('ada'), 'approve', 'cli')
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(receiver.taken).toEqual([])
  // Nor a gateway that stops.
  const closing = performance.now()
  await channels.close()
  expect(performance.now() - closing).toBeLessThan(1_500)
  expect(lines.join()).toContain('were not delivered')
})

it('is examined by what became of the last that was sent', async () => {
  open()
  const examine = () => channels.all[0]!.examine(AbortSignal.timeout(1_000))
  await expect(examine()).resolves.toContain('taken')
  receiver.trouble.push(...Array.from({ length: 50 }, () => 503))
  await house.ask(await house.run(), 'DELETE FROM orders')
  await until(() => lines.some((line) => line.includes('does not take')))
  await expect(examine()).rejects.toMatchObject({ code: 'GS_CHANNELS_NOT_TAKEN', message: expect.stringContaining('status 503') })
  receiver.trouble.length = 0
  await until(() => receiver.taken.length === 1 && lines.some((line) => line.includes('takes what is sent again')))
  await expect(examine()).resolves.toContain('taken')
})
