import { describe, expect, it } from 'vitest'
import { factsOf } from '../../../../../test/parts/facts-of.ts'

const columns = (sql: string, view = {}) => factsOf(sql, view).sql.columns

type Case = readonly [
  sql: string,
  columns: Partial<Readonly<Record<'output' | 'predicate' | 'written' | 'sources' | 'tests', readonly string[]>>> | undefined,
]
const used = (cases: readonly Case[]) => {
  it.each(cases)('%s', (sql, expected) => {
    expect(columns(sql)).toEqual(expected && { output: [], predicate: [], written: [], sources: [], tests: [], ...expected })
  })
}

const ALL_T = ['public.t.*', 'public.t.a', 'public.t.b', 'public.t.id']
const ID = 'shop.secrets.id'
const TOKEN = 'shop.secrets.token'
const SECRETS = ['shop.secrets.*', ID, TOKEN]

describe('columns of results', () => {
  used([
    ['SELECT a FROM t', { output: ['public.t.a'] }],
    ['SELECT t.a, public.t.b FROM t', { output: ['public.t.a', 'public.t.b'] }],
    ['SELECT x.a FROM t AS x', { output: ['public.t.a'] }],
    ['SELECT x.p FROM t AS x (o, p)', { output: ['public.t.a'] }],
    ['SELECT upper(a) || b FROM t', { output: ['public.t.a', 'public.t.b'] }],
    ['SELECT * FROM t', { output: ALL_T }],
    ['SELECT t FROM t', { output: ALL_T }],
    ['SELECT (t).* FROM t', { output: ALL_T }],
    ['SELECT row_to_json(t) FROM t', { output: ALL_T }],
    ['SELECT row_to_json(x) FROM t x', { output: ALL_T }],
    ['SELECT count(*) FROM t', {}],
    ['SELECT count(a) FROM t', { output: ['public.t.a'] }],
    ['SELECT ctid FROM t', { output: ['public.t.ctid'] }],
    ['SELECT (SELECT token FROM shop.secrets LIMIT 1)', { output: [TOKEN] }],
    ['SELECT ARRAY(SELECT token FROM shop.secrets)', { output: [TOKEN] }],
    ['SELECT * FROM (SELECT token AS x FROM shop.secrets) y', { output: [TOKEN] }],
    ['WITH y (x) AS (SELECT token FROM shop.secrets) SELECT x FROM y', { output: [TOKEN] }],
    ['SELECT x FROM (SELECT 1 UNION ALL SELECT token FROM shop.secrets) y (x)', { output: [TOKEN] }],
    ['TABLE shop.secrets', { output: SECRETS }],
    ['COPY shop.secrets TO STDOUT', { output: SECRETS }],
    ['COPY shop.secrets (id) TO STDOUT', { output: [ID] }],
    ['SELECT shop.secrets.token FROM shop.secrets', { output: [TOKEN] }],
    ['SELECT token FROM t, shop.secrets', { output: [TOKEN] }],
    ['SELECT s.token FROM t CROSS JOIN LATERAL (SELECT token FROM shop.secrets WHERE true) s', { output: [TOKEN] }],
    ['SELECT g FROM t, generate_series(1, t.a) g', { output: ['public.t.a'], predicate: ['public.t.a'], tests: ['public.t.a'] }],
    ['DELETE FROM shop.secrets RETURNING token', { output: [TOKEN] }],
    ['UPDATE t SET a = 1 RETURNING old.b, new.a', { output: ['public.t.a', 'public.t.b'], written: ['public.t.a'] }],
    ['UPDATE t SET a = 1 RETURNING WITH (OLD AS o) o.b', { output: ['public.t.b'], written: ['public.t.a'] }],
    ['SELECT nosuch FROM t', undefined],
    ['SELECT x.a FROM t', undefined],
    ['SELECT a FROM nosuch', undefined],
    ['SELECT id FROM shop.contacts', { output: ['shop.contacts.id', 'shop.customers.email', 'shop.customers.id'] }],
    ['SELECT placed FROM shop.orders_2025', { output: ['shop.orders.placed', 'shop.orders_2025.placed'] }],
    ['SELECT chunk_data FROM pg_toast.pg_toast_20006', { output: ['pg_toast.pg_toast_20006.chunk_data', ...SECRETS] }],
  ])
})

describe('columns of conditions', () => {
  used([
    ['SELECT FROM t WHERE a = 1', { predicate: ['public.t.a'] }],
    ['SELECT FROM t ORDER BY a', { predicate: ['public.t.a'] }],
    ['SELECT a FROM t ORDER BY 1', { output: ['public.t.a'], predicate: ['public.t.a'] }],
    ['SELECT a AS x FROM t ORDER BY x', { output: ['public.t.a'], predicate: ['public.t.a'] }],
    ['SELECT DISTINCT a FROM t', { output: ['public.t.a'], predicate: ['public.t.a'] }],
    ['SELECT count(*) FROM t GROUP BY a HAVING max(b) > 1', { predicate: ['public.t.a', 'public.t.b'] }],
    ['SELECT 1 FROM t JOIN u ON t.a = u.c', { predicate: ['public.t.a', 'public.u.c'] }],
    ['SELECT 1 FROM t JOIN u USING (id)', { predicate: ['public.t.id', 'public.u.id'] }],
    ['SELECT 1 FROM t NATURAL JOIN u', { predicate: ['public.t.id', 'public.u.id'] }],
    ['SELECT 1 WHERE EXISTS (SELECT token FROM shop.secrets)', { predicate: [TOKEN] }],
    ['SELECT 1 WHERE 1 IN (SELECT token FROM shop.secrets)', { predicate: [TOKEN] }],
    ['SELECT count(*) FROM (SELECT token AS x FROM shop.secrets) y WHERE x = 1', { output: [TOKEN], predicate: [TOKEN] }],
    ['WITH y AS (SELECT token AS x FROM shop.secrets) SELECT 1 FROM y WHERE y.x = 1', { output: [TOKEN], predicate: [TOKEN] }],
    [
      'WITH RECURSIVE y AS (SELECT 1 AS n, token AS x FROM shop.secrets UNION ALL SELECT n + 1, y.x FROM y WHERE y.x > 1) SELECT n FROM y',
      { output: [TOKEN], predicate: [TOKEN], tests: [TOKEN] },
    ],
    [
      'SELECT 1 FROM (SELECT id FROM shop.secrets INTERSECT SELECT token FROM shop.secrets) y',
      { output: [ID, TOKEN], predicate: [ID, TOKEN] },
    ],
    ['SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.a)', { predicate: ['public.t.a', 'public.u.id'] }],
    ['SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE a = 1)', { predicate: ['public.t.a'] }],
    ['SELECT sum(1) OVER (PARTITION BY a) FROM t', { output: ['public.t.a'], predicate: ['public.t.a'] }],
    ['DELETE FROM t WHERE a = 1', { predicate: ['public.t.a'] }],
    [
      'MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.c > 1 THEN DELETE',
      { predicate: ['public.t.id', 'public.u.c', 'public.u.id'] },
    ],
  ])
})

describe('columns that are written', () => {
  used([
    ['INSERT INTO t (a) VALUES (1)', { written: ['public.t.a'] }],
    ['INSERT INTO t VALUES (1)', { written: ALL_T }],
    ['INSERT INTO t DEFAULT VALUES', { written: ALL_T }],
    ['INSERT INTO t (a) SELECT token FROM shop.secrets', { output: [TOKEN], written: ['public.t.a'], sources: [TOKEN] }],
    ['UPDATE t SET a = b', { output: ['public.t.b'], written: ['public.t.a'], sources: ['public.t.b'] }],
    [
      'UPDATE t SET (a, b) = (SELECT c, 1 FROM u)',
      { output: ['public.u.c'], written: ['public.t.a', 'public.t.b'], sources: ['public.u.c'] },
    ],
    [
      'INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.b WHERE t.b > 1',
      {
        predicate: ['public.t.b', 'public.t.id'],
        written: ['public.t.a', 'public.t.id'],
      },
    ],
    [
      'MERGE INTO t USING u ON true WHEN MATCHED THEN UPDATE SET a = c WHEN NOT MATCHED THEN INSERT (b) VALUES (c)',
      {
        output: ['public.u.c'],
        written: ['public.t.a', 'public.t.b'],
        sources: ['public.u.c'],
      },
    ],
    ['COPY t (a) FROM STDIN', { written: ['public.t.a'] }],
    ['UPDATE shop.customers SET id = 1', { written: ['shop.customers.id', 'shop.notes.customer_id'] }],
    [
      'UPDATE shop.contacts SET id = 1',
      {
        written: ['shop.contacts.id', 'shop.customers.email', 'shop.customers.id', 'shop.notes.customer_id'],
      },
    ],
  ])
})

it('belong to everything that may have them where that is not certain', () => {
  const mine = { temporary: ['mine'] }
  expect(columns('SELECT a FROM mine, t', mine)?.output).toEqual(['pg_temp.mine.a', 'public.t.a'])
  expect(columns('SELECT zzz FROM mine, t', mine)?.output).toEqual(['pg_temp.mine.zzz'])
  expect(columns('SELECT * FROM mine', mine)?.output).toEqual(['pg_temp.mine.*'])
})

it('of a table whose columns this transaction changed may be new ones', () => {
  const altered = { altered: ['public.t'] }
  expect(columns('SELECT fresh FROM t', altered)?.output).toEqual(['public.t.fresh'])
  expect(columns('SELECT * FROM t', altered)?.output).toEqual(ALL_T)
})
