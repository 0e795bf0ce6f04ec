import { Client, type QueryResult } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JOB_GROUP } from '../../parts/gateway-config.ts'
import { openShop, type Shop } from '../../parts/shop.ts'
import { directly } from '../evasion/door.ts'
import { RULES } from '../evasion/targets.ts'
import { builtin } from './builtin.ts'
import { catalog } from './catalog.ts'
import { ordinary } from './ordinary.ts'
import { SCHEMA } from './schema.ts'

const all = [...ordinary, ...catalog, ...builtin]

let shop: Shop
let through: Client
let direct: Client
beforeAll(async () => {
  shop = await openShop({
    gateway: {
      adjust: (config) => {
        // Reading only, and the two rules that attempts are made against.
        const forbidden = RULES.filter(({ effect }) => effect === 'deny')
        config.rules = [{ name: 'may-read', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['postgres.read'] }, ...forbidden]
        config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 100_000 } }]
      },
    },
  })
  direct = new Client({ host: '127.0.0.1', ...directly(shop.server) })
  await direct.connect()
  await direct.query(SCHEMA)
  through = new Client(shop.clientOf(await shop.gateway.credential()))
  await through.connect()
}, 60_000)
afterAll(async () => {
  await through?.end()
  await direct?.end()
  await shop?.close()
})

it('are at least 250, each another', () => {
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(250)
})

const answer = async (asked: Promise<unknown>) => {
  const answered = await asked.then(
    (result) => result as QueryResult | QueryResult[],
    (error: Error & { code?: string }) => `${error.code} ${error.message}`,
  )
  if (typeof answered === 'string') return answered
  return [answered].flat().map(({ command, rows }) => ({ command, rows }))
}

describe.each([
  ['simple', (client: Client, text: string) => client.query(text)],
  ['extended', (client: Client, text: string) => client.query({ text, queryMode: 'extended' } as never) as Promise<unknown>],
])('what harms nobody, sent in the %s protocol', (name, send) => {
  it('passes, with the answer that the server gives without a gateway', async () => {
    const others: string[] = []
    for (const text of all) {
      if (name === 'extended' && text.includes(';')) continue
      const [given, expected] = [await answer(send(through, text)), await answer(send(direct, text))]
      if (JSON.stringify(given) !== JSON.stringify(expected))
        others.push(`${text}\n  ${JSON.stringify(given)}\n  ${JSON.stringify(expected)}`.slice(0, 600))
      for (const client of [through, direct]) await client.query('ROLLBACK')
    }
    expect(others).toEqual([])
  }, 120_000)
})
