import { expect, it } from 'vitest'
import type { OperationRow, OutcomeRow } from '../../src/trail/index.ts'
import { openRawSession } from '../parts/raw-session.ts'
import { openShop, SHOP_DATABASE, type Shop } from '../parts/shop.ts'

const SESSIONS = 4
const OPERATIONS = 25_000
const PER_SYNC = 250

// AUD-03
it('records a burst of 100,000 operations: each with its intent and its outcome, counters without a hole', {
  timeout: 120_000,
}, async () => {
  const shop = await openShop({ postgres: { logStatements: false } })
  try {
    const { password } = await shop.gateway.credential()
    await Promise.all(Array.from({ length: SESSIONS }, () => burst(shop, password)))
    // Behind its end nothing of a session comes any more.
    await expect.poll(() => ended(shop), { timeout: 10_000 }).toBe(SESSIONS)
    const counted = await countedIn(shop)
    expect(counted.length).toBe(SESSIONS)
    for (const { intents, outcomes } of counted) {
      // The statement was prepared once: an operation of its own.
      const all = Array.from({ length: OPERATIONS + 1 }, (_, at) => at + 1)
      expect(intents).toEqual(all)
      expect(outcomes.sort((a, b) => a - b)).toEqual(all)
    }
  } finally {
    await shop.close()
  }
})

/** Binds and executes one prepared statement again and again, in batches that are all sent at once. */
async function burst(shop: Shop, password: string): Promise<void> {
  const settings = { user: 'anybody', database: SHOP_DATABASE, options: `-c gatescribe.token=${password}` }
  const session = await openRawSession({ port: shop.gateway.port, ca: shop.gateway.ca, protocol: '3.0', settings })
  await session.loggedIn()
  session.send(Buffer.concat([message('P', 's\0SELECT 7\0\0\0'), message('S')]))
  await session.messages('1Z'.length)
  const one = Buffer.concat([message('B', '\0s\0\0\0\0\0\0\0'), message('E', '\0\0\0\0\0')])
  const batch = Buffer.concat([...Array.from({ length: PER_SYNC }, () => one), message('S')])
  for (let sent = 0; sent < OPERATIONS; sent += PER_SYNC) session.send(batch)
  await session.messages('2DC'.length * OPERATIONS + OPERATIONS / PER_SYNC)
  await session.close()
}

async function ended(shop: Shop): Promise<number> {
  let sessions = 0
  const query = { from: 0, follow: false, opened: false, filter: { kind: 'session.close' } }
  for await (const _ of shop.gateway.operator.trail(query, new AbortController().signal)) sessions += 1
  return sessions
}

/** Per session that executed anything: the numbers of its intents and of its completed outcomes, as they stand in the trail. */
async function countedIn(shop: Shop) {
  const sessions = new Map<string, { intents: number[]; outcomes: number[] }>()
  const query = { from: 0, follow: false, opened: false, filter: { kind: 'operation' } }
  const of = (session: unknown) => {
    const known = sessions.get(String(session)) ?? { intents: [], outcomes: [] }
    sessions.set(String(session), known)
    return known
  }
  for await (const { kind, fields } of shop.gateway.operator.trail(query, new AbortController().signal)) {
    if (kind === 'operation.intent') for (const [n] of fields.ops as unknown as OperationRow[]) of(fields.session).intents.push(n)
    else {
      for (const [n, status] of fields.outcomes as unknown as OutcomeRow[]) if (status === 'completed') of(fields.session).outcomes.push(n)
    }
  }
  return [...sessions.values()]
}

function message(type: string, body = ''): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body, 'latin1')])
}
