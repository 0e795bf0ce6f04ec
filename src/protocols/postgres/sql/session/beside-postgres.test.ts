import { once } from 'node:events'
import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../../test/parts/postgres.ts'
import { catalogOf } from '../../../../../test/parts/shop-catalog.ts'
import type { Catalog } from '../../catalog/index.ts'
import type { SqlSession } from '../sql-session.ts'
import type { CatalogSource } from './catalog-source.ts'
import { createUnderstanding } from './understanding.ts'

const understanding = createUnderstanding({ statementBytes: 1 << 20 })
let postgres: RunningPostgres
let owner: Client

beforeAll(async () => {
  postgres = await startPostgres({ settings: { max_prepared_transactions: 5 } })
  owner = new Client(postgres.url)
  await owner.connect()
  await owner.query(`
    create role app login; grant create on database postgres to app; grant all on schema public to app; alter role app set lock_timeout = '200ms'; create role other; create schema s1; create schema s2; create schema app; create schema other; create schema closed; create table closed.t (a int);
    create table public.t (a int); create table public.u (a int); create table s1.t (a int); create table s2.u (a int);
    create table app.u (a int); create table other.t (a int);
    grant usage on schema s1, s2, app, other to other, app; grant create on schema s1 to app; grant other to app;
    grant select on all tables in schema public, s1, s2, app, other to app, other`)
})
afterAll(async () => {
  await owner?.end()
  await postgres?.stop()
  await understanding.close()
})

/** The relations that are there now: what the catalog room reads, as far as names go. */
async function readCatalog(): Promise<Catalog> {
  const { rows } = await owner.query<{ name: string }>(
    `select n.nspname || '.' || relname as name from pg_class c join pg_namespace n on n.oid = relnamespace
     where n.nspname in ('public', 's1', 's2', 'app', 'other', 'closed') order by 1`,
  )
  const relations = Object.fromEntries(rows.map(({ name }) => [name, { columns: ['a'] }]))
  const schemas = ['public', 's1', 's2', 'app', 'other', 'closed']
  return { ...catalogOf({ relations, schemas }), version: `sha256:${JSON.stringify(rows)}` }
}

async function openCatalog(): Promise<CatalogSource> {
  let current: Catalog | undefined = await readCatalog()
  return {
    get current() {
      return current
    },
    async fresh() {
      current = await readCatalog()
      return current
    },
    stale: () => undefined,
  }
}

/** A client whose every message is told to a session, as the relay does. */
async function connect() {
  const client = new Client({ connectionString: postgres.url.replace('postgres@', 'app@') })
  const parameters = new Map<string, string>()
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  let reported = (name: string, value: string): void => {
    parameters.set(name, value)
  }
  connection.on('parameterStatus', ({ parameterName, parameterValue }) => reported(parameterName, parameterValue))
  await client.connect()
  const { rows } = await client.query(`select current_setting('search_path') as path, current_user as who,
    (select json_agg(nspname) from pg_namespace where has_schema_privilege(oid, 'usage')) as usable`)
  const session = understanding.openSession({
    catalog: await openCatalog(),
    user: rows[0].who,
    searchPath: rows[0].path,
    usable: rows[0].usable,
    readOnly: false,
    parameters,
    serverVersion: 150_000,
  })
  reported = (name, value) => session.reported(name, value)
  let status = 'I'

  async function run(text: string): Promise<void> {
    const { statements } = await session.understand(Buffer.from(text))
    let done = 0
    const completed = ({ text: tag }: { text: string }) => {
      const statement = statements[done]
      done += 1
      if (!statement) throw new Error(`the server completed more than was understood: ${text}`)
      session.completed(statement, tag)
    }
    const failed = () => session.failed(statements[done])
    connection.on('commandComplete', completed).on('errorMessage', failed)
    const ready = once(connection, 'readyForQuery')
    await client.query(text).catch(() => undefined)
    const [message] = (await ready) as [{ status: string }]
    connection.off('commandComplete', completed).off('errorMessage', failed)
    status = message.status
    session.ready(status.charCodeAt(0))
  }
  return { client, session, run, status: () => status }
}

const name = fc.constantFrom('t', 'u', 'v')
const path = fc.constantFrom(
  's1',
  's2, public',
  '"$user", public',
  's2',
  "''",
  'nowhere, s1',
  'S1, "public"',
  'pg_temp, s1',
  's1, pg_catalog',
)
const ordinary = fc.oneof(
  { weight: 6, arbitrary: path.map((to) => `set search_path to ${to}`) },
  { weight: 3, arbitrary: path.map((to) => `set local search_path = ${to}`) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('s1', 's2, public', '"$user"')
      .chain((to) => fc.boolean().map((local) => `select set_config('search_path', '${to}', ${local})`)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'set search_path to default',
      'reset search_path',
      'reset all',
      'set role other',
      'set role none',
      'reset role',
    ),
  },
  { weight: 7, arbitrary: fc.constantFrom('begin', 'commit', 'rollback', 'commit and chain', 'rollback and chain', 'start transaction') },
  { weight: 6, arbitrary: fc.constantFrom('savepoint a', 'savepoint b', 'rollback to a', 'rollback to b', 'release a', 'release b') },
  {
    weight: 6,
    arbitrary: name.chain((of) =>
      fc.constantFrom(
        `create temp table ${of} (a int)`,
        `create temp table ${of} (a int) on commit drop`,
        `create temp table ${of} as select 1 as a`,
        `create table pg_temp.${of} (a int)`,
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: name.chain((of) =>
      fc.constantFrom(`drop table pg_temp.${of}`, `drop table if exists pg_temp.${of}`, `select 1 as a into temp ${of}`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'create table public.v (a int)',
      'drop table if exists public.v',
      'create table s1.v (a int)',
      'drop table if exists s1.v',
    ),
  },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('p', 'q'), name).map(([as, of]) => `prepare ${as} as select a from ${of}`) },
  { weight: 2, arbitrary: fc.constantFrom('deallocate p', 'deallocate q', 'deallocate all', 'execute p', 'execute q') },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('c', 'd'), fc.constantFrom('', ' with hold'), name)
      .map(([as, hold, of]) => `declare ${as} cursor${hold} for select a from public.${of}`),
  },
  { weight: 3, arbitrary: fc.constantFrom('close c', 'close d', 'close all', 'fetch c', 'fetch d') },
  { weight: 2, arbitrary: fc.constantFrom('discard all', 'discard temp', 'discard plans', 'discard sequences') },
  { weight: 3, arbitrary: fc.constantFrom('select 1/0', 'selec', 'select 1', 'show search_path') },
)
/** After these less is known. */
const doubtful = fc.constantFrom(
  "do $$ begin perform set_config('search_path', 's2', false); end $$",
  "prepare transaction 'x'",
  'set role other',
  "rollback prepared 'x'",
  "do $$ begin execute 'create temp table t (a int)'; end $$",
  'set search_path to closed, public',
)
const textOf = (one: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 5, arbitrary: one },
    { weight: 2, arbitrary: fc.array(one, { minLength: 2, maxLength: 3 }).map((all) => all.join('; ')) },
  )

it.each([
  ['of ordinary statements', ordinary, 0.7],
  ['where some are opaque', fc.oneof({ weight: 20, arbitrary: ordinary }, { weight: 1, arbitrary: doubtful }), 0.4],
])('what is known of a session is what the server says of it: %s', { timeout: 120_000 }, async (kind, statement, least) => {
  const share = { known: 0, unknown: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(textOf(statement), { minLength: 10, maxLength: 40 }), async (texts) => {
      const { client, session, run, status } = await connect()
      try {
        for (const one of texts) {
          await run(one)
          if (status() !== 'E') await compare(client, session, share)
        }
      } finally {
        session.close()
        await client.query('rollback').catch(() => undefined)
        await client.end()
        const { rows } = await owner.query('select gid from pg_prepared_xacts')
        for (const { gid } of rows) await owner.query(`rollback prepared '${gid}'`)
        await owner.query('drop table if exists public.v, s1.v')
      }
    }),
    // Fewer, and by chance it may seem that little is known.
    { numRuns: 80 },
  )
  const known = share.known / (share.known + share.unknown)
  process.stdout.write(`${kind}: known of ${share.known + share.unknown} names: ${(known * 100).toFixed(1)} %\n`)
  expect(known).toBeGreaterThan(least)
})

async function compare(client: Client, session: SqlSession, share: { known: number; unknown: number }): Promise<void> {
  const { rows } = await client.query(`
    select
      (select json_object_agg(n, (select case when c.relnamespace = pg_my_temp_schema() then 'pg_temp' else s.nspname::text end || '.' || n
        from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.oid = to_regclass(n)))
       from unnest(array['t', 'u', 'v']) n) as relations,
      (select coalesce(json_object_agg(name, statement), '{}') from pg_prepared_statements where from_sql) as prepared,
      (select coalesce(json_object_agg(name, statement), '{}') from pg_cursors where name in ('c', 'd')) as cursors`)
  const { relations, prepared, cursors } = rows[0]
  const count = (wanted: string | null | undefined, found: readonly string[] | undefined, what: string) => {
    if (found === undefined) {
      if (wanted) share.unknown += 1
      return
    }
    share.known += 1
    // Other relations of that name, further along the path, are told too.
    expect([what, found]).toEqual([what, expect.arrayContaining([wanted])])
    for (const each of found) expect(each.endsWith(`.${wanted?.split('.')[1]}`)).toBe(true)
  }
  for (const of of ['t', 'u', 'v']) count(relations[of], await reads(session, `select a from ${of}`), of)
  // The server keeps the whole text that a name came with: where it says two things of the name, it does not tell which.
  for (const as of ['p', 'q']) {
    const bodies = bodiesOf(prepared[as], new RegExp(`prepare ${as} as select a from (\\w+)`, 'g'))
    if (bodies.length < 2) count(relations[bodies[0] ?? ''], await reads(session, `execute ${as}`), `execute ${as}`)
  }
  for (const as of ['c', 'd']) {
    const bodies = bodiesOf(cursors[as], new RegExp(`declare ${as} cursor[a-z ]* for select a from ([\\w.]+)`, 'g'))
    if (bodies.length < 2) count(bodies[0], await reads(session, `fetch ${as}`), `fetch ${as}`)
  }
}

function bodiesOf(text: string | undefined, pattern: RegExp): readonly string[] {
  return [...new Set([...(text ?? '').matchAll(pattern)].map((match) => match[1]!))]
}

async function reads(session: SqlSession, one: string): Promise<readonly string[] | undefined> {
  return (await session.understand(Buffer.from(one))).facts.sql?.reads
}
