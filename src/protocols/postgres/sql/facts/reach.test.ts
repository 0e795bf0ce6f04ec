import { describe, expect, it } from 'vitest'
import { allFactsOf, effectsOf, factsOf } from '../../../../../test/parts/facts-of.ts'
import { catalogOf } from '../../../../../test/parts/shop-catalog.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { SessionView } from '../statement-facts.ts'

/** `reads` and `writes` as rules see them; undefined is unknown. */
const reached = (sql: string, catalog?: Catalog) => {
  const { reads, writes } = factsOf(sql, {}, catalog).sql
  return { reads, writes }
}

const ANYTHING = { reads: undefined, writes: undefined }

describe('files of the server may be those of any table', () => {
  it.each([
    `SELECT pg_read_file('base/1/2')`,
    'SELECT pg_catalog.pg_read_binary_file(pg_relation_filepath($1))',
    `SELECT lo_import('base/1/2')`,
    `SELECT lo_export(1, 'base/1/2')`,
    'SELECT * FROM pg_hba_file_rules()',
    'SELECT * FROM pg_file_settings',
    `COPY t TO '/tmp/x'`,
    `COPY t FROM '/tmp/x'`,
    `COPY t FROM PROGRAM 'cat base/1/2'`,
    `COPY (SELECT 1) TO PROGRAM 'cat > base/1/2'`,
    `LOAD 'x'`,
    'CREATE EXTENSION x',
    `ALTER SYSTEM SET archive_command = 'cat base/1/2'`,
    `CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p`,
  ])('%s', (sql) => {
    expect(reached(sql)).toEqual(ANYTHING)
  })

  it('but not how large they are', () => {
    expect(reached('SELECT * FROM pg_ls_waldir()')).toEqual({ reads: [], writes: [] })
    expect(reached('COPY t TO STDOUT')).toEqual({ reads: ['public.t'], writes: [] })
  })
})

describe('rows that a constraint refuses are shown by the error', () => {
  it.each([
    'UPDATE shop.secrets SET id = NULL',
    'DELETE FROM shop.secrets',
    `INSERT INTO shop.secrets VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = NULL`,
    'MERGE INTO shop.secrets USING t ON true WHEN MATCHED THEN UPDATE SET id = NULL',
    'ALTER TABLE shop.secrets ADD FOREIGN KEY (token) REFERENCES t',
    'ALTER TABLE shop.secrets ADD UNIQUE (token)',
    'CREATE UNIQUE INDEX ON shop.secrets (id)',
    'REINDEX TABLE shop.secrets',
  ])('%s', (sql) => {
    expect(reached(sql).reads).toContain('shop.secrets')
  })

  it('of whatever is updated or deleted with it', () => {
    expect(reached('UPDATE shop.customers SET id = 1').reads).toEqual(['shop.customers', 'shop.notes'])
    expect(reached('UPDATE shop.orders_2025 SET id = NULL').reads).toEqual(['shop.orders', 'shop.orders_2025'])
    expect(reached('UPDATE shop.orders SET id = NULL').reads).toEqual(['shop.orders', 'shop.orders_2025', 'shop.orders_2026'])
    expect(reached('DELETE FROM shop.contacts').reads).toEqual(['shop.contacts', 'shop.customers'])
  })

  it('of tables whose foreign keys are checked anew', () => {
    expect(reached('ALTER TABLE shop.customers ALTER COLUMN id TYPE text').reads).toEqual(
      expect.arrayContaining(['shop.customers', 'shop.notes', 'shop.orders', 'shop.orders_2025']),
    )
    expect(reached('ALTER TABLE shop.customers ADD COLUMN x int').reads).toEqual(['shop.customers'])
  })

  it('and not those of a table that rows are only added to, without an exclusion constraint', () => {
    expect(reached('INSERT INTO shop.secrets VALUES (1)').reads).toEqual([])
    expect(reached('COPY shop.secrets FROM STDIN').reads).toEqual([])
    const excluding = catalogOf({ relations: { 'public.booked': { columns: ['during'], exclusion: true } } })
    expect(reached(`INSERT INTO booked VALUES ('[1,2)')`, excluding).reads).toEqual(['public.booked'])
  })
})

describe('what is met by another name from now on counts as read and written', () => {
  const SECRETS = { reads: ['shop.secrets'], writes: ['shop.secrets'] }
  it.each([
    ['ALTER TABLE shop.secrets RENAME TO plain', SECRETS],
    ['ALTER TABLE shop.secrets SET SCHEMA public', SECRETS],
    ['ALTER TABLE shop.secrets INHERIT t', { reads: ['public.t', 'shop.secrets'], writes: ['public.t', 'shop.secrets'] }],
    [
      'ALTER TABLE shop.orders ATTACH PARTITION shop.secrets DEFAULT',
      {
        reads: ['shop.orders', 'shop.orders_2025', 'shop.orders_2026', 'shop.secrets'],
        writes: ['shop.orders', 'shop.orders_2025', 'shop.orders_2026', 'shop.secrets'],
      },
    ],
    // What is behind it, too.
    [
      'ALTER VIEW shop.contacts RENAME TO x',
      {
        reads: ['shop.contacts', 'shop.customers', 'shop.notes'],
        writes: ['shop.contacts', 'shop.customers', 'shop.notes'],
      },
    ],
    ['ALTER VIEW shop.odd_view RENAME TO x', ANYTHING],
    ['ALTER TABLE shop.audited RENAME TO x', ANYTHING],
    ['ALTER TABLE shop.ruled SET SCHEMA public', ANYTHING],
    ['ALTER TABLE shop.audited INHERIT t', ANYTHING],
    ['ALTER SCHEMA shop RENAME TO store', ANYTHING],
    ['ALTER TABLE nosuch RENAME TO x', ANYTHING],
    [
      'ALTER INDEX shop.orders_pkey RENAME TO x',
      { reads: [], writes: ['shop.orders', 'shop.orders_2025', 'shop.orders_2026', 'shop.orders_pkey'] },
    ],
    ['ALTER TABLE shop.secrets RENAME CONSTRAINT x TO y', { reads: [], writes: ['shop.secrets'] }],
  ])('%s', (sql, expected) => {
    expect(reached(sql)).toEqual(expected)
  })

  it('with all its columns', () => {
    expect(factsOf('ALTER TABLE shop.customers RENAME COLUMN email TO word').sql.columns?.output).toContain('shop.customers.email')
    expect(factsOf('ALTER TABLE shop.customers RENAME TO x').sql.columns?.output).toContain('shop.customers.*')
  })
})

describe('code that is defined counts when it is defined: others meet it, also with statements that were decided before', () => {
  it.each([
    `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'`,
    `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y'`,
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN evil()',
    `CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN END'`,
    'ALTER FUNCTION evil() SET SCHEMA shop',
    'ALTER FUNCTION evil() RENAME TO upper',
    'ALTER FUNCTION evil() SET search_path = x',
    'CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION evil()',
    'CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION evil()',
    'ALTER TABLE t ENABLE TRIGGER ALL',
    'ALTER TABLE t ENABLE ALWAYS RULE x',
    'CREATE RULE x AS ON INSERT TO t DO ALSO SELECT evil()',
    'CREATE POLICY x ON t USING (evil() IS NULL)',
    'CREATE OPERATOR %% (LEFTARG = int, RIGHTARG = int, FUNCTION = int4)',
    'ALTER OPERATOR tricks.=(int, int) SET SCHEMA public',
    'CREATE AGGREGATE x (int) (SFUNC = int4, STYPE = int)',
    'CREATE CAST (int AS mood) WITH FUNCTION evil(int)',
    'CREATE OPERATOR CLASS x FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)',
    'CREATE TYPE x (INPUT = evil, OUTPUT = evil)',
    'CREATE TYPE x AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = evil)',
    'CREATE DOMAIN x AS text CHECK (evil() IS NULL)',
    'CREATE TABLE x (a int DEFAULT evil())',
    'CREATE TABLE x (a checked)',
    'CREATE TABLE x (LIKE shop.coded INCLUDING ALL)',
    'CREATE VIEW x AS SELECT evil()',
    'CREATE VIEW x AS SELECT id FROM shop.audited',
    'CREATE FOREIGN TABLE x (a int) SERVER y',
    'ALTER DOMAIN checked RENAME TO word',
    'ALTER TYPE x SET (RECEIVE = evil)',
    'ALTER TYPE x RENAME ATTRIBUTE a TO b',
    'ALTER TYPE x DROP ATTRIBUTE a',
  ])('%s', (sql) => {
    expect(reached(sql)).toEqual(ANYTHING)
  })

  it.each([
    [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM t; SELECT id FROM u; END',
      ['public.t', 'public.u'],
      ['public.t'],
    ],
    ['CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql RETURN a + 1', [], []],
    ['CREATE RULE x AS ON INSERT TO t DO ALSO DELETE FROM u', ['public.u'], ['public.t', 'public.u']],
    ['CREATE POLICY x ON t USING (id < (SELECT max(c) FROM u))', ['public.t', 'public.u'], ['public.t']],
    ['CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', [], ['public.t']],
    ['CREATE DOMAIN x AS text CHECK (length(VALUE) > 2)', [], []],
    ['CREATE TABLE x (a serial, b timestamptz DEFAULT now(), c mood)', [], ['public.x']],
    ['CREATE TYPE x AS RANGE (SUBTYPE = int)', [], []],
    [`CREATE TYPE x AS ENUM ('a')`, [], []],
    [`ALTER TYPE mood ADD VALUE 'b'`, [], []],
    ['ALTER TYPE mood RENAME TO humour', [], []],
    ['CREATE CAST (mood AS text) WITH INOUT', [], []],
    ['CREATE TEXT SEARCH DICTIONARY x (TEMPLATE = simple)', [], []],
    [`CREATE COLLATION x (PROVIDER = icu, LOCALE = 'de')`, [], []],
  ])('%s', (sql, reads, writes) => {
    expect(reached(sql)).toEqual({ reads, writes })
  })

  it('a value of an enum that gets another name changes every row that holds it', () => {
    expect(reached(`ALTER TYPE mood RENAME VALUE 'sad' TO 'ok'`)).toEqual({ reads: [], writes: undefined })
  })

  it('a constant is made a value when it is written down, and code of its type runs then', () => {
    expect(effectsOf(`CREATE VIEW x AS SELECT '{x}'::checked[]`)).toContain('opaque/user code')
    expect(effectsOf(`CREATE VIEW x AS SELECT ARRAY['x']::checked[]`)).toContain('opaque/user code')
    expect(effectsOf('CREATE VIEW x AS SELECT a::mood FROM t')).not.toContain('opaque/user code')
  })

  it('a foreign table that was just made may lead anywhere', () => {
    expect(allFactsOf('CREATE FOREIGN TABLE x (a int) SERVER y; TABLE x').at(-1)?.sql.reads).toBe(undefined)
  })
})

describe('row security reads what its expressions name', () => {
  const guarded = (enabled: boolean, calls?: readonly string[]) =>
    catalogOf({
      relations: {
        'public.nosy': { columns: ['id'], policies: { uses: { 'public.secrets': ['code'] }, enabled, ...(calls && { calls }) } },
        'public.secrets': { columns: ['id', 'code'] },
      },
      functions: [{ name: 'evil' }],
    })

  it.each(['TABLE nosy', 'UPDATE nosy SET id = 2', 'DELETE FROM nosy', 'COPY nosy TO STDOUT'])('%s', (sql) => {
    expect(reached(sql, guarded(true, [])).reads).toEqual(['public.nosy', 'public.secrets'])
  })

  it('also where rows are only added', () => {
    expect(reached('INSERT INTO nosy VALUES (1)', guarded(true, []))).toEqual({ reads: ['public.secrets'], writes: ['public.nosy'] })
    expect(factsOf('TABLE nosy', {}, guarded(true, [])).sql.columns?.predicate).toEqual(['public.secrets.code'])
  })

  it('where it is enabled, and by enabling it', () => {
    expect(reached('TABLE nosy', guarded(false, [])).reads).toEqual(['public.nosy'])
    expect(reached('ALTER TABLE nosy ENABLE ROW LEVEL SECURITY', guarded(false, [])).reads).toEqual(['public.nosy', 'public.secrets'])
    expect(reached('ALTER TABLE nosy ENABLE ROW LEVEL SECURITY', guarded(false, ['public.evil']))).toEqual(ANYTHING)
  })

  it('and is opaque where it calls code of users, or is not known', () => {
    expect(effectsOf('TABLE nosy', {}, guarded(true, ['public.evil']))).toContain('opaque/function')
    expect(effectsOf('TABLE nosy', {}, guarded(true))).toContain('opaque/user code')
  })
})

describe('an UPDATE of columns that others depend on', () => {
  const keys = catalogOf({
    relations: {
      'public.plans': {
        columns: ['n', 'code', 'word'],
        cascades: [{ relation: 'public.orders', on: 'update', columns: ['plan'], key: ['code', '*'] }],
      },
      'public.orders': { columns: ['id', 'plan'] },
      'public.parts': { kind: 'partitioned table', columns: ['id', 'word'], partitionKey: ['id'] },
      'public.part_one': { columns: ['id', 'word'], parents: ['public.parts'] },
      'public.part_two': { columns: ['id', 'word'], parents: ['public.parts'], triggers: ['insert'] },
    },
  })

  it('cascades where the key is computed from them', () => {
    expect(reached('UPDATE plans SET n = 2', keys).writes).toEqual(['public.orders', 'public.plans'])
  })

  it('may move rows, and fires what inserting them there fires', () => {
    expect(effectsOf('UPDATE parts SET id = 2', {}, keys)).toContain('opaque/trigger')
    expect(effectsOf('MERGE INTO parts USING orders ON true WHEN MATCHED THEN UPDATE SET id = 2', {}, keys)).toContain('opaque/trigger')
    expect(effectsOf(`UPDATE parts SET word = 'x'`, {}, keys)).toEqual(['write/update'])
    expect(effectsOf('UPDATE part_one SET id = 2', {}, keys)).toEqual(['write/update'])
  })
})

describe('what is read as a keyword may be the name of a function, at servers that have no such keyword yet', () => {
  const older = (serverVersion: number) => ({
    ...catalogOf({ relations: {}, functions: [{ name: 'json_value' }, { name: 'json' }, { name: 'json_array' }] }),
    serverVersion,
  })
  it.each([`SELECT json_value('1'::jsonb, '$')`, `SELECT json('1')`, 'SELECT json_array(1)'])('%s', (sql) => {
    expect(effectsOf(sql, {}, older(150_000))).toContain('opaque/function')
    expect(effectsOf(sql, {}, older(170_000))).toEqual(['session/catalog read'])
  })
  it('and only where there is one', () => {
    expect(effectsOf('SELECT json_object(1: 2)', {}, older(150_000))).toEqual(['session/catalog read'])
  })
})

const UNKNOWN_TEMPORARY = { temporary: undefined } as unknown as Partial<SessionView>

describe('types of the temporary schema', () => {
  it('hide those of PostgreSQL, so that they are not certain where it is not known what there is', () => {
    expect(effectsOf(`SELECT 'x'::text`, UNKNOWN_TEMPORARY)).toContain('opaque/user code')
    expect(effectsOf(`SELECT 'x'::text, 1::int`)).toEqual(['session/catalog read'])
    expect(effectsOf(`SELECT 'x'::pg_catalog.text, 1::int`, UNKNOWN_TEMPORARY)).toEqual(['session/catalog read'])
    expect(effectsOf(`SELECT 'x'::text`, { ...UNKNOWN_TEMPORARY, searchPath: ['pg_catalog', 'pg_temp'] })).toEqual(['session/catalog read'])
  })
  it('are made by a name without a schema where the path begins with it', () => {
    const last = (sql: string, searchPath: readonly string[]) =>
      allFactsOf(sql, { searchPath })
        .at(-1)!
        .effects.map(({ class: name }) => name)
    expect(last(`CREATE DOMAIN text AS pg_catalog.text; SELECT 'x'::text`, ['pg_temp', 'public'])).toContain('opaque')
    expect(allFactsOf('CREATE DOMAIN word AS text', { searchPath: ['public'] })[0]!.transitions).toEqual([{ kind: 'define' }])
  })
})
