import { afterAll, beforeAll, expect, it } from 'vitest'
import { ALLOW_ALL, DENY_ALL } from '../parts/gateway-config.ts'
import { openRawSession } from '../parts/raw-session.ts'
import { openShop, SHOP_DATABASE, type Shop } from '../parts/shop.ts'
import { splitServerMessages } from './differential/messages.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop?.close())

// PG-23
it('a rule that begins to deny in the middle of a pipeline: earlier answers first, then the refusal, the rest skipped to its Sync', async () => {
  const { password } = await shop.gateway.credential()
  const settings = { user: 'anybody', database: SHOP_DATABASE, options: `-c gatescribe.token=${password}` }
  const session = await openRawSession({ port: shop.gateway.port, ca: shop.gateway.ca, protocol: '3.0', settings })
  await session.loggedIn()
  // The first text of a database waits for its catalog.
  session.send(Buffer.concat([...statement('SELECT 0'), message('S')]))
  await session.messages('12DCZ'.length)
  const before = session.received().length

  session.send(Buffer.concat([...statement('SELECT 1 FROM pg_sleep(0.5)'), message('H')]))
  const running = () => shop.server.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT 1 FROM pg_sleep%'")
  await expect.poll(running, { interval: 20 }).toHaveLength(1)
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL, DENY_ALL] })
  session.send(Buffer.concat([...statement("SELECT 'never'"), ...statement("SELECT 'nor this'"), message('S')]))
  await session.messages('12DCEZ'.length)
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL] })
  session.send(Buffer.concat([...statement("SELECT 'works again'"), message('S')]))
  await session.messages('12DCZ'.length)
  await session.close()

  const answers = splitServerMessages(session.received().subarray(before))
  expect(answers.map(({ type }) => type).join('')).toBe('12DCEZ12DCZ')
  expect(answers[4]?.body.toString()).toContain('C42501\0')
  expect(answers[4]?.body.toString()).toContain(DENY_ALL.name)
  expect(shop.server.log()).not.toMatch(/never|nor this/)
})

/** Parse, Bind and Execute of the unnamed statement and portal. */
function statement(text: string): Buffer[] {
  return [message('P', `\0${text}\0\0\0`), message('B', '\0\0\0\0\0\0\0\0'), message('E', '\0\0\0\0\0')]
}

function message(type: string, body = ''): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body, 'latin1')])
}
