import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, type ClientConfig } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { found, needs } from '../../parts/require.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import { pythonWithDrivers } from '../differential/python.ts'

const COLUMNS = 'email salary born tags profile place code secret mood'.split(' ')
const SCHEMA = `
  create type place as (street text, number int);
  create type mood as enum ('good', 'bad');
  create table typed (id int primary key, name text, email text, salary numeric, born date, tags text[], profile jsonb, place place, code uuid, secret bytea, mood mood);
  insert into typed values (1, 'Ada', 'ada@example.org', 70000.5, '1990-01-02', array['ada@example.org'], '{"mail": "ada@example.org", "n": 1}',
    row('ada@example.org', 7), '9d3f1c77-5b42-4e88-a6d1-7e20c4b95f13', 'ada@example.org', 'bad'), (2, 'Bob', null, null, null, null, null, null, null, null, null);
`

let shop: Shop
let environment: Record<string, string>
const run = promisify(execFile)

beforeAll(async () => {
  shop = await openShop({
    gateway: {
      adjust: (config) => {
        config.masks = [{ name: 'people', columns: COLUMNS.map((column) => `${SHOP_DATABASE}.public.typed.${column}`), as: 'redact' }]
      },
    },
  })
  await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, `${SCHEMA} alter table typed owner to ${SHOP_ROLE}`)
  const { host, port, user, password, database } = shop.clientOf(await shop.gateway.credential())
  environment = {
    PATH: process.env.PATH ?? '',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  }
}, 60_000)
afterAll(() => shop?.close())

it.each([false, true])('node-postgres decodes what it gets, in binary: %s', async (binary) => {
  const client = new Client({ ...shop.clientOf(await shop.gateway.credential()), binary } as ClientConfig)
  await client.connect()
  const { rows } = await client.query({ text: 'select * from typed where id = $1', values: [1] })
  expect(rows[0]).toMatchObject({ id: 1, name: 'Ada', email: '[masked]', salary: null, born: null, tags: null, place: null })
  expect(JSON.stringify(rows)).not.toMatch(/ada@|1990|70000|9d3f1c77|bad/)
  const again = await client.query({ name: 'kept', text: 'select email from typed order by id' })
  const twice = await client.query({ name: 'kept', text: 'select email from typed order by id' })
  expect([again.rows, twice.rows]).toEqual([
    [{ email: '[masked]' }, { email: null }],
    [{ email: '[masked]' }, { email: null }],
  ])
  await expect(client.query('insert into typed (id) values (1)')).rejects.toMatchObject({ code: '23505', detail: undefined })
  await expect(client.query("select id from typed where email = 'x'")).rejects.toMatchObject({
    code: '42501',
    detail: expect.stringContaining('GS_MASKED_COLUMN'),
  })
  expect((await client.query('select id, name from typed order by id')).rows).toEqual([
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bob' },
  ])
  await client.end()
})

it('psql shows and copies what it gets', async (test) => {
  const psql = found('psql')
  needs(test, psql, 'psql (Debian: postgresql-client)')
  const { stdout } = await run(
    psql,
    [
      '-X',
      '-At',
      '-c',
      'select id, email, salary from typed order by id',
      '-c',
      '\\copy (select id, email from typed order by id) to stdout csv header',
    ],
    { env: environment },
  )
  expect(stdout).toBe('1|[masked]|\n2||\nid,email\n1,[masked]\n2,\n')
})

it.for([
  ['asyncpg_masked.py', ["[('[masked]', 1), (None, 2)]", "[(1, '[masked]'), (2, None)]", "b'1,[masked]\\n2,\\n'", '23505 None']],
  [
    'psycopg_masked.py',
    ["[('[masked]',)] [(None,)]", "[[('[masked]',)], [(None,)]]", "[(1, '[masked]'), (2, None)]", "[('1', '[masked]'), ('2', None)]"],
  ],
] as const)('%s decodes what it gets', { timeout: 30_000 }, async ([file, lines], test) => {
  const python = pythonWithDrivers()
  needs(test, python, 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)')
  const { stdout } = await run(python, [join(import.meta.dirname, file)], { env: environment })
  expect(stdout).not.toMatch(/ada@|1990|70000|9d3f1c77/)
  for (const line of lines) expect(stdout).toContain(`${line}\n`)
})
