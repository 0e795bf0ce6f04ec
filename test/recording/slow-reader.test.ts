import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingOf, sessionsOf } from '../parts/recordings.ts'
import { openShop, type Shop } from '../parts/shop.ts'

const ROWS = 1_000_000
/** What a reader that stands still may cost, bytes (docs/recording.md). */
const MORE = 64 * 1024 * 1024

/** Of the gateway, bytes. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

it('holds no more of a million rows before a reader that stands still than before one that reads, and records what the cap has room for', {
  timeout: 120_000,
}, async (test) => {
  if (process.platform !== 'linux') test.skip('needs /proc')
  const shop = await openShop()
  try {
    const query = `SELECT n, repeat('x', 100) FROM generate_series(1, ${ROWS}) n`
    // Threads that begin with the first session, and code that is compiled when much flows, are there from here on.
    await read(shop, query)
    const before = resident(shop.gateway.pid)
    const reader = await ask(shop, query)
    let most = 0
    for (let look = 0; look < 40; look++) {
      await sleep(50)
      most = Math.max(most, resident(shop.gateway.pid))
    }
    expect(reader.received()).toBeLessThan(ROWS * 100)
    expect(most - before).toBeLessThan(MORE)
    await reader.rest()
    expect(reader.received()).toBeGreaterThan(ROWS * 100)
    await expect.poll(async () => (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'session.close').length).toBe(2)
    const session = sessionsOf(await readTrail(shop.gateway.operator)).at(-1)!
    const events = eventsOf(await recordingOf(shop.gateway.operator, session))
    expect(events.filter(([, code]) => code === 'row')).toHaveLength(1000)
    expect(events.find(([, code]) => code === 'capped')?.[2]).toMatchObject({ rows: ROWS - 1000 })
  } finally {
    await shop.close()
  }
})

async function read(shop: Shop, query: string): Promise<void> {
  const reader = await ask(shop, query)
  await reader.rest()
}

/** Sends a query and reads nothing of its answer until `rest`. */
async function ask(shop: Shop, query: string) {
  const client = new Client(shop.clientOf(await shop.gateway.credential()))
  client.on('error', () => undefined)
  await client.connect()
  // From here on its socket is read by nobody else.
  const socket = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream
  socket.removeAllListeners('data')
  let bytes = 0
  let tail = ''
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    tail = (tail + chunk.toString('latin1')).slice(-64)
  })
  socket.pause()
  socket.write(message('Q', `${query}\0`))
  return {
    received: () => bytes,
    async rest() {
      socket.resume()
      await until(() => tail.endsWith('Z\0\0\0\x05I'))
      socket.end(message('X', ''))
      await once(socket, 'close')
    },
  }
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 60_000, interval: 20 }).toBe(true)
}

function message(type: string, content: string): Buffer {
  const body = Buffer.from(content)
  return Buffer.concat([Buffer.from(type), length(body), body])
}

/** Of a body and of itself. */
function length(body: Buffer): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(body.length + 4)
  return bytes
}
