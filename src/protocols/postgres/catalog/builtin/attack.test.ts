import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../../test/parts/postgres.ts'
import { builtinFunction } from './index.ts'

const MARK = 'xyzzyplugh'

/** What somebody would pass who wants to read or change a table through a function. */
const TEXTS = [
  `'secrets'`,
  `'SELECT word FROM secrets'`,
  `'SELECT to_tsvector(''simple'', word) FROM secrets'`,
  `'DELETE FROM secrets RETURNING word'`,
  `'public'`,
  `'drawn'`,
  `'open_cursor'`,
  `'spied_domain'`,
  `'search_path'`,
]
const OIDS = [`'secrets'::regclass::oid`, `'drawn'::regclass::oid`, `'spied_domain'::regtype::oid`, `'spy(text)'::regprocedure::oid`]

/** Values of a type, as SQL. */
function values(type: string): readonly string[] {
  if (['text', 'character varying', 'character', 'name', 'cstring', '"any"', 'anyelement', 'anycompatible', 'unknown'].includes(type)) {
    return TEXTS.map((text) => (type.startsWith('a') || type === '"any"' ? `${text}::text` : `${text}::${type}`))
  }
  if (type === 'oid') return OIDS
  if (type === 'regclass') return [`'secrets'::regclass`, `'drawn'::regclass`]
  if (type === 'regtype') return [`'spied_domain'::regtype`]
  if (type === 'regproc') return [`'spy'::regproc`]
  if (type === 'regprocedure') return [`'spy(text)'::regprocedure`]
  if (type === 'refcursor') return [`'open_cursor'::refcursor`]
  if (type === 'boolean') return ['true']
  if (['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'].includes(type)) return [`1::${type}`]
  if (type === 'json' || type === 'jsonb') return [`'{"word": "secrets", "value": "x"}'::${type}`]
  if (type === 'text[]' || type === 'anyarray' || type === 'anycompatiblearray') return [`'{secrets}'::text[]`]
  if (type === 'record') return [`ROW('secrets', 'SELECT word FROM secrets')`]
  return [`NULL::${type}`]
}

interface Overload {
  name: string
  kind: string
  types: string[]
}

describe('built-in functions in hostile hands', () => {
  let server: RunningPostgres
  let client: pg.Client
  let overloads: Overload[]
  beforeAll(async () => {
    server = await startPostgres()
    await server.query(`CREATE TABLE secrets (id int, word text); INSERT INTO secrets VALUES (1, '${MARK}'); CREATE SEQUENCE drawn;
      CREATE TABLE spied (n int);
      CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO spied VALUES (1); RETURN true; END $$;
      CREATE DOMAIN spied_domain AS text CHECK (spy(VALUE))`)
    client = new pg.Client(server.url)
    await client.connect()
    await client.query(`SET statement_timeout = '1s'; DECLARE open_cursor CURSOR WITH HOLD FOR SELECT word FROM secrets`)
    const { rows } = await client.query(`SELECT p.proname::text AS name, p.prokind::text AS kind,
      ARRAY(SELECT pg_catalog.format_type(t, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a(t, at) ORDER BY at) AS types
      FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384 AND NOT 'internal'::regtype = ANY (p.proargtypes)
      ORDER BY p.oid`)
    overloads = rows as Overload[]
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  /** Calls an overload with each hostile value in each place. @returns the calls that showed what is in the table */
  async function attack({ name, kind, types }: Overload): Promise<{ calls: number; leaks: string[] }> {
    const places = types.map(values)
    const rounds = Math.max(1, ...places.map(({ length }) => length))
    const leaks: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      const call = `pg_catalog."${name}"(${places.map((all) => all[round % all.length]).join(', ')})${kind === 'w' ? ' OVER ()' : ''}`
      try {
        const { rows } = await client.query({ text: `SELECT ${call}`, rowMode: 'array' })
        if (JSON.stringify(rows).includes(MARK)) leaks.push(call)
      } catch (error) {
        if (String(error).includes(MARK)) leaks.push(call)
      }
    }
    return { calls: rounds, leaks }
  }

  it('show nothing of a table and change nothing, where they are called harmless', { timeout: 120_000 }, async () => {
    const state = async () =>
      (
        await client.query(`SELECT (SELECT count(*) FROM secrets) AS secrets, (SELECT is_called FROM drawn) AS drawn,
          current_setting('search_path') AS path, current_user AS me, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks,
          (SELECT count(*) FROM pg_largeobject_metadata) AS objects, (SELECT count(*) FROM spied) AS spied,
          (SELECT count(*) FROM pg_replication_slots) AS slots, pg_current_logfile() AS log`)
      ).rows
    const before = await state()
    const leaks: string[] = []
    let calls = 0
    for (const overload of overloads) {
      const builtin = builtinFunction('pg_catalog', overload.name)
      if (builtin?.kind !== 'harmless' || builtin.unless) continue
      const came = await attack(overload)
      calls += came.calls
      leaks.push(...came.leaks)
    }
    expect(leaks).toEqual([])
    expect(await state()).toEqual(before)
    expect(calls).toBeGreaterThan(2_000)
  })
  it('do show it where they are not: the attack is one', async () => {
    const found = await Promise.all(overloads.filter(({ name }) => name === 'ts_stat').map(attack))
    expect(found.flatMap(({ leaks }) => leaks).length).toBeGreaterThan(0)
  })
  it('run code of users where they make values of a type that is named', async () => {
    const calls = ["domain_in('x', 'spied_domain'::regtype, -1) IS NULL", "pg_input_is_valid('x', 'spied_domain')"]
    const spied = async () => Number((await client.query('SELECT count(*) FROM spied')).rows[0].count)
    const ran: string[] = []
    for (const call of calls) {
      const before = await spied()
      await client.query(`SELECT pg_catalog.${call}`)
      if ((await spied()) > before) ran.push(call)
    }
    expect(ran).toEqual(calls)
    expect(builtinFunction('pg_catalog', 'domain_in')).toBeUndefined()
  })
})
