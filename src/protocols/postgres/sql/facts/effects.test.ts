import { describe, expect, it } from 'vitest'
import { effectsOf, factsOf } from '../../../../../test/parts/facts-of.ts'
import { catalogOf, SHOP } from '../../../../../test/parts/shop-catalog.ts'
import { POSTGRES_ACTIONS } from '../../../../operations/index.ts'

const judged = (cases: readonly (readonly [string, ...string[]])[]) => {
  it.each(cases.map(([sql, ...effects]) => [sql, effects] as const))('%s', (sql, effects) => {
    expect(effectsOf(sql)).toEqual(effects)
    for (const effect of effects) expect([...POSTGRES_ACTIONS].map(([action, { class: of }]) => `${of}/${action}`)).toContain(effect)
  })
}

describe('reading', () => {
  judged([
    ['SELECT 1', 'session/catalog read'],
    ['VALUES (1, 2)', 'session/catalog read'],
    ['SELECT version(), current_user, now()', 'session/catalog read'],
    ['SELECT relname FROM pg_class', 'session/catalog read'],
    ['SELECT * FROM information_schema.tables', 'session/catalog read'],
    ['SELECT * FROM t', 'read/select'],
    ['TABLE t', 'read/select'],
    ['SELECT (SELECT max(id) FROM t)', 'read/select'],
    ['SELECT 1 WHERE EXISTS (TABLE t)', 'read/select'],
    ['SELECT relname FROM pg_class, t', 'read/select', 'session/catalog read'],
    ['SELECT * FROM t FOR UPDATE', 'read/select', 'write/lock'],
    ['SELECT * FROM (SELECT * FROM t FOR SHARE) x', 'read/select', 'write/lock'],
    ['COPY t TO STDOUT', 'read/copy to'],
    ['COPY (SELECT * FROM t) TO STDOUT', 'read/copy to', 'read/select'],
    ['SELECT pg_sleep(10)', 'read/sleep'],
    ['SELECT last_value FROM shop.order_numbers', 'read/select'],
    [`SELECT currval('shop.order_numbers')`, 'read/sequence value'],
    ['SELECT lo_get(1)', 'read/large object'],
    ['SELECT data FROM pg_largeobject', 'read/large object'],
    ['LOCK TABLE t IN ACCESS SHARE MODE', 'read/lock access share'],
  ])
})

describe('writing', () => {
  judged([
    ['INSERT INTO t VALUES (1)', 'write/insert'],
    ['INSERT INTO t SELECT * FROM u', 'read/select', 'write/insert'],
    ['INSERT INTO t VALUES (1) RETURNING id', 'write/insert'],
    ['INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', 'write/insert'],
    ['INSERT INTO t AS x VALUES (1) ON CONFLICT (id) DO UPDATE SET a = x.b', 'write/insert', 'write/update'],
    ['INSERT INTO t AS x VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1 RETURNING b', 'read/select', 'write/insert', 'write/update'],
    ['UPDATE t SET a = a + 1 WHERE id = 1', 'write/update'],
    ['UPDATE t SET a = 1 RETURNING 1', 'write/update'],
    ['UPDATE t SET a = 1 RETURNING b', 'read/select', 'write/update'],
    ['UPDATE t SET a = 1 RETURNING (SELECT t.b)', 'read/select', 'write/update'],
    ['UPDATE t SET a = 1 RETURNING old.b', 'read/select', 'write/update'],
    ['UPDATE t SET a = u.c FROM u WHERE u.id = t.id', 'read/select', 'write/update'],
    ['UPDATE t SET a = (SELECT c FROM u LIMIT 1) WHERE id = 1', 'read/select', 'write/update'],
    ['DELETE FROM t WHERE id = 1', 'write/delete'],
    ['DELETE FROM t WHERE id IN (SELECT id FROM u)', 'read/select', 'write/delete'],
    ['DELETE FROM t USING u WHERE u.id = t.id', 'read/select', 'write/delete'],
    ['DELETE FROM t RETURNING *', 'read/select', 'write/delete'],
    ['DELETE FROM t RETURNING t', 'read/select', 'write/delete'],
    ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', 'read/select', 'write/delete', 'write/merge'],
    [
      'MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)',
      'read/select',
      'write/insert',
      'write/merge',
      'write/update',
    ],
    ['MERGE INTO t USING (VALUES (1)) u (x) ON t.id = x WHEN MATCHED THEN DO NOTHING', 'write/merge'],
    ['WITH x AS (DELETE FROM t RETURNING 1) SELECT 1', 'write/delete'],
    ['WITH x AS (SELECT 1), y AS (UPDATE t SET a = 1) INSERT INTO u VALUES (1)', 'write/insert', 'write/update'],
    ['SELECT * FROM (WITH x AS (SELECT * FROM t) TABLE x) y', 'read/select'],
    ['TRUNCATE t', 'write/truncate'],
    ['COPY t FROM STDIN', 'write/copy from'],
    ['COPY (DELETE FROM t WHERE id = 1 RETURNING 1) TO STDOUT', 'read/copy to', 'write/delete'],
    [`SELECT nextval('shop.order_numbers')`, 'write/sequence'],
    ['SELECT pg_advisory_lock(1)', 'write/lock'],
    [`SELECT pg_notify('a', 'b')`, 'write/notify'],
    ['LISTEN a', 'write/listen'],
    ['NOTIFY a', 'write/notify'],
    ['LOCK t', 'write/lock table'],
    ['REFRESH MATERIALIZED VIEW shop.totals', 'write/refresh materialized view'],
    [`SELECT lo_from_bytea(0, '')`, 'write/large object write'],
    ['SELECT lo_unlink(1)', 'write/large object write'],
  ])
})

describe('explaining', () => {
  judged([
    ['EXPLAIN SELECT * FROM t', 'read/explain', 'read/select'],
    ['EXPLAIN DELETE FROM t', 'read/explain'],
    ['EXPLAIN (ANALYZE false) DELETE FROM t', 'read/explain'],
    ['EXPLAIN (ANALYZE 0, COSTS off) DELETE FROM t', 'read/explain'],
    ['EXPLAIN (ANALYZE off) INSERT INTO t VALUES (1)', 'read/explain'],
    ['EXPLAIN ANALYZE DELETE FROM t', 'read/explain', 'write/delete'],
    ['EXPLAIN (ANALYZE) DELETE FROM t', 'read/explain', 'write/delete'],
    ['EXPLAIN (ANALYZE 1) DELETE FROM t', 'read/explain', 'write/delete'],
    ['EXPLAIN (ANALYZE false, ANALYZE true) DELETE FROM t', 'read/explain', 'write/delete'],
    ['EXPLAIN (ANALYZE whatever) DELETE FROM t', 'read/explain', 'write/delete'],
    ['EXPLAIN (VERBOSE, ANALYZE "TRUE") UPDATE t SET a = 1', 'read/explain', 'write/update'],
    ['EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1', 'define/create table as', 'read/explain'],
    ['EXPLAIN CREATE TABLE x AS SELECT 1', 'read/explain'],
    ['EXPLAIN EXECUTE p(1)', 'read/explain', 'session/execute'],
    // Functions are folded while the plan is made.
    ['EXPLAIN SELECT evil(1)', 'opaque/function', 'read/explain'],
  ])
})

describe('code of users', () => {
  judged([
    ['SELECT evil()', 'opaque/function'],
    ['SELECT public.evil()', 'opaque/function'],
    ['SELECT shop.evil()', 'opaque/function'],
    ['SELECT * FROM evil() AS x', 'opaque/function'],
    ['SELECT * FROM ROWS FROM (generate_series(1, 2), evil()) AS x', 'opaque/function'],
    ['SELECT nosuch(1)', 'opaque/function'],
    ['SELECT pg_catalog.nosuch(1)', 'opaque/function'],
    ['SELECT 1 ORDER BY evil()', 'opaque/function'],
    ['SELECT count(*) FILTER (WHERE evil() IS NULL) OVER (PARTITION BY evil())', 'opaque/function'],
    ['SELECT 1 LIMIT evil()', 'opaque/function'],
    ['SELECT 1 WHERE 1 IN (SELECT evil())', 'opaque/function'],
    ['SELECT * FROM t TABLESAMPLE system (evil())', 'opaque/function', 'read/select'],
    ['SELECT * FROM t TABLESAMPLE odd (1)', 'opaque/user code', 'read/select'],
    ['SELECT t.evil FROM t', 'opaque/function', 'read/select'],
    ['SELECT (t).evil FROM t', 'opaque/function', 'read/select'],
    ['SELECT (row(1)).evil', 'opaque/function'],
    ['SELECT t.pg_sleep FROM t', 'read/select', 'read/sleep'],
    ['SELECT t.a FROM t', 'read/select'],
    ['SELECT similarity(a, b) FROM t', 'read/select'],
    ['SELECT a ~~~ b FROM t', 'opaque/user code', 'read/select'],
    ['SELECT a OPERATOR(public.~~~) b FROM t', 'opaque/user code', 'read/select'],
    ['SELECT a OPERATOR(extensions.%) b FROM t', 'read/select'],
    ['SELECT a = ANY (ARRAY[b]) FROM t', 'read/select'],
    ['SELECT a ~~~ ANY (ARRAY[b]) FROM t', 'opaque/user code', 'read/select'],
    ['SELECT a ~~~ ALL (SELECT b FROM t) FROM t', 'opaque/user code', 'read/select'],
    ['SELECT * FROM t ORDER BY a USING ~~~', 'opaque/user code', 'read/select'],
    [`SELECT 'x'::mood`, 'session/catalog read'],
    [`SELECT 'x'::checked`, 'opaque/user code'],
    [`SELECT CAST('x' AS checked[])`, 'opaque/user code'],
    [`SELECT '(1)'::shop.coded`, 'opaque/user code'],
    [`SELECT '(1)'::shop.notes`, 'session/catalog read'],
    [`SELECT 'x'::nosuch`, 'opaque/user code'],
    ['SELECT * FROM json_to_record(NULL) AS x (a checked)', 'opaque/user code'],
    [`SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a checked PATH '$.a')) x`, 'opaque/user code'],
    [`SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS b checked)`, 'opaque/user code'],
    [`SELECT xmlserialize(CONTENT '<a/>' AS checked)`, 'opaque/user code'],
    ['INSERT INTO shop.audited VALUES (1)', 'opaque/trigger', 'write/insert'],
    ['INSERT INTO shop.audited VALUES (1) ON CONFLICT DO NOTHING', 'opaque/trigger', 'write/insert'],
    ['DELETE FROM shop.audited WHERE id = 1', 'write/delete'],
    ['COPY shop.audited FROM STDIN', 'opaque/trigger', 'write/copy from'],
    ['INSERT INTO shop.ruled VALUES (1)', 'opaque/trigger', 'write/insert'],
    ['INSERT INTO shop.coded VALUES (1)', 'opaque/user code', 'write/insert'],
    ['SELECT * FROM shop.coded', 'read/select'],
    ['SELECT * FROM shop.guarded', 'opaque/user code', 'read/select'],
    ['DELETE FROM shop.guarded WHERE id = 1', 'opaque/user code', 'write/delete'],
    ['SELECT * FROM shop.odd_view', 'opaque/function', 'read/select'],
    ['SELECT * FROM shop.hidden_view', 'opaque/view', 'read/select'],
    ['DO $$ BEGIN END $$', 'opaque/do'],
    ['CALL something(1)', 'opaque/call'],
    [`SELECT query_to_xml('DELETE FROM t', true, true, '')`, 'opaque/dynamic sql'],
    ['CREATE INDEX ON t (evil(a))', 'define/create index', 'opaque/function'],
    ['CREATE INDEX ON t (a) WHERE evil(a)', 'define/create index', 'opaque/function'],
    ['ALTER TABLE t ADD COLUMN x int DEFAULT evil()', 'define/alter table', 'opaque/function'],
    ['ALTER TABLE t ALTER COLUMN a TYPE int USING evil(a)', 'define/alter table', 'opaque/function'],
    ['ALTER TABLE t ADD CHECK (evil(a))', 'define/alter table', 'opaque/function'],
    ['ALTER TABLE shop.coded VALIDATE CONSTRAINT x', 'define/alter table', 'opaque/user code'],
    ['REINDEX TABLE shop.coded', 'define/reindex', 'opaque/user code'],
    ['CREATE TABLE x PARTITION OF shop.orders FOR VALUES IN (evil())', 'define/create table', 'opaque/function'],
    ['CREATE TABLE x AS SELECT evil()', 'define/create table as', 'opaque/function'],
    ['CREATE MATERIALIZED VIEW x AS SELECT evil()', 'define/create materialized view', 'opaque/function'],
    ['EXECUTE p(evil())', 'opaque/function', 'session/execute'],
  ])

  it('is only defined, and does not run, in defaults, views, functions, triggers and rules', () => {
    for (const sql of [
      'CREATE TABLE x (a int DEFAULT evil(), CHECK (evil(a)))',
      'CREATE VIEW x AS SELECT evil()',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT evil(); END',
      'CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN (evil(new.a)) EXECUTE FUNCTION evil()',
      'CREATE RULE x AS ON INSERT TO t DO ALSO SELECT evil(new.a)',
      'CREATE POLICY x ON t USING (evil(a))',
      'CREATE DOMAIN x AS int CHECK (evil(value))',
    ]) {
      expect([sql, factsOf(sql).effects.map((effect) => effect.class)]).toEqual([sql, expect.not.arrayContaining(['opaque'])])
    }
  })
  it('may be a better match than a built-in function anywhere in the path', () => {
    expect(effectsOf(`SELECT replace('a', 'b', 'c')`)).toEqual(['session/catalog read'])
    expect(effectsOf(`SELECT replace('a', 'b', 'c')`, { searchPath: ['public', 'extensions'] })).toEqual(['opaque/function'])
    expect(effectsOf(`SELECT pg_catalog.replace('a', 'b', 'c')`, { searchPath: ['extensions'] })).toEqual(['session/catalog read'])
    const { searchPath: _, ...unknown } = { searchPath: 0, temporary: [], catalogKnown: true, readOnly: false }
    expect(effectsOf(`SELECT replace('a', 'b', 'c')`, { ...unknown, searchPath: undefined as never })).toEqual(['opaque/function'])
  })
  it('may be behind any operator, also those that are not written', () => {
    const tricks = { searchPath: ['public', 'tricks'] }
    for (const condition of ['id = 1', 'id IN (1, 2)', 'NULLIF(id, 1) > 0', 'CASE id WHEN 1 THEN true END', 'id IN (SELECT id FROM u)']) {
      expect([condition, effectsOf(`SELECT FROM t WHERE ${condition}`, tricks)]).toEqual([condition, ['opaque/user code', 'read/select']])
    }
    expect(effectsOf('SELECT FROM t JOIN u USING (id)', tricks)).toEqual(['opaque/user code', 'read/select'])
    expect(effectsOf('SELECT FROM t NATURAL JOIN u', tricks)).toEqual(['opaque/user code', 'read/select'])
    expect(effectsOf('SELECT FROM t WHERE id > 1', tricks)).toEqual(['read/select'])
  })
  it('runs with every definition where there are event triggers', () => {
    const watched = catalogOf({ ...SHOP, eventTriggers: true })
    expect(effectsOf('CREATE TABLE x (a int)', {}, watched)).toEqual(['define/create table', 'opaque/event trigger'])
    expect(effectsOf('GRANT SELECT ON t TO x', {}, watched)).toEqual(['admin/grant', 'opaque/event trigger'])
    expect(effectsOf('SELECT 1', {}, watched)).toEqual(['session/catalog read'])
  })
  it('may be behind casts of users, where there are any', () => {
    const cast = catalogOf({ ...SHOP, typeCode: { casts: true, inputs: true } })
    expect(effectsOf('SELECT a::text FROM t', {}, cast)).toEqual(['opaque/user code', 'read/select'])
    expect(effectsOf(`SELECT '1'::int, $1::text`, {}, cast)).toEqual(['session/catalog read'])
    expect(effectsOf('SELECT oid::regclass::text, c.relname::pg_catalog.text FROM pg_class c', {}, cast)).toEqual(['session/catalog read'])
    expect(effectsOf('SELECT relname::text, a::text FROM pg_class, t', {}, cast)).toContain('opaque/user code')
    expect(effectsOf('SELECT x.oid::text FROM (SELECT oid FROM pg_class) x', {}, cast)).toContain('opaque/user code')
    expect(effectsOf('SELECT to_json(t) FROM t', {}, cast)).toEqual(['opaque/user code', 'read/select'])
    expect(effectsOf('SELECT JSON_OBJECT(1: t) FROM t', {}, cast)).toEqual(['opaque/user code', 'read/select'])
    expect(effectsOf(`SELECT pg_input_is_valid('1', 'x')`, {}, cast)).toEqual(['opaque/user code'])
  })
  it('may be behind casts of built-in types, where a superuser has made some', () => {
    const everywhere = catalogOf({
      relations: { 'pg_catalog.pg_class': { columns: ['oid', 'relname'], userCode: { onRead: true, onWrite: true } } },
      typeCode: { casts: true, inputs: false },
    })
    expect(effectsOf('SELECT 1::text', {}, everywhere)).toEqual(['opaque/user code'])
    expect(effectsOf('SELECT relname FROM pg_class', {}, everywhere)).toEqual(['opaque/user code', 'session/catalog read'])
  })
  it('is taken to be everywhere where nothing is known of the catalog', () => {
    const unknown = { catalogKnown: false }
    expect(effectsOf('SELECT now()', unknown)).toEqual(['opaque/function'])
    expect(effectsOf('SELECT pg_catalog.now()', unknown)).toEqual(['session/catalog read'])
    expect(effectsOf('SELECT now()', { ...unknown, searchPath: [] })).toEqual(['session/catalog read'])
    expect(effectsOf('SELECT * FROM t', unknown)).toEqual(['opaque/unknown relation', 'read/select'])
    expect(effectsOf('SELECT * FROM shop.orders', unknown)).toEqual(['opaque/unknown relation', 'read/select'])
    expect(effectsOf('SELECT * FROM pg_catalog.pg_class', unknown)).toEqual(['session/catalog read'])
    expect(effectsOf('BEGIN', unknown)).toEqual(['session/begin'])
  })
})

describe('the server, and what it keeps', () => {
  judged([
    ['SELECT * FROM pg_stats', 'statistics/read statistics'],
    ['SELECT * FROM pg_stat_activity', 'backend/backend activity'],
    ['SELECT pg_stat_get_activity(NULL)', 'backend/backend activity'],
    ['SELECT pg_cancel_backend(1)', 'backend/backend signal'],
    ['SELECT rolpassword FROM pg_authid', 'credential/read credential'],
    ['SELECT * FROM pg_shadow', 'credential/read credential'],
    ['SELECT * FROM pg_user_mappings', 'credential/read credential'],
    ['SELECT subname FROM pg_subscription', 'session/catalog read'],
    ['SELECT subconninfo FROM pg_subscription', 'credential/read credential', 'session/catalog read'],
    ['SELECT * FROM pg_subscription', 'credential/read credential', 'session/catalog read'],
    ['SELECT pg_subscription::text FROM pg_subscription', 'credential/read credential', 'session/catalog read'],
    ['SELECT usename FROM shop.who', 'credential/read credential', 'read/select'],
    ['SHOW primary_conninfo', 'credential/read credential'],
    [`SELECT current_setting('primary_conninfo')`, 'credential/read credential'],
    [`CREATE ROLE x PASSWORD 'a'`, 'admin/create role', 'credential/password'],
    ['CREATE ROLE x', 'admin/create role'],
    ['ALTER ROLE x PASSWORD NULL', 'admin/alter role', 'credential/password'],
    ['CREATE USER MAPPING FOR x SERVER s', 'admin/create user mapping', 'credential/password'],
    [`CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (a 'b')`, 'admin/create server', 'credential/password'],
    [`CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p`, 'admin/create subscription', 'credential/password'],
    [`SELECT pg_read_file('x')`, 'admin/server file'],
    [`COPY t TO '/tmp/x'`, 'admin/copy file', 'read/copy to'],
    [`COPY t FROM PROGRAM 'x'`, 'admin/copy program', 'write/copy from'],
    ['ALTER SYSTEM SET x = 1', 'admin/alter system'],
    [`LOAD 'x'`, 'admin/load'],
    ['CHECKPOINT', 'admin/checkpoint'],
    ['GRANT SELECT ON shop.secrets TO x', 'admin/grant'],
    ['REVOKE a FROM b', 'admin/revoke'],
    ['REASSIGN OWNED BY a TO b', 'admin/reassign owned'],
    ['CREATE EXTENSION x', 'admin/create extension'],
    ['IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c', 'admin/import foreign schema'],
    [`SECURITY LABEL ON TABLE t IS 'x'`, 'admin/security label'],
    ['ALTER TABLE t DISABLE ROW LEVEL SECURITY', 'admin/row security', 'define/alter table'],
    ['ALTER TABLE t DISABLE TRIGGER ALL', 'admin/switch triggers', 'define/alter table'],
    ['ALTER TABLE t OWNER TO x', 'admin/alter owner', 'define/alter table'],
    ['CREATE POLICY x ON t USING (true)', 'admin/create policy'],
    [`UPDATE pg_class SET relname = 'x'`, 'admin/system catalog write', 'write/update'],
    [`PREPARE TRANSACTION 'x'`, 'admin/prepare transaction'],
    [`COMMIT PREPARED 'x'`, 'admin/commit prepared'],
  ])
})

describe('definitions', () => {
  judged([
    ['CREATE TABLE x (a int)', 'define/create table'],
    ['CREATE TABLE x AS TABLE t', 'define/create table as', 'read/select'],
    ['SELECT * INTO x FROM t', 'define/select into', 'read/select'],
    ['CREATE VIEW x AS SELECT * FROM shop.secrets', 'define/create view', 'read/select'],
    [
      'CREATE SCHEMA x CREATE TABLE y (a int) CREATE VIEW z AS SELECT * FROM t',
      'define/create schema',
      'define/create table',
      'define/create view',
      'read/select',
    ],
    ['CREATE RULE x AS ON INSERT TO t DO INSTEAD DELETE FROM u', 'define/create rule', 'write/delete'],
    ['ALTER TABLE t RENAME COLUMN a TO c', 'define/alter table'],
    ['ALTER VIEW shop.contacts RENAME COLUMN id TO c', 'define/alter view'],
    ['ALTER TABLE t SET SCHEMA shop', 'define/alter table'],
    ['DROP TABLE t', 'define/drop table'],
    ['DROP FUNCTION f(int)', 'define/drop function'],
    ['DROP OWNED BY x', 'admin/drop owned'],
    ['COMMENT ON TABLE t IS NULL', 'define/comment'],
    ['VACUUM (ANALYZE) t', 'define/analyze', 'define/vacuum'],
    ['CREATE TYPE x AS ENUM ()', 'define/create type'],
    ['CREATE AGGREGATE x (int) (sfunc = int4pl, stype = int)', 'define/create aggregate'],
    ['CREATE OPERATOR === (function = int4eq, leftarg = int, rightarg = int)', 'define/create operator'],
    ['ALTER TEXT SEARCH DICTIONARY x (a = b)', 'define/alter text search dictionary'],
  ])
})
