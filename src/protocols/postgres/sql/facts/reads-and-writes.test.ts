import { describe, expect, it } from 'vitest'
import { allFactsOf, factsOf } from '../../../../../test/parts/facts-of.ts'
import { catalogOf, SHOP } from '../../../../../test/parts/shop-catalog.ts'

const ORDERS = ['shop.orders', 'shop.orders_2025', 'shop.orders_2026']

type Case = readonly [sql: string, reads: readonly string[] | undefined, writes?: readonly string[] | undefined]
const listed = (cases: readonly Case[]) => {
  it.each(cases.map((each) => [each[0], each[1], each.length > 2 ? each[2] : []] as const))('%s', (sql, reads, writes) => {
    const facts = factsOf(sql)
    expect({ reads: facts.sql.reads, writes: facts.sql.writes }).toEqual({ reads, writes })
  })
}

describe('reads', () => {
  listed([
    ['SELECT 1', []],
    ['SELECT * FROM t', ['public.t']],
    ['SELECT * FROM T', ['public.t']],
    ['SELECT * FROM "T"', undefined],
    ['SELECT * FROM U&"\\0074"', ['public.t']],
    ['SELECT * FROM/**/t--', ['public.t']],
    ['TABLE t UNION SELECT 1, 2, 3 EXCEPT (SELECT id, id, c FROM u)', ['public.t', 'public.u']],
    ['SELECT * FROM t TABLESAMPLE system (1)', ['public.t']],
    ['SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.id = t.id) x', ['public.t', 'public.u']],
    ['SELECT * FROM generate_series(1, (SELECT max(id) FROM t)) x', ['public.t']],
    ['SELECT * FROM ROWS FROM (generate_series(1, (SELECT max(id) FROM t))) x', ['public.t']],
    [`SELECT * FROM JSON_TABLE((SELECT a FROM t), '$' COLUMNS (x int PATH '$')) x`, ['public.t']],
    ['SELECT * FROM t LIMIT (SELECT max(id) FROM u)', ['public.t', 'public.u']],
    ['SELECT 1 GROUP BY (SELECT 1 FROM t) HAVING (SELECT true FROM u)', ['public.t', 'public.u']],
    ['SELECT sum(1) OVER w WINDOW w AS (ORDER BY (SELECT 1 FROM t))', ['public.t']],
    ['SELECT DISTINCT ON ((SELECT 1 FROM t)) 1', ['public.t']],
    ['VALUES (1), ((SELECT id FROM t))', ['public.t']],
    [
      'SELECT ARRAY(SELECT id FROM t), ROW((SELECT 1 FROM u)), CASE WHEN true THEN (SELECT 1 FROM staging.orders) END',
      ['public.t', 'public.u', 'staging.orders'],
    ],
    [`SELECT 'shop.secrets'::regclass`, []],
    ['SELECT JSON_ARRAY(SELECT id FROM t)', ['public.t']],
    ['SELECT JSON_ARRAYAGG((SELECT id FROM t)), JSON_OBJECTAGG(1: (SELECT 1 FROM u))', ['public.t', 'public.u']],
    ['SELECT XMLELEMENT(NAME a, (SELECT a FROM t))', ['public.t']],
    // Views, and what they are made from.
    ['SELECT * FROM shop.contacts', ['shop.contacts', 'shop.customers']],
    ['SELECT 1 FROM shop.contacts_again', ['shop.contacts', 'shop.contacts_again', 'shop.customers']],
    ['SELECT * FROM shop.totals', [...ORDERS, 'shop.totals']],
    ['SELECT * FROM shop.odd_view', undefined, undefined],
    // Partitions in both directions.
    ['SELECT * FROM shop.orders', ORDERS],
    ['SELECT * FROM ONLY shop.orders', ['shop.orders']],
    ['SELECT * FROM shop.orders_2025', ['shop.orders', 'shop.orders_2025']],
    ['SELECT * FROM pg_toast.pg_toast_20006', ['pg_toast.pg_toast_20006', 'shop.secrets']],
    ['COPY shop.orders TO STDOUT', ORDERS],
    ['COPY (SELECT * FROM t) TO STDOUT', ['public.t']],
    ['EXPLAIN SELECT * FROM t', ['public.t']],
    ['EXPLAIN UPDATE t SET a = 1', ['public.t']],
    ['PREPARE p AS SELECT * FROM t', ['public.t']],
    ['DECLARE c CURSOR FOR SELECT * FROM t', ['public.t']],
    ['EXECUTE p((SELECT max(id) FROM t))', ['public.t']],
    ['SELECT * FROM nosuch', undefined],
    ['SELECT * FROM nosuch.t', undefined],
    ['SELECT * FROM t, nosuch', undefined],
    ['LOCK t IN ACCESS SHARE MODE', ['public.t']],
    [`SELECT pg_sequence_last_value('shop.order_numbers')`, ['shop.order_numbers']],
    ['SELECT pg_sequence_last_value($1)', undefined],
    ['SELECT lo_get(1)', ['pg_catalog.pg_largeobject']],
    ['CREATE TABLE x (LIKE t)', ['public.t'], ['public.x']],
    ['CREATE TABLE x (a int REFERENCES u)', ['public.u'], ['public.x']],
  ])
})

describe('writes', () => {
  listed([
    ['INSERT INTO t VALUES (1)', [], ['public.t']],
    ['INSERT INTO t VALUES (1) RETURNING 1', [], ['public.t']],
    ['INSERT INTO t VALUES (1) RETURNING id', ['public.t'], ['public.t']],
    ['INSERT INTO t SELECT * FROM u', ['public.u'], ['public.t']],
    ['INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = t.b', ['public.t'], ['public.t']],
    ['UPDATE t SET a = 1', ['public.t'], ['public.t']],
    ['UPDATE t SET a = a + 1', ['public.t'], ['public.t']],
    ['UPDATE t SET a = 1 WHERE id = 1', ['public.t'], ['public.t']],
    ['UPDATE t SET (a, b) = (SELECT c, c FROM u)', ['public.t', 'public.u'], ['public.t']],
    ['DELETE FROM t', ['public.t'], ['public.t']],
    ['DELETE FROM t USING u WHERE true', ['public.t', 'public.u'], ['public.t']],
    ['DELETE FROM shop.orders', ['shop.lines', ...ORDERS], ['shop.lines', ...ORDERS]],
    ['DELETE FROM shop.orders_2025', ['shop.lines', 'shop.orders', 'shop.orders_2025'], ['shop.lines', 'shop.orders', 'shop.orders_2025']],
    ['DELETE FROM ONLY shop.orders', ['shop.lines', 'shop.orders'], ['shop.lines', 'shop.orders']],
    ['INSERT INTO shop.orders VALUES (1)', [], ORDERS],
    ['UPDATE shop.orders SET total = 1', ORDERS, ORDERS],
    ['UPDATE shop.customers SET id = 1', ['shop.customers', 'shop.notes'], ['shop.customers', 'shop.notes']],
    ['UPDATE shop.customers SET email = NULL', ['shop.customers'], ['shop.customers']],
    ['DELETE FROM shop.contacts', ['shop.contacts', 'shop.customers'], ['shop.contacts', 'shop.customers']],
    [
      'UPDATE shop.contacts_again SET address = NULL',
      ['shop.contacts', 'shop.contacts_again', 'shop.customers', 'shop.notes'],
      ['shop.contacts', 'shop.contacts_again', 'shop.customers', 'shop.notes'],
    ],
    ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', ['public.t', 'public.u'], ['public.t']],
    ['WITH x AS (DELETE FROM t) SELECT 1', ['public.t'], ['public.t']],
    [
      'WITH x AS (INSERT INTO t VALUES (1)), y AS (DELETE FROM u) UPDATE staging.orders SET id = 1',
      ['public.u', 'staging.orders'],
      ['public.t', 'public.u', 'staging.orders'],
    ],
    ['COPY t FROM STDIN WHERE id > 1', ['public.t'], ['public.t']],
    ['TRUNCATE shop.orders', [], ORDERS],
    ['TRUNCATE shop.customers CASCADE', [], ['shop.customers', 'shop.lines', 'shop.notes', ...ORDERS]],
    ['SELECT * FROM t FOR UPDATE', ['public.t'], ['public.t']],
    ['SELECT * FROM shop.contacts FOR UPDATE', ['shop.contacts', 'shop.customers'], ['shop.contacts', 'shop.customers']],
    ['WITH x AS (TABLE t) SELECT * FROM x, u FOR UPDATE', ['public.t', 'public.u'], ['public.u']],
    ['LOCK shop.contacts', [], ['shop.contacts', 'shop.customers']],
    [`SELECT nextval('shop.order_numbers')`, [], ['shop.order_numbers']],
    [`SELECT setval('"shop"."order_numbers"'::regclass, 1)`, [], ['shop.order_numbers']],
    ['SELECT nextval($1)', [], undefined],
    [`SELECT nextval('t' || 'x')`, [], undefined],
    ['SELECT nextval(16400)', [], undefined],
    ['SELECT lo_unlink(1)', [], ['pg_catalog.pg_largeobject']],
    ['INSERT INTO nosuch VALUES (1)', undefined, undefined],
    ['INSERT INTO shop.audited VALUES (1)', undefined, undefined],
    // Definitions.
    ['CREATE TABLE x (a int)', [], ['public.x']],
    ['CREATE TABLE shop.x AS SELECT 1', [], ['shop.x']],
    ['SELECT 1 INTO x', [], ['public.x']],
    ['CREATE VIEW x AS TABLE t', ['public.t'], ['public.t', 'public.x']],
    ['CREATE VIEW x AS SELECT count(*) FROM t', ['public.t'], ['public.x']],
    ['CREATE VIEW x AS SELECT * FROM t, u', ['public.t', 'public.u'], ['public.x']],
    ['CREATE SCHEMA x CREATE TABLE y (a int)', [], ['x.y']],
    ['CREATE TABLE x () INHERITS (t)', [], ['public.t', 'public.x']],
    ['CREATE TABLE x PARTITION OF shop.orders DEFAULT', [], ['public.x', ...ORDERS].sort()],
    ['ALTER TABLE shop.orders ATTACH PARTITION t DEFAULT', ['public.t', ...ORDERS], ['public.t', ...ORDERS]],
    ['ALTER TABLE t INHERIT u', ['public.t', 'public.u'], ['public.t', 'public.u']],
    ['ALTER TABLE t DROP COLUMN a', ['public.t'], ['public.t']],
    ['ALTER TABLE t DROP COLUMN a CASCADE', ['public.t'], undefined],
    ['ALTER TABLE t RENAME TO x', ['public.t'], ['public.t']],
    ['CREATE INDEX ON t (a)', ['public.t'], ['public.t']],
    ['CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION evil()', undefined, undefined],
    ['DROP TABLE t, shop.orders', [], ['public.t', ...ORDERS]],
    ['DROP TABLE t CASCADE', [], undefined],
    ['DROP SCHEMA shop CASCADE', [], undefined],
    ['DROP INDEX shop.orders_pkey', [], [...ORDERS.slice(0, 2), 'shop.orders_2026', 'shop.orders_pkey']],
    ['DROP TRIGGER x ON t', [], ['public.t']],
    ['DROP OWNED BY x', [], undefined],
    ['REFRESH MATERIALIZED VIEW shop.totals', [...ORDERS, 'shop.totals'], ['shop.totals']],
    ['VACUUM t', ['public.t'], ['public.t']],
    ['GRANT ALL ON shop.secrets TO x', [], []],
    ['ALTER SEQUENCE shop.order_numbers RESTART', [], ['shop.order_numbers']],
  ])
})

describe('names', () => {
  const reads = (sql: string, view = {}) => factsOf(sql, view).sql.reads

  it('are looked up in the path, as far as it is known', () => {
    expect(reads('SELECT * FROM orders', { searchPath: ['shop', 'empty'] })).toEqual(ORDERS)
    expect(reads('SELECT * FROM orders', { searchPath: ['staging', 'empty'] })).toEqual(['staging.orders'])
    expect(reads('SELECT * FROM orders', { searchPath: ['nowhere', 'empty', 'staging'] })).toEqual(['staging.orders'])
    expect(reads('SELECT * FROM orders', { searchPath: undefined })).toBeUndefined()
    expect(reads('SELECT * FROM shop.notes', { searchPath: undefined })).toEqual(['shop.notes'])
    expect(reads('SELECT * FROM pg_class', { searchPath: ['shop'] })).toEqual(['pg_catalog.pg_class'])
  })
  it('are of the temporary schema first, unless the path says otherwise', () => {
    expect(reads('SELECT * FROM x', { temporary: ['x'] })).toEqual(['pg_temp.x'])
    expect(reads('SELECT * FROM pg_temp.t', { temporary: ['t'] })).toEqual(['pg_temp.t'])
    expect(reads('SELECT * FROM public.t', { temporary: ['t'] })).toEqual(['public.t'])
    expect(reads('SELECT * FROM t', { temporary: undefined })).toBeUndefined()
  })
  it('count with everything that they may come to mean, as another session may take a name away or close a schema', () => {
    expect(reads('SELECT * FROM orders', { searchPath: ['staging', 'shop'] })).toEqual([...ORDERS, 'staging.orders'])
    expect(reads('SELECT * FROM t', { temporary: ['t'] })).toEqual(['pg_temp.t', 'public.t'])
    expect(reads('SELECT * FROM t', { temporary: ['t'], searchPath: ['public', 'pg_temp'] })).toEqual(['pg_temp.t', 'public.t'])
    expect(reads('SELECT * FROM pg_class', { temporary: ['pg_class'] })).toEqual(['pg_catalog.pg_class', 'pg_temp.pg_class'])
    expect(reads('SELECT * FROM pg_class', { temporary: ['pg_class'], searchPath: ['pg_catalog', 'pg_temp'] })).toEqual([
      'pg_catalog.pg_class',
    ])
    const both = { searchPath: ['staging', 'shop'] }
    for (const sql of [
      'DELETE FROM orders',
      'TRUNCATE orders',
      'COPY orders FROM STDIN',
      'ALTER TABLE orders ADD x int',
      'DROP TABLE orders',
    ]) {
      expect([sql, factsOf(sql, both).sql.writes]).toEqual([sql, expect.arrayContaining(['shop.orders', 'staging.orders'])])
    }
    expect(factsOf('SELECT total FROM orders', both).sql.columns?.output).toEqual(
      expect.arrayContaining(['shop.orders.total', 'staging.orders.total']),
    )
    expect(factsOf('SELECT * FROM orders', both).sql.columns?.output).toEqual(
      expect.arrayContaining(['shop.orders.placed', 'staging.orders.*']),
    )
  })
  it('of WITH hide relations where they are visible, and only there', () => {
    expect(reads('WITH t AS (SELECT 1) SELECT * FROM t')).toEqual([])
    expect(reads('WITH t AS (SELECT * FROM t) SELECT * FROM t')).toEqual(['public.t'])
    expect(reads('WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t')).toEqual([])
    expect(reads('WITH a AS (SELECT * FROM u), u AS (SELECT 1) SELECT * FROM a')).toEqual(['public.u'])
    expect(reads('WITH RECURSIVE a AS (SELECT * FROM u), u AS (SELECT 1) SELECT * FROM a')).toEqual([])
    expect(reads('WITH t AS (SELECT 1) SELECT * FROM public.t')).toEqual(['public.t'])
    expect(reads('SELECT (WITH t AS (SELECT 1 AS id) SELECT id FROM t), (SELECT max(id) FROM t)')).toEqual(['public.t'])
    expect(reads('WITH t AS (SELECT 1) SELECT * FROM (WITH u AS (TABLE t) SELECT * FROM u, t) x')).toEqual([])
    expect(reads('(WITH t AS (SELECT 1) SELECT 1 FROM t) UNION SELECT id FROM t')).toEqual(['public.t'])
    expect(reads('WITH t AS (SELECT 1) SELECT 1 FROM t UNION SELECT 1 FROM t')).toEqual([])
    expect(reads('WITH "T" AS (SELECT 1) SELECT * FROM t')).toEqual(['public.t'])
  })
  it('of WITH are not the target of a statement', () => {
    expect(factsOf('WITH t AS (SELECT 1) DELETE FROM t').sql.writes).toEqual(['public.t'])
    expect(factsOf('WITH t AS (SELECT 1 AS id) INSERT INTO t SELECT id FROM t').sql).toMatchObject({ reads: [], writes: ['public.t'] })
  })
  it('mean what earlier statements of the text leave behind', () => {
    const last = (sql: string) => allFactsOf(sql).at(-1)?.sql.reads
    expect(last('SET search_path = staging, empty; SELECT * FROM orders')).toEqual(['staging.orders'])
    expect(last('SET search_path TO DEFAULT; SELECT * FROM t')).toBeUndefined()
    expect(last('RESET ALL; SELECT * FROM t')).toBeUndefined()
    expect(last(`SELECT set_config('search_path', 'staging', true); SELECT * FROM orders`)).toEqual(['staging.orders'])
    expect(last('SET search_path = "$user", public; SELECT * FROM t')).toBeUndefined()
    expect(last('SET ROLE x; SELECT * FROM t')).toBeUndefined()
    expect(last('SET LOCAL search_path = staging; COMMIT; SELECT * FROM t')).toBeUndefined()
    expect(last('CREATE TEMP TABLE x (a int); SELECT * FROM x')).toEqual(['pg_temp.x'])
    expect(last('CREATE TEMP TABLE t (a int); SELECT * FROM t')).toEqual(['pg_temp.t', 'public.t'])
    expect(last('CREATE TEMP TABLE x (a int); DROP TABLE x; SELECT * FROM t')).toEqual(['public.t'])
    expect(last('CREATE TEMP VIEW t AS TABLE u; SELECT * FROM t')).toBeUndefined()
    expect(last('DISCARD TEMP; SELECT * FROM t')).toEqual(['public.t'])
    expect(last('CREATE VIEW t AS TABLE u; SELECT * FROM t')).toBeUndefined()
    expect(last('SELECT evil(); SELECT * FROM t')).toBeUndefined()
    expect(last('EXECUTE p; SELECT * FROM t')).toBeUndefined()
    expect(last('CREATE TABLE x (a serial); SELECT * FROM x')).toEqual(['public.x'])
    expect(last('CREATE TABLE x (a int DEFAULT evil()); SELECT * FROM x')).toBeUndefined()
  })
  it('are quoted where they hold what would make two of them alike', () => {
    const odd = catalogOf({ relations: { 'a.b': { columns: ['x'] } }, schemas: ['a.b'] })
    const holding = {
      ...odd,
      relation: (schema: string, name: string) => (name === 'b.c' ? { ...odd.relation('a', 'b')!, schema, name } : undefined),
    }
    expect(factsOf('SELECT * FROM a."b.c"', {}, holding).sql.reads).toEqual(['a."b.c"'])
  })
})

it('says of opaque statements only what was seen of them, and not as facts', () => {
  const facts = factsOf('INSERT INTO staging.orders SELECT id, evil(token) FROM shop.secrets')
  expect(facts.sql).toEqual({ bounded: true })
  expect(facts.seen).toEqual({ reads: ['shop.secrets'], writes: ['staging.orders'], functions: ['public.evil'] })
  expect(factsOf('SELECT * FROM shop.secrets').seen).toBeUndefined()
})

it('names functions by schema, built-in ones too', () => {
  expect(factsOf('SELECT count(*), pg_catalog.lower(a), similarity(a, b) FROM t').sql.functions).toEqual([
    'pg_catalog.count',
    'pg_catalog.lower',
    'public.similarity',
  ])
  expect(factsOf('SELECT * FROM shop.contacts').sql.functions).toEqual(['pg_catalog.lower'])
})

it('finds a table whatever its place in a catalog that is changed meanwhile', () => {
  expect(factsOf('SELECT * FROM t', {}, catalogOf({ ...SHOP, relations: {} })).sql.reads).toBeUndefined()
})
