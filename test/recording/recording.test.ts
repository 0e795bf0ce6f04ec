import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresEvent } from '../../src/recording/index.ts'
import { readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingOf, sessionsOf } from '../parts/recordings.ts'
import { openShop, type Shop } from '../parts/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
}, 60_000)
afterAll(() => shop?.close())

/** Runs a session to its end. @returns its id */
async function session(work: (client: Client) => Promise<void>): Promise<string> {
  const before = sessionsOf(await readTrail(shop.gateway.operator))
  const client = new Client(shop.clientOf(await shop.gateway.credential()))
  await client.connect()
  await work(client)
  await client.end()
  await expect
    .poll(async () => (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'session.close').length)
    .toBe(before.length + 1)
  return sessionsOf(await readTrail(shop.gateway.operator)).at(-1)!
}

const codes = (events: readonly PostgresEvent[]) => events.map(([, code]) => code)
const said = (events: readonly PostgresEvent[], code: string) => events.filter((event) => event[1] === code).map((event) => event.slice(2))

describe('what a client was shown', () => {
  it('is what node-postgres was shown, by operation, in order', async () => {
    const id = await session(async (client) => {
      await client.query("SELECT 1 AS one, 'zwei' AS two, NULL AS three")
      await client.query('SELECT $1::text AS said', ['quoted "text"\nand ünïcode'])
      await client.query('SELECT 1/0').catch(() => undefined)
    })
    const segments = await recordingOf(shop.gateway.operator, id)
    const events = eventsOf(segments)
    expect(segments[0]!.header).toMatchObject({ gatescribe: 1, protocol: 'postgres', session: id, segment: 1 })
    expect(said(events, 'row')).toEqual([[['1', 'zwei', null]], [['quoted "text"\nand ünïcode']]])
    expect(said(events, 'columns')[0]).toMatchObject([[{ name: 'one' }, { name: 'two' }, { name: 'three' }]])
    expect(said(events, 'error')).toMatchObject([[{ C: '22012', M: 'division by zero' }]])
    expect(said(events, 'process')).toHaveLength(1)
    const from = events.findIndex(([, code]) => code === 'op')
    expect(codes(events.slice(from)).join(' ')).toBe(
      'op columns row complete ready op parsed op bound columns row complete ready op error ready',
    )
    expect(said(events, 'op').flat()).toEqual([1, 2, 3, 4])
  })
})
