import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALLOW_EVERYTHING } from '../../parts/gateway-config.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import { type Attempt, simple, undone } from './attempt.ts'
import { HuntedSession } from './hunted-session.ts'

const SCHEMA = `
create table people (id int primary key, name text, email text unique, account int, tags text[], profile jsonb);
create view guessed as select id, case when email = 'guess' then 'y' end k from people;
create table parted (id int, email text) partition by list (email);
create table parted_rest partition of parted default;
create table typed (id int, email text);
create table loose (id int, email text);
create domain guessless as text check (value <> 'guess');
create sequence counted;
`

/** The same tables twice, but for what is masked. */
const filledWith = (email: string, account: number, other: string) => `
truncate people, parted, typed;
insert into people values (1, 'Ada', '${email}', ${account}, array['${email}', 'x'], '{"m": "${email}"}'), (2, 'Bob', '${other}', 7, array['a'], '{}');
insert into parted values (1, '${email}');
insert into typed values (1, '${email}');
alter sequence counted restart;
`
const ONE = filledWith('guess', 1, 'alpha')
const OTHER = filledWith('abcdefghijk', 2, 'beta')

/** Of each, something besides time differs by what is masked, wherever nothing is. */
const TELLING: readonly string[] = [
  'select \'{"guess": "x"}\'::jsonb ->> email from people order by id',
  'select \'{"guess": {}}\'::jsonb -> email from people order by id',
  'select \'{"guess": "x"}\'::jsonb #>> array[email] from people order by id',
  "select (array['x'])[account] from people order by id",
  "select lag('x'::text, (select account from people where id = 1)) over (order by id) from people",
  'select k from guessed order by id',
  'copy (select k from guessed order by id) to stdout',
  'copy (select k from guessed order by id) to stdout (format csv)',
  'copy (select k from guessed order by id) to stdout (format binary)',
  'select coalesce(k, (1 / (id - id))::text) from guessed where id = 1',
  "select coalesce((array['x'])[account], (1 / (id - id))::text) from people where id = 1",
  "select coalesce(k, nextval('counted')::text) from guessed where id = 1; select last_value, is_called from counted",
  "select array[tags[1:account], array['x']] from people where id = 1",
  'select jsonb_build_object(k, 1) from guessed where id = 1',
  'select json_object_agg(k, 1) from guessed where id = 1',
  'select json_object(k: 1) from guessed where id = 1',
  "select json_object(email: 1, 'guess': 2 with unique keys) from people where id = 1",
  "select json('[' || translate(email, 'gues', '1111') || ']') from people where id = 1",
  "select json_array('[' || translate(email, 'gues', '1111') || ']' format json) from people where id = 1",
  "select json_serialize('[' || translate(email, 'gues', '1111') || ']') from people where id = 1",
  'select json_array(email returning varchar(10)) from people where id = 1',
  "with recursive r(e, i) as (select email, 1 from people union all select 'guess', i + 1 from r where i < 4) cycle e set c using p select count(*) from r",
  'alter table typed alter email type guessless',
  'alter table typed alter email type varchar(8)',
  "create table parted_one partition of parted for values in ('guess')",
  "alter table parted attach partition loose for values in ('guess')",
  'cluster people using people_email_key; select id from people',
  "copy people (id, email) to stdout (null 'guess')",
  "copy people (id, email) to stdout (format csv, null 'guess')",
  "copy people (id, email) to stdout (format csv, delimiter 'g')",
  "copy people (id, email) to stdout (format csv, quote 'g')",
]

/** What nobody is kept from by all this. */
const HARMLESS: readonly string[] = [
  "select coalesce(email, 'none'), coalesce(lower(email), ''), tags[1], profile -> 'm', profile #>> '{m}' from people",
  "select jsonb_build_object('email', email), json_object('email': email), json_array(email) from people",
  'alter table people alter name type varchar(100)',
  'copy people to stdout (format csv, header, force_quote *)',
]

let shop: Shop
let password: string

beforeAll(async () => {
  shop = await openShop({
    postgres: { hba: ['host all all 127.0.0.1/32 trust'] },
    gateway: {
      adjust: (config) => {
        config.rules = [ALLOW_EVERYTHING]
        const columns = ['people.email', 'people.account', 'people.tags', 'people.profile', 'parted.email', 'typed.email']
        config.masks = [{ name: 'secret', columns: columns.map((column) => `${SHOP_DATABASE}.public.${column}`), as: 'redact' }]
        config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 1_000_000 } }]
      },
    },
  })
  await shop.server.queryIn({ database: SHOP_DATABASE, user: SHOP_ROLE }, SCHEMA)
  password = (await shop.gateway.credential()).password
}, 60_000)
afterAll(() => shop?.close())

const attempt = (text: string): Attempt => undone(text, simple(text))

/** What comes for each statement, in a session of its own. @param masked through the gateway */
async function answers(filled: string, masked: boolean): Promise<Map<string, string>> {
  await shop.server.queryIn({ database: SHOP_DATABASE, user: SHOP_ROLE }, filled)
  const settings: [string, string][] = [
    ['user', masked ? 'anybody' : SHOP_ROLE],
    ['database', SHOP_DATABASE],
  ]
  const session = await HuntedSession.open(
    masked
      ? { port: shop.gateway.port, ca: shop.gateway.ca, settings: [...settings, ['options', `-c gatescribe.token=${password}`]] }
      : { port: shop.server.port, settings },
  )
  const came = new Map<string, string>()
  for (const text of [...TELLING, ...HARMLESS]) came.set(text, (await session.run(attempt(text))).toString('latin1'))
  session.close()
  return came
}

describe('two databases that differ in nothing but what is masked', () => {
  it('look the same, whatever is asked; and not to whom nothing is masked', { timeout: 120_000 }, async () => {
    const direct = [await answers(ONE, false), await answers(OTHER, false)] as const
    expect(TELLING.filter((text) => direct[0].get(text) === direct[1].get(text))).toEqual([])
    const masked = [await answers(ONE, true), await answers(OTHER, true)] as const
    for (const text of [...TELLING, ...HARMLESS]) expect([text, masked[0].get(text)]).toEqual([text, masked[1].get(text)])
    expect(HARMLESS.filter((text) => /GS_[A-Z_]+/.test(masked[0].get(text) ?? ''))).toEqual([])
  })
})
