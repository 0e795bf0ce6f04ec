import { describe, expect, it } from 'vitest'
import { allFactsOf, effectsOf, factsOf } from '../../../../../test/parts/facts-of.ts'
import { catalogOf } from '../../../../../test/parts/shop-catalog.ts'
import { searchPathOf } from './settings.ts'

const transitions = (sql: string) => factsOf(sql).transitions

describe('settings', () => {
  it.each([
    [`SET application_name = 'x'`, 'session/set'],
    [`SET TIME ZONE 'UTC'`, 'session/set'],
    [`SET NAMES 'UTF8'`, 'session/set'],
    ['SET DateStyle = ISO', 'session/set'],
    ['SET extra_float_digits = 3', 'session/set'],
    ['SET statement_timeout = 0', 'session/set'],
    ['SET enable_seqscan = off', 'session/set'],
    [`SET search_path = ''`, 'session/set'],
    ['SET search_path = pg_catalog', 'session/set'],
    [`SELECT set_config('search_path', '', false)`, 'session/set'],
    [`SELECT pg_catalog.set_config('application_name', $1, false)`, 'session/set'],
    // As pg_dump begins.
    [
      `SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'`,
      'session/catalog read',
      'session/set',
    ],
    [
      `SELECT set_config(s.name, 'x', false) FROM pg_settings s WHERE setting <> '' AND s.name = 'DateStyle'`,
      'session/catalog read',
      'session/set',
    ],
    [`SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'search_path'`, 'admin/set restricted', 'session/catalog read'],
    ['SET row_security = off', 'session/set'],
    ['SET standard_conforming_strings = on', 'session/set'],
    ['SET default_transaction_read_only = on', 'session/set'],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', 'session/set'],
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'session/set'],
    ['RESET ALL', 'session/reset'],
    ['RESET search_path', 'session/reset'],
    ['SET timezone TO DEFAULT', 'session/reset'],
    ['DISCARD ALL', 'session/discard'],
    ['SHOW search_path', 'session/show'],
    ['SET search_path = public', 'admin/set restricted'],
    [`SET search_path = 'pg_catalog, evil'`, 'admin/set restricted'],
    [`SET SCHEMA 'public'`, 'admin/set restricted'],
    [`SELECT set_config('search_path', 'x', true)`, 'admin/set restricted'],
    [`SELECT set_config('SEARCH_PATH', 'x', true)`, 'admin/set restricted'],
    [`SELECT set_config('search' || '_path', '', true)`, 'admin/set restricted'],
    [`SELECT set_config('search_path', $1, true)`, 'admin/set restricted'],
    ...[
      `SELECT set_config(name, 'x', false) FROM pg_settings`,
      `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'datestyle' OR name = 'search_path'`,
      `SELECT set_config(name, 'x', false) FROM pg_settings WHERE NOT name = 'datestyle'`,
      `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name <> 'datestyle'`,
      `SELECT set_config(setting, 'x', false) FROM pg_settings WHERE name = 'datestyle'`,
      `SELECT set_config(name, 'x', false) FROM pg_settings WHERE setting = 'datestyle'`,
      `SELECT set_config(lower(name), 'x', false) FROM pg_settings WHERE name = 'datestyle'`,
      `SELECT set_config(name, 'x', false) FROM pg_settings s (setting, name) WHERE name = 'datestyle'`,
      `SELECT set_config(s.name, 'x', false) FROM pg_settings, pg_settings s WHERE pg_settings.name = 'datestyle'`,
      // What stands in a condition may run before the rest of it.
      `SELECT FROM pg_settings WHERE name = 'datestyle' AND set_config(name, 'x', false) = 'x'`,
      `SELECT (SELECT set_config(s.name, 'x', false) FROM pg_settings WHERE name = 'datestyle') FROM pg_settings s`,
    ].map((sql): [string, ...string[]] => [sql, 'admin/set restricted', 'session/catalog read']),
    ['SET row_security = on', 'admin/set restricted'],
    ['SET standard_conforming_strings = off', 'admin/set restricted'],
    ['SET backslash_quote = on', 'admin/set restricted'],
    ['SET session_replication_role = replica', 'admin/set restricted'],
    ['SET default_transaction_read_only = off', 'admin/set restricted'],
    ['SET default_transaction_read_only = 0', 'admin/set restricted'],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE', 'admin/set restricted'],
    [`SET TRANSACTION SNAPSHOT 'x'`, 'admin/set restricted'],
    [`SET app.tenant = '2'`, 'admin/set restricted'],
    [`SET enable_x.y = '2'`, 'admin/set restricted'],
    [`SET constructor = 1`, 'admin/set restricted'],
    ['SET ROLE x', 'admin/set role'],
    ['SET ROLE NONE', 'admin/set role'],
    ['RESET ROLE', 'admin/set role'],
    ['SET SESSION AUTHORIZATION DEFAULT', 'admin/set role'],
    [`SELECT set_config('role', 'x', false)`, 'admin/set role'],
  ] as [string, ...string[]][])('%s', (sql, ...effects) => {
    expect(effectsOf(sql)).toEqual(effects)
  })

  it('that make a transaction writable are restricted in a session that is kept read-only', () => {
    const readOnly = { readOnly: true }
    for (const sql of [
      'BEGIN READ WRITE',
      'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE',
      'SET TRANSACTION READ WRITE',
      'SET transaction_read_only = off',
      'SET LOCAL transaction_read_only TO f',
      'SET default_transaction_read_only = false',
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
      `SELECT set_config('transaction_read_only', 'off', true)`,
      `SELECT set_config('transaction_read_only', $1, true)`,
    ]) {
      expect([sql, effectsOf(sql, readOnly)]).toEqual([sql, expect.arrayContaining(['admin/read write'])])
    }
    for (const sql of [
      'BEGIN',
      'BEGIN READ ONLY',
      'SET TRANSACTION READ ONLY',
      'RESET ALL',
      'RESET default_transaction_read_only',
      'DISCARD ALL',
    ]) {
      expect([sql, effectsOf(sql, readOnly)]).toEqual([sql, [expect.stringMatching(/^session/)]])
    }
    expect(effectsOf('BEGIN READ WRITE')).toEqual(['session/begin'])
  })
})

describe('an UPDATE of pg_settings', () => {
  it('is a SET of the setting that its condition names', () => {
    const facts = factsOf(`UPDATE pg_settings SET setting = 'SJIS' WHERE name = 'client_encoding' AND setting <> ''`)
    expect(facts.transitions).toEqual([{ kind: 'set', name: 'client_encoding', value: 'SJIS', local: false }])
    expect(facts.sql.functions).toContain('pg_catalog.set_config')
    expect(effectsOf(`UPDATE pg_settings SET setting = 'shop' WHERE name = 'search_path'`)).toContain('admin/set restricted')
  })

  it('may change any, where that is not certain', () => {
    const mine = catalogOf({
      relations: {
        'pg_catalog.pg_settings': { kind: 'view', columns: ['name', 'setting'] },
        'public.mine': { columns: ['name', 'setting'], uses: { 'pg_catalog.pg_settings': ['name', 'setting'] } },
      },
    })
    for (const sql of [
      `UPDATE pg_settings SET setting = 'x'`,
      `UPDATE pg_settings SET setting = 'x' WHERE name IN ('search_path', 'datestyle')`,
      `UPDATE pg_settings p SET setting = 'x' FROM mine WHERE mine.name = 'datestyle'`,
      `MERGE INTO pg_settings p USING mine ON p.name = 'datestyle' WHEN MATCHED THEN UPDATE SET setting = 'x'`,
      `UPDATE mine SET setting = 'x' WHERE name = 'datestyle'`,
    ]) {
      const facts = factsOf(sql, {}, mine)
      expect([sql, facts.effects.map(({ action }) => action)]).toEqual([sql, expect.arrayContaining(['set restricted'])])
      expect([sql, facts.transitions]).toEqual([sql, [{ kind: 'opaque' }]])
    }
    expect(allFactsOf(`SET search_path = public; UPDATE pg_settings SET setting = 'shop' WHERE name = $1; TABLE t`).at(-1)?.sql.reads).toBe(
      undefined,
    )
  })
})

describe('what a statement leaves behind in its session', () => {
  it.each([
    ['SET search_path = a, "B c"', [{ kind: 'set', name: 'search_path', value: 'a, "B c"', local: false }]],
    [`SET LOCAL search_path = 'a, b'`, [{ kind: 'set', name: 'search_path', value: '"a, b"', local: true }]],
    [`SET search_path = ''`, [{ kind: 'set', name: 'search_path', value: '""', local: false }]],
    ['SET TimeZone = 1', [{ kind: 'set', name: 'timezone', value: '1', local: false }]],
    ['SET x TO DEFAULT', [{ kind: 'reset', name: 'x' }]],
    ['SET LOCAL x TO DEFAULT', [{ kind: 'set', name: 'x', local: true }]],
    ['RESET X', [{ kind: 'reset', name: 'x' }]],
    ['RESET ALL', [{ kind: 'reset' }]],
    [`SELECT set_config('a', 'b', true)`, [{ kind: 'set', name: 'a', value: 'b', local: true }]],
    ['SELECT set_config(a, b, true) FROM t', [{ kind: 'opaque' }]],
    ['SET TRANSACTION READ ONLY', [{ kind: 'set', name: 'transaction_read_only', value: '1', local: true }]],
    ['BEGIN', [{ kind: 'transaction', verb: 'begin' }]],
    ['START TRANSACTION', [{ kind: 'transaction', verb: 'begin' }]],
    ['END', [{ kind: 'transaction', verb: 'commit' }]],
    ['ABORT', [{ kind: 'transaction', verb: 'rollback' }]],
    ['SAVEPOINT a', [{ kind: 'transaction', verb: 'savepoint', name: 'a' }]],
    ['RELEASE a', [{ kind: 'transaction', verb: 'release', name: 'a' }]],
    ['ROLLBACK TO a', [{ kind: 'transaction', verb: 'rollback-to', name: 'a' }]],
    [`PREPARE TRANSACTION 'a'`, [{ kind: 'transaction', verb: 'prepare' }]],
    ['DEALLOCATE a', [{ kind: 'deallocate', name: 'a' }]],
    ['DEALLOCATE ALL', [{ kind: 'deallocate' }]],
    ['CLOSE a', [{ kind: 'close', name: 'a' }]],
    ['CLOSE ALL', [{ kind: 'close' }]],
    ['DISCARD ALL', [{ kind: 'discard', what: 'all' }]],
    ['DISCARD TEMP', [{ kind: 'discard', what: 'temp' }]],
    ['DISCARD PLANS', [{ kind: 'discard', what: 'plans' }]],
    ['DISCARD SEQUENCES', [{ kind: 'discard', what: 'sequences' }]],
    ['CREATE TEMP TABLE a (b int)', [{ kind: 'create-temporary', names: ['a'] }]],
    ['CREATE TEMP TABLE a ON COMMIT DROP AS SELECT 1', [{ kind: 'create-temporary', names: ['a'], untilCommit: true }]],
    ['CREATE TABLE pg_temp.a (b int)', [{ kind: 'create-temporary', names: ['a'] }]],
    ['SELECT 1 INTO TEMP a', [{ kind: 'create-temporary', names: ['a'] }]],
    ['CREATE TEMP SEQUENCE a', [{ kind: 'create-temporary', names: ['a'] }]],
    ['CREATE TEMP VIEW a AS SELECT 1', [{ kind: 'opaque' }]],
    ['CREATE TEMP TABLE a (b int DEFAULT evil())', [{ kind: 'opaque' }]],
    ['CREATE TEMP TABLE a (b int) INHERITS (t)', [{ kind: 'opaque' }]],
    ['CREATE DOMAIN pg_temp.a AS int', [{ kind: 'define' }, { kind: 'opaque' }]],
    ['CREATE FUNCTION pg_temp.a() RETURNS int RETURN 1', [{ kind: 'define' }, { kind: 'opaque' }]],
    ['CREATE TABLE a (b int)', [{ kind: 'define', made: ['public.a'], altered: [] }]],
    ['ALTER TABLE t ADD COLUMN x int', [{ kind: 'define', made: [], altered: ['public.t'] }]],
    ['ALTER TABLE t ADD COLUMN x int REFERENCES u', [{ kind: 'define' }]],
    ['ALTER TABLE t RENAME TO x', [{ kind: 'define' }]],
    ['DROP TABLE t', [{ kind: 'define' }]],
    ['CREATE FUNCTION a() RETURNS int RETURN 1', [{ kind: 'define' }]],
    ['GRANT SELECT ON t TO x', []],
    ['DO $$ $$', [{ kind: 'opaque' }]],
    ['SELECT evil()', [{ kind: 'opaque' }]],
    ['INSERT INTO shop.audited VALUES (1)', [{ kind: 'opaque' }]],
    ['SELECT * FROM t', []],
    ['INSERT INTO t VALUES (1)', []],
  ] as const)('%s', (sql, expected) => {
    expect(transitions(sql)).toEqual(expected)
  })

  it('forgets temporary relations by name, or everything where others may go with them', () => {
    expect(factsOf('DROP TABLE a', { temporary: ['a', 'b'] }).transitions).toEqual([{ kind: 'drop-temporary', names: ['a'] }])
    expect(factsOf('DROP TABLE a CASCADE', { temporary: ['a'] }).transitions).toContainEqual({ kind: 'opaque' })
    expect(factsOf('DROP SCHEMA shop CASCADE', { temporary: ['a'] }).transitions).toContainEqual({ kind: 'opaque' })
    expect(factsOf('ALTER TABLE a RENAME TO c', { temporary: ['a'] }).transitions).toContainEqual({ kind: 'opaque' })
    expect(factsOf('CREATE TRIGGER x AFTER INSERT ON a EXECUTE FUNCTION evil()', { temporary: ['a'] }).transitions).toContainEqual({
      kind: 'opaque',
    })
    expect(factsOf('CREATE VIEW v AS SELECT * FROM a', { temporary: ['a'] }).transitions).toContainEqual({ kind: 'opaque' })
  })

  it('may be anything where a view sets something by a function', () => {
    const relations = { 'public.setting': { columns: ['x'], uses: {}, calls: ['pg_catalog.set_config'] } }
    const facts = factsOf('SELECT * FROM setting', {}, catalogOf({ relations }))
    expect(facts.effects).toContainEqual({ class: 'admin', action: 'set restricted' })
    expect(facts.transitions).toEqual([{ kind: 'opaque' }])
  })

  it('keeps named statements and cursors with their own facts', () => {
    const [prepared] = transitions('PREPARE p AS DELETE FROM t')
    expect(prepared).toMatchObject({
      kind: 'prepare',
      name: 'p',
      statement: { effects: [{ action: 'delete' }], sql: { writes: ['public.t'] } },
    })
    expect(effectsOf('PREPARE p AS DELETE FROM t')).toEqual(['session/prepare', 'write/delete'])
    const [declared] = transitions('DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t')
    expect(declared).toMatchObject({ kind: 'declare', name: 'c', hold: true, statement: { sql: { reads: ['public.t'] } } })
    expect(transitions('DECLARE c CURSOR FOR SELECT 1')).toMatchObject([{ hold: false }])
    expect(effectsOf('PREPARE p AS SELECT evil()')).toEqual(['opaque/function', 'session/prepare'])
    expect(transitions('PREPARE p AS SELECT evil()')).toMatchObject([{ kind: 'prepare', statement: { transitions: [{ kind: 'opaque' }] } }])
  })

  it('says which statement or cursor it runs', () => {
    expect(factsOf('EXECUTE p(1)').executes).toBe('p')
    expect(factsOf('CREATE TABLE x AS EXECUTE p').executes).toBe('p')
    expect(factsOf('EXPLAIN ANALYZE EXECUTE p').executes).toBe('p')
    expect(factsOf('FETCH ALL FROM c').fetches).toBe('c')
    expect(factsOf('MOVE 1 FROM c').fetches).toBe('c')
    expect(factsOf('UPDATE t SET a = 1 WHERE CURRENT OF c').fetches).toBe('c')
    expect(factsOf('SELECT 1').executes).toBeUndefined()
  })
})

it('reads a search_path as the server does', () => {
  expect(searchPathOf('')).toEqual([])
  expect(searchPathOf('""')).toEqual([])
  expect(searchPathOf('Shop, "Big" ,pg_temp')).toEqual(['shop', 'Big', 'pg_temp'])
  expect(searchPathOf('"a""b"')).toEqual(['a"b'])
  expect(searchPathOf('"$user", public')).toBeUndefined()
  expect(searchPathOf('a,')).toBeUndefined()
  expect(searchPathOf('a b')).toBeUndefined()
  expect(searchPathOf('"a')).toBeUndefined()
  expect(searchPathOf('x'.repeat(64))).toBeUndefined()
})
