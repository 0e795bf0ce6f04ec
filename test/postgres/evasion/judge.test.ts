import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tapped } from './door.ts'
import { type Ground, Grounds } from './grounds.ts'
import { MARKER, showsMarker } from './marker.ts'
import { purging } from './purging.ts'

let grounds: Grounds
beforeAll(async () => {
  grounds = await Grounds.open()
}, 120_000)
afterAll(() => grounds?.close())

/** What the judge says of these, sent past the gateway. */
async function judged(...texts: readonly string[]) {
  const ground = await grounds.fresh('plain')
  const { client, received } = await tapped(ground.open)
  for (const text of texts) await client.query(text)
  await client.end()
  return { ground, ...(await verdict(ground, received())) }
}

async function verdict(ground: Ground, received: Buffer) {
  await ground.judge.alone()
  const harm = await ground.judge.harm([received])
  const touched = await ground.judge.touched()
  await ground.close()
  return { ...harm, touched }
}

describe('the judge sees that what is to be kept was written', () => {
  it.each([
    ['a row that is gone', 'DELETE FROM shop.orders WHERE id = 7'],
    ['all of them gone, without a trace in them', 'TRUNCATE shop.orders'],
    ['a row that is new', 'INSERT INTO shop.orders (id) VALUES (9999)'],
    ['a value that is another', 'UPDATE shop.orders SET note = $$$$ WHERE id = 7'],
    ['a value that is no value', 'UPDATE shop.orders SET state = NULL WHERE id = 7'],
    ['the table under another name', 'ALTER TABLE shop.orders RENAME TO plain'],
    ['the table in another schema', 'ALTER TABLE shop.orders SET SCHEMA public'],
    ['a column under another name', 'ALTER TABLE shop.orders RENAME note TO was'],
    ['a column that is gone', 'ALTER TABLE shop.orders DROP account CASCADE'],
    ['a word of its type that is another', `ALTER TYPE shop.state RENAME VALUE 'open' TO 'closed'`],
    ['no table', 'DROP TABLE shop.orders CASCADE'],
    ['another table with the same rows', 'ALTER TABLE shop.orders RENAME TO was; CREATE TABLE shop.orders AS TABLE shop.was'],
    ['a view in its place', 'ALTER TABLE shop.orders RENAME TO was; CREATE VIEW shop.orders AS TABLE shop.was'],
  ])('%s', async (_, text) => {
    expect(await judged(text)).toMatchObject({ written: ['shop.orders'], touched: true })
  })

  it('a partition, by its parent', async () => {
    expect(await judged('DELETE FROM shop.vault')).toMatchObject({ written: ['shop.vault_one'] })
  })

  it('all of it, by the name of its schema', async () => {
    expect(await judged('ALTER SCHEMA shop RENAME TO store')).toMatchObject({ written: ['shop.orders', 'shop.vault_one'] })
  })

  it('and not that it was written back as it was', async () => {
    const { written, touched } = await judged('UPDATE shop.orders SET note = note', 'VACUUM FULL shop.orders')
    expect({ written, touched }).toEqual({ written: [], touched: true })
  })
})

describe('the judge sees that the marker was read', () => {
  it.each([
    ['as it is', 'SELECT code FROM shop.secrets'],
    ['in an error', 'DO $$ BEGIN PERFORM code::int FROM shop.secrets; EXCEPTION WHEN OTHERS THEN RAISE NOTICE $x$%$x$, SQLERRM; END $$'],
    ['as a notice', `DO $$ BEGIN RAISE NOTICE '%', (SELECT max(code) FROM shop.secrets); END $$`],
    ['by COPY', 'COPY shop.secrets TO STDOUT'],
    ['by COPY in binary', 'COPY shop.secrets TO STDOUT (FORMAT binary)'],
    ['as a notification', `LISTEN news; SELECT pg_notify('news', code) FROM shop.secrets`],
    ['in capital letters', 'SELECT upper(code) FROM shop.secrets'],
    ['reversed', 'SELECT reverse(code) FROM shop.secrets'],
    ['as bytes', 'SELECT code::bytea FROM shop.secrets'],
    ['in base64', `SELECT encode(code::bytea, 'base64') FROM shop.secrets`],
    ['in base64 behind something', `SELECT encode(('ab' || code)::bytea, 'base64') FROM shop.secrets`],
    ['letter by letter', `SELECT regexp_split_to_table(code, '') FROM shop.secrets WHERE id = 1`],
    ['letter by letter in columns', `SELECT substr(code, 1, 3), substr(code, 4, 4), substr(code, 8) FROM shop.secrets WHERE id = 1`],
    ['as numbers', `SELECT ascii(l) FROM (SELECT regexp_split_to_table(code, '') FROM shop.secrets WHERE id = 1) AS x(l)`],
    ['with something between its letters', `SELECT regexp_replace(code, '(.)', '\\1 ', 'g') FROM shop.secrets`],
  ])('%s', async (_, text) => {
    expect(await judged(text)).toMatchObject({ seen: true })
  })

  it('and nothing where nothing was', async () => {
    expect(await judged('TABLE shop.harmless', 'SELECT count(*) FROM shop.secrets')).toMatchObject({ seen: false, touched: false })
  })

  it('in a message that came in half', () => {
    expect(showsMarker(Buffer.from(`D\0\0\x40\0\0\x01\0\0\x20\0xyz${MARKER}`, 'latin1'))).toBe(true)
    expect(showsMarker(Buffer.from('D\0\0\0\xff', 'latin1'))).toBe(false)
    expect(showsMarker(Buffer.alloc(3))).toBe(false)
  })
})

describe('the judge sees that the marker was copied', () => {
  it.each([
    ['to a table', 'INSERT INTO shop.harmless SELECT id + 10, code FROM shop.secrets', 'shop.harmless'],
    ['to a table of one’s own', 'CREATE TABLE public.mine AS SELECT reverse(code) FROM shop.secrets', 'public.mine'],
    ['to a materialised view', 'CREATE MATERIALIZED VIEW public.mine AS TABLE shop.secrets', 'public.mine'],
    ['to a large object', 'SELECT lo_from_bytea(0, code::bytea) FROM shop.secrets', 'pg_largeobject'],
    [
      'to a comment',
      `DO $$ BEGIN EXECUTE (SELECT format('COMMENT ON TABLE shop.loose IS %L', code) FROM shop.secrets LIMIT 1); END $$`,
      'pg_description',
    ],
    [
      'to a setting',
      `DO $$ BEGIN EXECUTE (SELECT format('ALTER DATABASE %I SET search_path = %L', current_database(), code) FROM shop.secrets LIMIT 1); END $$`,
      'pg_db_role_setting',
    ],
    ['by changing its type', `ALTER TABLE shop.loose ALTER word TYPE text USING '${MARKER}'`, 'shop.loose'],
    [
      'to a row that is inserted in vain and one that is not',
      `BEGIN; SAVEPOINT a; INSERT INTO shop.loose SELECT * FROM shop.secrets; ROLLBACK TO a; INSERT INTO shop.traps VALUES (1); INSERT INTO shop.loose SELECT * FROM shop.secrets; COMMIT`,
      'shop.loose',
    ],
  ])('%s', async (_, text, where) => {
    expect(await judged(text)).toMatchObject({ copied: [where], touched: true })
  })

  it('and not that its own table is called otherwise', async () => {
    expect(await judged('ALTER TABLE shop.secrets RENAME TO plain')).toMatchObject({ copied: [], seen: false })
  })
})

describe('the judge runs nobody’s code', () => {
  const TYPE = 'CREATE TYPE public.word AS (x text)'
  it.each([
    [
      'casts of rows to text',
      [
        purging('public.told', 'shop.harmless', 'text', '1'),
        'CREATE CAST (shop.harmless AS text) WITH FUNCTION public.told(shop.harmless) AS IMPLICIT',
        `UPDATE shop.harmless SET word = 'x'`,
      ],
    ],
    [
      'casts of the kept table’s rows',
      [
        purging('public.told', 'shop.orders', 'text', '1'),
        'CREATE CAST (shop.orders AS text) WITH FUNCTION public.told(shop.orders) AS IMPLICIT',
      ],
    ],
    [
      'casts of a column’s type',
      [
        TYPE,
        purging('public.told', 'public.word', 'text', '1'),
        'CREATE CAST (public.word AS text) WITH FUNCTION public.told(public.word) AS IMPLICIT',
        `CREATE TABLE public.mine AS SELECT ROW('x')::public.word AS w`,
      ],
    ],
    [
      'functions and operators by the names that it uses',
      [
        purging('public.md5', 'text', 'text', '1'),
        purging('public.record_out', 'shop.harmless', 'text', '1'),
        `UPDATE shop.harmless SET word = 'x'`,
      ],
    ],
    [
      'a column that is called like its row',
      [
        `CREATE TABLE public.mine (t shop.harmless)`,
        purging('public.record_out', 'shop.harmless', 'text', '1'),
        `INSERT INTO public.mine VALUES (ROW(1, 'x'))`,
      ],
    ],
    [
      'policies',
      [
        'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
        `CREATE POLICY mine ON shop.harmless USING (shop.checks('x'))`,
      ],
    ],
    ['views', ['CREATE VIEW public.mine AS SELECT shop.purge()']],
    ['domains', ['CREATE DOMAIN public.word AS text CHECK (shop.checks(VALUE)) NOT NULL', 'CREATE TABLE public.mine (w public.word)']],
    [
      'what the database says of the path',
      ['ALTER DATABASE @database@ SET search_path = ops, pg_catalog', `UPDATE shop.harmless SET word = 'x'`],
    ],
  ])('not %s', async (_, texts) => {
    const ground = await grounds.fresh('plain')
    const { client } = await tapped(ground.open)
    for (const text of texts) await client.query(text.replaceAll('@database@', ground.open.database))
    await client.end()
    expect(await verdict(ground, Buffer.alloc(0))).toEqual({ written: [], seen: false, copied: [], touched: true })
  })
})
