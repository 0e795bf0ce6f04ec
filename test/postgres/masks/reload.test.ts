import { afterAll, beforeAll, expect, it } from 'vitest'
import * as build from '../../../src/protocols/postgres/wire/build.ts'
import { ALLOW_EVERYTHING } from '../../parts/gateway-config.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import { bound, group, simple } from './attempt.ts'
import { CANARY } from './canary.ts'
import { HuntedSession } from './hunted-session.ts'

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    postgres: { hba: ['host all all 127.0.0.1/32 trust'] },
    gateway: {
      adjust: (config) => {
        config.rules = [ALLOW_EVERYTHING]
        config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 1_000_000 } }]
      },
    },
  })
  const rows = `create table people (id int, email text); insert into people select n, '${CANARY.text}' from generate_series(1, 5) n`
  await shop.server.queryIn({ database: SHOP_DATABASE, user: SHOP_ROLE }, rows)
}, 60_000)
afterAll(() => shop?.close())

it('masks that come in the middle of a transaction hold for its portals, cursors and prepared statements', {
  timeout: 60_000,
}, async () => {
  const { password } = await shop.gateway.credential()
  const settings = [
    ['user', 'anybody'],
    ['database', SHOP_DATABASE],
    ['options', `-c gatescribe.token=${password}`],
  ] as const
  const session = await HuntedSession.open({ port: shop.gateway.port, ca: shop.gateway.ca, settings })
  const text = 'select email from people'
  const before = await session.run({
    name: 'before',
    steps: [
      simple('begin'),
      simple(`declare c cursor for ${text}; fetch 1 from c`),
      simple(`prepare q as ${text}`),
      group(build.parse('s', text), bound('begun', 's', 0), build.execute('begun', 1), bound('waiting', 's', 0)),
    ],
  })
  expect(before.toString('latin1').split(CANARY.text)).toHaveLength(3)

  await shop.gateway.reconfigure({ masks: [{ name: 'late', columns: [`${SHOP_DATABASE}.public.people.email`], as: 'redact' }] })
  const steps = [
    simple('fetch 1 from c'),
    simple('execute q'),
    group(bound('', 's', 0), build.execute('')),
    simple('savepoint a'),
    group(build.execute('begun', 1)),
    simple('rollback to a'),
    group(build.execute('waiting')),
  ]
  for (const step of steps) {
    const came = (await session.run({ name: 'after', steps: [step] })).toString('latin1')
    expect(came).not.toContain(CANARY.text)
  }
  session.close()
})

it('a masked column that is given another name past the gateway is not shown under that one: its table is refused until the mask is corrected', {
  timeout: 60_000,
}, async () => {
  const at = { database: SHOP_DATABASE, user: SHOP_ROLE }
  const rows = `create table clients (id int, email text); insert into clients values (1, '${CANARY.text}'); create view seen as select * from clients`
  await shop.server.queryIn(at, rows)
  const masks = (column: string) => ({ masks: [{ name: 'late', columns: [`${SHOP_DATABASE}.public.clients.${column}`], as: 'redact' }] })
  await shop.gateway.reconfigure(masks('email'))
  const { password } = await shop.gateway.credential()
  const settings = [
    ['user', 'anybody'],
    ['database', SHOP_DATABASE],
    ['options', `-c gatescribe.token=${password}`],
  ] as const
  const session = await HuntedSession.open({ port: shop.gateway.port, ca: shop.gateway.ca, settings })
  const shown = async (...texts: string[]) => (await session.run({ name: 'shown', steps: texts.map(simple) })).toString('latin1')
  // What was made past the gateway is read when it is first met.
  await expect.poll(() => shown('select id, email from clients'), { timeout: 20_000, interval: 500 }).toContain('[masked]')
  await shop.server.queryIn(at, 'alter table clients rename email to mail')
  const texts = [
    'select mail from clients',
    'select * from clients',
    'select * from seen',
    'copy clients to stdout',
    'select email from clients',
  ]
  const came: string[] = []
  // Until it is read anew, it is the column that it was; a name that is not there makes it be read.
  const all = async () => {
    for (const text of [...texts, 'select 1 from not_there']) came.push(await shown(text))
    return shown('select * from clients')
  }
  await expect.poll(all, { timeout: 30_000, interval: 500 }).toContain('Refused by mask "late" (GS_MASKED_COLUMN).')
  for (const text of texts) came.push(await shown(text))
  expect(came.join('')).not.toContain(CANARY.text)
  expect(await shown('select 7')).not.toContain('GS_')
  await shop.gateway.reconfigure(masks('mail'))
  await expect.poll(() => shown('select id, mail from clients'), { timeout: 20_000, interval: 500 }).toContain('[masked]')
  session.close()
})
