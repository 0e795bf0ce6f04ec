import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogin } from '../login/index.ts'
import { readColumns } from './read-columns.ts'

let server: RunningPostgres
beforeAll(async () => {
  server = await startPostgres()
  await server.query(`CREATE ROLE modest LOGIN; CREATE TABLE customers (id int, email text, gone text); ALTER TABLE customers DROP gone;
    CREATE VIEW contacts AS SELECT email FROM customers; CREATE SCHEMA "my.Schema"; CREATE TABLE "my.Schema"."it's \\" (a int)`)
})
afterAll(() => server.stop())

async function columns(names: readonly string[], settings: readonly (readonly [string, string])[] = []) {
  const target = await createLogin()(
    { host: server.host, port: server.port, tls: { verify: 'off' } },
    { user: 'modest' },
    { database: 'postgres', settings: new Map(settings), minor: 0, readOnly: false },
    AbortSignal.timeout(10_000),
  )
  try {
    return [...(await readColumns(target, names))].sort()
  } finally {
    target.socket.destroy()
  }
}

it('says which columns are there, whoever may read them', async () => {
  const there = ['public.customers.*', 'public.customers.email', 'public.contacts.email']
  const missing = [
    'public.customers.mail',
    'public.customers.gone',
    'public.customer.*',
    'public.customers.ctid',
    'public.Customers.email',
    '',
  ]
  expect(await columns([...there, ...missing])).toEqual(there.sort())
})

it('takes names as they are, whatever strings are there', async () => {
  const odd = "my.Schema.it's \\.a"
  expect(await columns([odd, "x'); DROP TABLE customers; --", "\\'"])).toEqual([odd])
  expect(await columns([odd], [['standard_conforming_strings', 'off']])).toEqual([odd])
})
