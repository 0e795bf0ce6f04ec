import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import type { StoredEntry } from '../trail/index.ts'
import { Delivery, type ExportCursor, type ExportedLog, type ExportNews, lagOf } from './index.ts'

const LOG = 'log.example/main'
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function entry(index: number): StoredEntry {
  const [kind, fields] = ['catalog.read', { resource: 'orders-db', n: index }]
  const bytes = Buffer.from(JSON.stringify({ kind, fields }))
  return { index, id: `e.${index}`, at: '2026-11-27T21:00:00.000000000Z', kind, fields, bytes } as unknown as StoredEntry
}

/** A log of so many entries, which does not grow. */
function logOf(count: number, more: Partial<ExportedLog> = {}): ExportedLog {
  const entries = Array.from({ length: count }, (_, index) => entry(index))
  return {
    ...{ name: LOG, minimum: 0, size: count, published: count },
    async *read(from) {
      yield entries.slice(from)
    },
    more: (_size, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    ...more,
  }
}

interface Asked {
  readonly from: number
  readonly to: number
  readonly atOnce: number
}

async function receiver(answer: (calls: number) => number, ms = 0): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = []
  let atOnce = 0
  const server: Server = createServer((request, response) => {
    atOnce++
    response.once('close', () => atOnce--)
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', async () => {
      const { from, to } = JSON.parse(body) as Asked
      asked.push({ from, to, atOnce })
      const status = answer(asked.length)
      await sleep(ms)
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked }
}

function deliver(log: ExportedLog, url: string): { readonly delivery: Delivery; readonly news: ExportNews[] } {
  const news: ExportNews[] = []
  let cursor: ExportCursor | undefined
  const delivery = new Delivery({
    settings: { name: 'siem', kind: 'webhook', url, headers: {}, from: 'start', insecureLoopback: true },
    secretsOf: async () => ({ headers: {}, secret: 'of the tests' }),
    sender: { version: '1.2.3', instance: 'one' },
    log,
    cursors: {
      find: () => cursor,
      last: () => cursor,
      put: (one) => {
        cursor = one
      },
    },
    rest: () => undefined,
    changed: () => undefined,
    tell: (one) => void news.push(one),
    patience: { first: 5, last: 10, failing: 60_000, answer: 1_000 },
  })
  closers.push(() => delivery.close())
  delivery.start()
  return { delivery, news }
}

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 5_000, interval: 5 }).toBe(true)

it('has one batch under way at a time, whoever sends it back at once, and none when it is closed', async () => {
  const { url, asked } = await receiver(() => 200, 10)
  const { delivery } = deliver(logOf(3_000), url)
  await until(() => delivery.reading.cursor === 3_000)
  const moved = [delivery.rewind(0), delivery.rewind(500), delivery.rewind(0)]
  await Promise.allSettled(moved)
  await sleep(40)
  await delivery.close()
  // What was sent before that arrives a moment later.
  await sleep(60)
  expect(Math.max(...asked.map(({ atOnce }) => atOnce))).toBe(1)
  const calls = asked.length
  await sleep(60)
  expect(asked.length).toBe(calls)
  await expect(delivery.rewind(0)).rejects.toMatchObject({ code: 'GS_EXPORTS_UNAVAILABLE' })
  await sleep(60)
  expect(asked.length).toBe(calls)
})

it('goes on where it was when it cannot go to where it is sent', async () => {
  const { url } = await receiver(() => 200)
  const { delivery } = deliver(logOf(10), url)
  await until(() => delivery.reading.cursor === 10)
  await expect(delivery.rewind(11)).rejects.toMatchObject({ code: 'GS_EXPORTS_POSITION' })
  await expect(delivery.skip(3)).rejects.toMatchObject({ code: 'GS_EXPORTS_NOT_REFUSED' })
  await delivery.rewind(4)
  await until(() => delivery.reading.cursor === 10)
})

it('tells of an entry that is refused once, however often the receiver changes its mind of why', async () => {
  const { url, asked } = await receiver((calls) => (calls % 2 === 1 ? 400 : 503))
  const { news } = deliver(logOf(1), url)
  await until(() => asked.length > 10)
  expect(news.filter((one) => one.news === 'stuck')).toEqual([{ news: 'stuck', entry: 0, status: 400 }])
})

it('is as old as its trouble where the log cannot be read', async () => {
  const unreadable: Partial<ExportedLog> = {
    // biome-ignore lint/correctness/useYield: it fails before it has any
    async *read() {
      throw Object.assign(new Error('damaged'), { code: 'GS_TRAIL_DAMAGED', next: 'look' })
    },
  }
  const { url } = await receiver(() => 200)
  const { delivery } = deliver(logOf(10, unreadable), url)
  await until(() => delivery.reading.state === 'failing')
  expect(lagOf(delivery.reading, 10, Date.now() + 90_000).lagSeconds).toBeGreaterThanOrEqual(90)
})
