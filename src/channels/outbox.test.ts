import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { NotTaken, Outbox, type OutboxOptions } from './outbox.ts'

const sent: string[] = []
const lines: string[] = []
let takes = true
let outbox: Outbox<string>
const log = {
  info: (_fields: object, message: string) => void lines.push(message),
  warn: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
}
function open(more: Partial<OutboxOptions<string>> = {}): void {
  sent.length = lines.length = 0
  takes = true
  outbox = new Outbox<string>({
    name: 'test',
    log,
    atOnce: 2,
    backOff: { first: 5, last: 10 },
    async send(item) {
      await sleep(1)
      if (!takes) throw new NotTaken('no')
      sent.push(item)
    },
    ...more,
  })
}
afterEach(() => outbox.close())
const until = (holds: () => boolean) => expect.poll(holds, { timeout: 5_000, interval: 2 }).toBe(true)

it('keeps the order of a lane through failures, while others go on', async () => {
  let failures = 3
  open({
    async send(item) {
      await sleep(1)
      if (item === 'a1' && failures-- > 0) throw new NotTaken('no')
      sent.push(item)
    },
  })
  for (const item of ['a1', 'a2', 'b1', 'a3', 'b2']) outbox.push(item.charAt(0), item)
  await until(() => sent.length === 5)
  expect(sent.filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
  expect(sent.indexOf('b2')).toBeLessThan(sent.indexOf('a1'))
})

it('holds no more than it may, and says how much it dropped without a flood of lines', async () => {
  open({ most: 10, backOff: { first: 60_000, last: 60_000 } })
  takes = false
  for (let n = 0; n < 1_000; n++) outbox.push(`lane ${n}`, String(n))
  const dropped = lines.filter((line) => line.includes('dropped'))
  expect(dropped.length).toBeGreaterThan(5)
  expect(dropped.length).toBeLessThan(12)
})

it('gives up in the end, and says so', async () => {
  open({ lasts: 40 })
  takes = false
  outbox.push('a', 'old')
  await until(() => lines.some((line) => line.includes('tried for too long')))
  takes = true
  outbox.push('a', 'new')
  await until(() => sent.length === 1)
  expect(sent).toEqual(['new'])
})

it('of what only the latest counts of, sends the latest', async () => {
  open({ latestOnly: true, atOnce: 1 })
  for (let n = 0; n < 50; n++) outbox.push('a', String(n))
  await until(() => sent.includes('49'))
  expect(sent).toEqual(['0', '49'])
})

it('leaves everything alone for as long as it is told to', async () => {
  let first = true
  open({
    async send(item) {
      if (first) {
        first = false
        throw new NotTaken('too often', 150)
      }
      sent.push(`${item} ${performance.now()}`)
    },
  })
  const began = performance.now()
  outbox.push('a', 'a')
  await sleep(5)
  outbox.push('b', 'b')
  await until(() => sent.length === 2)
  for (const one of sent) expect(Number(one.split(' ')[1]) - began).toBeGreaterThanOrEqual(145)
})

it('is not hurried by whoever wants to be asked again at once', async () => {
  let tries = 0
  open({
    backOff: { first: 40, last: 40 },
    async send() {
      tries++
      throw new NotTaken('no', 0)
    },
  })
  outbox.push('a', 'a')
  await sleep(100)
  expect(tries).toBeLessThan(7)
})

it('leaves a gap between two, but for the end', async () => {
  open({ gap: 10_000 })
  for (const key of ['a', 'b', 'c']) outbox.push(key, key)
  await sleep(50)
  expect(sent).toEqual(['a'])
  await outbox.close()
  expect(sent).toEqual(['a', 'b', 'c'])
})

it('ends within its grace, with what could go gone, and takes nothing any more', async () => {
  open({ send: async (item, signal) => (item === 'slow' ? void (await sleep(60_000, undefined, { signal })) : void sent.push(item)) })
  outbox.push('a', 'slow')
  outbox.push('b', 'quick')
  const began = performance.now()
  await outbox.close()
  expect(performance.now() - began).toBeLessThan(1_500)
  outbox.push('c', 'late')
  await sleep(20)
  expect(sent).toEqual(['quick'])
})
