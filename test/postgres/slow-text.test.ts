import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openShop, type Shop } from '../parts/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop?.close())

/** A second for the parser, and nothing that evidently is. */
const SLOW = `select a${'[1]'.repeat(300_000)}`
/** Long enough for a thread. */
const long = (n: number) => `select count(*), '${'x'.repeat(2_000)}' from pg_class where relpages > ${n}`

async function connect(credential: Awaited<ReturnType<Shop['gateway']['credential']>>): Promise<Client> {
  const client = new Client(shop.clientOf(credential))
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const said = (client: Client, text: string): Promise<string> =>
  client.query(text).then(
    () => 'answered',
    (error: Error) => error.message,
  )

it('refuses slow texts at once, holds them against all sessions of their run, and answers others', async () => {
  const hostile = await shop.gateway.credential()
  const honest = await connect(await shop.gateway.credential())
  // The threads start by themselves; until then the first texts wait.
  for (let n = 0; n < 10; n += 1) expect(await said(honest, long(n))).toBe('answered')
  const sessions = await Promise.all([1, 2, 3].map(() => connect(hostile)))
  const took: number[] = []
  const slow = sessions.flatMap((session) =>
    [1, 2].map(async () => {
      const from = performance.now()
      const answer = await said(session, SLOW)
      took.push(performance.now() - from)
      return answer
    }),
  )
  for (let n = 10; n < 30; n += 1) expect(await said(honest, long(n))).toBe('answered')
  for (const answer of await Promise.all(slow)) expect(answer).toMatch(/takes too long to read|took too long to read/)
  // The second of each session comes behind the first: twice the deadline, and what a busy machine adds.
  expect(Math.max(...took)).toBeLessThan(2 * 250 + 700)
  const another = await connect(hostile)
  expect(await said(another, long(100))).toMatch(/took too long to read/)
  expect(await said(honest, long(101))).toBe('answered')
  await Promise.all([...sessions, another, honest].map((client) => client.end()))
})
