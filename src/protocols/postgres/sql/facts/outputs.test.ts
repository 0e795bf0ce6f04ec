import { describe, expect, it } from 'vitest'
import { allFactsOf, factsOf } from '../../../../../test/parts/facts-of.ts'
import { catalogOf } from '../../../../../test/parts/shop-catalog.ts'
import type { Catalog } from '../../catalog/index.ts'
import type { SessionView } from '../statement-facts.ts'

/** Columns as one line each: `= a` is plain, `? a` not certain; names without `public`. */
function outputs(sql: string, view: Partial<SessionView> = {}, catalog?: Catalog): readonly string[] | undefined {
  const { outputs: all } = factsOf(sql, { lineage: true, ...view }, catalog)
  return all?.map(written)
}

const written = ({ from, plain, certain }: { from: readonly string[]; plain: boolean; certain: boolean }): string =>
  `${certain ? '' : '? '}${plain ? '= ' : ''}${from.map((name) => name.replace('public.', '')).join(' ')}`

type Case = readonly [sql: string, ...columns: string[]]
const flow = (cases: readonly Case[], view: Partial<SessionView> = {}, catalog?: Catalog) => {
  it.each(cases)('%s', (sql, ...columns) => {
    expect(outputs(sql, view, catalog)).toEqual(columns)
  })
}

const ROW = 't.* t.a t.b t.id'

describe('what flows into results', () => {
  flow([
    ['SELECT a, t.b AS x FROM t', '= t.a', '= t.b'],
    ['SELECT upper(a), a || b, 1, $1::int FROM t', 't.a', 't.a t.b', '', ''],
    ['SELECT * FROM t', '= t.id', '= t.a', '= t.b'],
    ['SELECT t.*, (t).*, t FROM t', '= t.id', '= t.a', '= t.b', '= t.id', '= t.a', '= t.b', ROW],
    ['SELECT row_to_json(t), (t).a, (SELECT t) FROM t', ROW, ROW, ROW],
    ['SELECT x.p, x.o FROM (SELECT a, b FROM t) AS x (o, p)', '= t.b', '= t.a'],
    ['SELECT y.a FROM (SELECT * FROM (SELECT lower(a) AS a, b FROM t) x) y', 't.a'],
    ['WITH x AS (SELECT a AS k FROM t) SELECT k, k || $$!$$ FROM x', '= t.a', 't.a'],
    ['SELECT * FROM t JOIN u USING (id)', '= t.id u.id', '= t.a', '= t.b', '= u.c'],
    ['SELECT * FROM t FULL JOIN u USING (id)', 't.id u.id', '= t.a', '= t.b', '= u.c'],
    ['SELECT j.* FROM (t NATURAL JOIN u) AS j (x)', '= t.id u.id', '= t.a', '= t.b', '= u.c'],
    ['SELECT c FROM t NATURAL JOIN u', '= u.c'],
    ['SELECT a FROM t UNION ALL SELECT c FROM u', 't.a u.c'],
    ['WITH RECURSIVE r (n, x, y) AS (SELECT 1, a, b FROM t UNION ALL SELECT n + 1, y, x FROM r) SELECT * FROM r', '', 't.a t.b', 't.a t.b'],
    ['WITH RECURSIVE r (n) AS (SELECT 1, a FROM t UNION ALL SELECT n + 1, r.a FROM r) SELECT * FROM r', 't.a', 't.a'],
    ['VALUES (1, (SELECT a FROM t)), ((SELECT c FROM u), 2)', 'u.c', 't.a'],
    ['SELECT s.c FROM t, LATERAL (SELECT c || t.a AS c FROM u) s', 't.a u.c'],
    ['SELECT (SELECT max(c) FROM u WHERE u.id = t.a), EXISTS (SELECT c FROM u), 1 IN (SELECT c FROM u) FROM t', 'u.c', '', ''],
    ['SELECT CASE WHEN a = 1 THEN 2 END, a = 1, length(a), nullif(a, 1), a BETWEEN 1 AND 2 FROM t', 't.a', 't.a', 't.a', 't.a', 't.a'],
    ['SELECT string_agg(a, $$,$$ ORDER BY b), max(a), array_agg(b) FROM t', 't.a', 't.a', 't.b'],
    ['SELECT lag(a) OVER (PARTITION BY b), row_number() OVER (ORDER BY a), sum(1) FILTER (WHERE a = 1) FROM t', 't.a', '', ''],
    ['SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM t', 't.a'],
    ['SELECT g, g.n FROM t, json_to_record(t.a) AS g (n int)', 't.a', 't.a'],
    ['SELECT email FROM shop.customers', '= shop.customers.email'],
    ['SELECT placed FROM shop.orders_2025', '= shop.orders.placed shop.orders_2025.placed'],
    ['SELECT relname, upper(relname) FROM pg_class', '= pg_catalog.pg_class.relname', 'pg_catalog.pg_class.relname'],
  ])
})

describe('what does not let a value through', () => {
  flow([
    ['SELECT count(a), count(*), a IS NULL, a IS NOT NULL, pg_typeof(a), pg_typeof(nullif(a, 1)) FROM t', '', '', '', '', '', ''],
    ['SELECT count(x) FROM (SELECT a AS x FROM t) y', ''],
    ['SELECT count(nullif(a, 1)), count(CASE WHEN a = 1 THEN 1 END), nullif(a, 1) IS NULL FROM t', 't.a', 't.a', 't.a'],
    ['SELECT count(x), x IS NULL FROM (SELECT nullif(a, 1) AS x FROM t) y GROUP BY x', 't.a', 't.a'],
    ['SELECT count(x) FROM (SELECT a AS x FROM t UNION ALL SELECT 1) y', 't.a'],
    ['SELECT count(t), (t) IS NULL FROM t', ROW, ROW],
    ['SELECT evil(a) IS NULL, count(evil(a)) FROM t', '? t.a', '? t.a'],
  ])
})

describe('what is not certain', () => {
  flow([
    ['SELECT evil(a), b FROM t', '? t.a', '= t.b'],
    ['SELECT query_to_xml($$SELECT 1$$, true, true, $$$$), lo_get(1), pg_read_file($$x$$)', '? ', '? ', '? '],
    ['SELECT table_to_xml($$t$$, true, true, $$$$)', '? '],
    ['SELECT nosuch, a FROM t', '? ', '= t.a'],
    ['SELECT most_common_vals FROM pg_stats', '? pg_catalog.pg_stats.most_common_vals'],
    ['SELECT query FROM pg_stat_activity', '? pg_catalog.pg_stat_activity.query'],
    ['SELECT data FROM pg_largeobject', '? pg_catalog.pg_largeobject.data'],
    ['SELECT id FROM shop.hidden_view', '? shop.hidden_view.id'],
    ['SELECT address FROM shop.contacts', '? shop.contacts.address shop.customers.email shop.customers.id'],
    ['SELECT EXISTS (SELECT 1 FROM t WHERE evil(a) = 1), (SELECT max(b) FROM t WHERE evil(a) = 1)', '? ', '? t.b'],
    [`SELECT current_setting('server_version'), current_setting('app.x'), current_setting(a) FROM t`, '', '? ', '? t.a'],
    ['SELECT x FROM nosuch', '? '],
  ])

  it('has no columns where nobody knows how many there are', () => {
    const { outputs: all, anyOutput } = factsOf('SELECT t.a, g.* FROM t, json_each(t.b) g', { lineage: true })
    expect(all).toBeUndefined()
    expect(anyOutput && written(anyOutput)).toBe('t.a t.b')
    const unknown = factsOf('SELECT * FROM nosuch', { lineage: true })
    expect(unknown.outputs).toBeUndefined()
    expect(unknown.anyOutput && written(unknown.anyOutput)).toBe('? ')
  })
})

describe('what is written', () => {
  flow([
    ['INSERT INTO t (a) SELECT token FROM shop.secrets RETURNING a, b', 't.a shop.secrets.token', '= t.b'],
    ['UPDATE t SET a = u.c FROM u RETURNING t.a, old.b, new.a, u.id', 't.a u.c', '= t.b', 't.a u.c', '= u.id'],
    ['UPDATE t SET (a, b) = (SELECT c, 1 FROM u) RETURNING a, b, id', 't.a u.c', 't.b u.c', '= t.id'],
    ['DELETE FROM t USING u RETURNING *', '= t.id', '= t.a', '= t.b', '= u.id', '= u.c'],
    [
      'MERGE INTO t USING u ON t.id = u.id WHEN NOT MATCHED THEN INSERT (a) VALUES (u.c) RETURNING *',
      '= u.id',
      '= u.c',
      '= t.id',
      't.a u.c',
      '= t.b',
    ],
    ['INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET b = excluded.a RETURNING b', 't.b'],
    ['INSERT INTO t (a) SELECT c FROM u ON CONFLICT (id) DO UPDATE SET b = excluded.a RETURNING b', 't.b u.c'],
    ['INSERT INTO t (a) VALUES (1)'],
    ['DELETE FROM t'],
    ['SELECT a INTO x FROM t'],
    ['CREATE TABLE x AS SELECT a FROM t'],
  ])

  it('may be anything that a trigger makes of it', () => {
    const catalog = catalogOf({ relations: { 'public.w': { columns: ['a'], triggers: ['update'] } } })
    expect(outputs('UPDATE w SET a = 1 RETURNING a', {}, catalog)).toEqual(['? w.a'])
    expect(outputs('WITH x AS (UPDATE w SET a = 1 RETURNING a) SELECT a FROM x', {}, catalog)).toEqual(['? w.a'])
  })
})

describe('columns that are computed', () => {
  const catalog = catalogOf({
    relations: {
      'public.p': {
        columns: ['id', 'email', 'shout'],
        generated: [{ column: 'shout', from: [{ relation: 20_000, columns: ['email'] }], plain: false, certain: true }],
      },
    },
  })
  flow(
    [
      ['SELECT shout FROM p', 'p.email p.shout'],
      ['UPDATE p SET email = $1 RETURNING id, shout', 'p.id', 'p.email p.shout'],
      ['COPY p TO STDOUT', '= p.id', '= p.email'],
      ['COPY p (shout) TO STDOUT', 'p.email p.shout'],
    ],
    {},
    catalog,
  )
})

describe('views by what each column is made of', () => {
  const from = (relation: number, ...columns: string[]) => [{ relation, columns }]
  const catalog = catalogOf({
    relations: {
      'public.p': { columns: ['id', 'email', 'name'] },
      'public.v': {
        columns: ['id', 'mail', 'mix', 'secret'],
        uses: { 'public.p': ['id', 'email', 'name'] },
        lineage: [
          { from: from(20_000, 'id'), plain: true, certain: true },
          { from: from(20_000, 'email'), plain: true, certain: true },
          { from: from(20_000, 'email', 'name'), plain: false, certain: true },
          { from: [], plain: false, certain: false },
        ],
      },
      'public.vv': {
        columns: ['who'],
        uses: { 'public.v': ['mail'] },
        lineage: [{ from: from(20_001, 'mail'), plain: true, certain: true }],
      },
      'public.gone': { columns: ['x'], uses: {}, lineage: [{ from: from(9, 'x'), plain: true, certain: true }] },
      'public.m': {
        kind: 'materialized view',
        columns: ['x'],
        uses: { 'public.v': ['mix'] },
        lineage: [{ from: from(20_001, 'mix'), plain: true, certain: true }],
      },
      'public.f': { kind: 'foreign table', columns: ['x'] },
    },
  })
  flow(
    [
      ['SELECT id, mail, mix, secret FROM v', '= p.id v.id', '= p.email v.mail', 'p.email p.name v.mix', '? v.secret'],
      ['SELECT who, upper(who) FROM vv', '= p.email v.mail vv.who', 'p.email v.mail vv.who'],
      ['SELECT x FROM m', 'm.x p.email p.name v.mix'],
      ['SELECT x FROM gone', '? gone.x'],
      ['SELECT x FROM f', '? f.x'],
      ['SELECT vv FROM vv', 'p.email v.mail vv.* vv.who'],
      ['SELECT count(mix), count(mail), mix IS NULL FROM v GROUP BY mix', 'p.email p.name v.mix', '', 'p.email p.name v.mix'],
    ],
    {},
    catalog,
  )
  it('are no more in the lists of columns than what they are made of', () => {
    expect(factsOf('SELECT mail FROM v WHERE id = 1', {}, catalog).sql.columns).toEqual({
      output: ['public.p.email', 'public.v.mail'],
      predicate: ['public.p.id', 'public.v.id'],
      written: [],
      sources: [],
      tests: [],
    })
  })
})

describe('other statements', () => {
  flow([
    ['BEGIN'],
    ['DECLARE c CURSOR FOR SELECT a FROM t'],
    ['PREPARE p AS SELECT a FROM t'],
    ['MOVE c'],
    ['SHOW work_mem', ''],
    ['SHOW app.x', '? '],
    ['SHOW ALL', '', '', ''],
    ['EXPLAIN ANALYZE SELECT a FROM t', ''],
    ['EXPLAIN SELECT evil(1)', '? '],
    ['COPY t (b, a) TO STDOUT', '= t.b', '= t.a'],
    ['COPY (SELECT upper(a) FROM t) TO STDOUT', 't.a'],
    ['COPY t FROM STDIN'],
    [`COPY t TO '/tmp/x'`],
    ['SELECT FROM t'],
  ])

  it('are told by what they run where that goes by a name', () => {
    for (const sql of ['EXECUTE p', 'FETCH c']) expect(factsOf(sql, { lineage: true })).not.toHaveProperty('outputs')
    const [prepared] = allFactsOf('PREPARE p AS SELECT a FROM t', { lineage: true })
    expect(prepared!.transitions).toMatchObject([{ kind: 'prepare', statement: { outputs: [{ from: ['public.t.a'] }] } }])
    expect(factsOf('EXECUTE p (evil(1))', { lineage: true }).passesAnything).toBe(true)
    expect(factsOf('CALL work()', { lineage: true }).anyOutput?.certain).toBe(false)
  })
  it('are asked only where somebody wants to know', () => {
    expect(factsOf('SELECT a FROM t')).not.toHaveProperty('outputs')
  })
  it('are not told of what is not understood', () => {
    expect(factsOf('CREATE TABLE x (a int)', { lineage: true }).outputs).toEqual([])
    expect(factsOf('DO $$BEGIN END$$', { lineage: true }).outputs).toEqual([])
  })
})

describe('what is kept elsewhere', () => {
  const sources = (sql: string) => factsOf(sql).sql.columns?.sources
  const TOKEN = ['shop.secrets.token']
  it.each([
    [`SELECT set_config('app.x', token, false) FROM shop.secrets`, TOKEN],
    [`SELECT pg_notify('x', token) FROM shop.secrets`, TOKEN],
    [`SELECT setval('shop.orders_id_seq', token) FROM shop.secrets`, undefined],
    ['SELECT setseed(token) FROM shop.secrets', TOKEN],
    ['SELECT pg_sleep(token), id FROM shop.secrets', TOKEN],
    ['CREATE TABLE x AS SELECT token AS y FROM shop.secrets', TOKEN],
    ['CREATE TEMP TABLE x AS SELECT upper(token) FROM shop.secrets WHERE id = 1', TOKEN],
    ['SELECT token INTO x FROM shop.secrets', TOKEN],
    ['CREATE MATERIALIZED VIEW x AS SELECT token FROM shop.secrets', TOKEN],
    ['INSERT INTO t (a) VALUES ((SELECT token FROM shop.secrets))', TOKEN],
    ['WITH x AS (SELECT token FROM shop.secrets) INSERT INTO t (a) SELECT token FROM x', TOKEN],
    ['WITH x AS (INSERT INTO t (a) SELECT token FROM shop.secrets RETURNING a) SELECT 1', TOKEN],
    ['UPDATE t SET a = token FROM shop.secrets', TOKEN],
    ['MERGE INTO t USING shop.secrets s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = token', TOKEN],
    ['CREATE INDEX ON shop.secrets (token)', TOKEN],
    ['CREATE STATISTICS x ON token, id FROM shop.secrets', ['shop.secrets.id', ...TOKEN]],
    ['ALTER TABLE shop.secrets ADD UNIQUE (token)', TOKEN],
    ['ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES shop.secrets (token)', ['public.t.a', ...TOKEN]],
    ['CREATE TABLE x (a int REFERENCES shop.secrets (token))', TOKEN],
    ['EXPLAIN INSERT INTO t (a) SELECT token FROM shop.secrets', []],
    ['SELECT token FROM shop.secrets', []],
    ['PREPARE p AS INSERT INTO t (a) SELECT token FROM shop.secrets', TOKEN],
  ] as const)('%s', (sql, expected) => {
    const found = sources(sql)
    if (expected) expect(found).toEqual(expected)
    else if (found) expect(found).toContain('shop.secrets.token')
  })
  it.each([
    'ALTER TABLE shop.orders DETACH PARTITION shop.orders_2025',
    'ALTER TABLE shop.orders DETACH PARTITION shop.orders_2025 CONCURRENTLY',
    'ALTER TABLE shop.orders DETACH PARTITION shop.orders_2025 FINALIZE',
    'ALTER TABLE shop.orders_2025 NO INHERIT shop.orders',
  ])('is what a child has, which is not its parent any more: %s', (sql) => {
    expect(sources(sql)).toEqual(expect.arrayContaining(['shop.orders.total', 'shop.orders_2025.total']))
  })
  it('is everything that a view uses, whatever for', () => {
    expect(sources('CREATE VIEW x AS SELECT id FROM shop.secrets WHERE token = 1')).toEqual(['shop.secrets.id', 'shop.secrets.token'])
  })
})

describe('how COPY writes', () => {
  const copyTo = (sql: string) => factsOf(sql).copyTo
  it('is what its options say', () => {
    expect(copyTo('COPY t TO STDOUT')).toEqual({ format: 'text', delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false })
    expect(
      copyTo(`COPY t TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';', QUOTE '''', NULL 'x', ENCODING 'LATIN1', FORCE_QUOTE *)`),
    ).toEqual({
      format: 'csv',
      delimiter: ';',
      quote: `'`,
      escape: `'`,
      null: 'x',
      header: true,
      encoding: 'LATIN1',
    })
    expect(copyTo(`COPY t TO STDOUT CSV HEADER ESCAPE '!'`)).toMatchObject({
      format: 'csv',
      header: true,
      escape: '!',
      delimiter: ',',
      null: '',
    })
    expect(copyTo('COPY t TO STDOUT BINARY')).toMatchObject({ format: 'binary' })
    expect(copyTo('COPY t TO STDOUT (FORMAT binary, HEADER off)')).toMatchObject({ format: 'binary', header: false })
  })
  it('is not known where an option is not', () => {
    for (const options of ['(nosuch 1)', '(FORMAT nosuch)', '(HEADER match)', `(DELIMITER ',', DELIMITER ';')`]) {
      expect(copyTo(`COPY t TO STDOUT ${options}`), options).toBeUndefined()
    }
  })
  it('is told of nothing else', () => {
    expect(copyTo('COPY t FROM STDIN')).toBeUndefined()
    expect(copyTo(`COPY t TO '/x'`)).toBeUndefined()
    expect(copyTo('SELECT 1')).toBeUndefined()
  })
})

describe('what may make a statement fail, or go another way', () => {
  it.each([
    ['SELECT a, upper(a), a || $$x$$, count(a), coalesce(a, b), a::text, ARRAY[a], row_to_json(t), (t).a, a IS NULL FROM t'],
    [`SELECT string_agg(a, ','), max(a), json_build_object('k', a), a ->> 'k', length(a) FROM t`],
    ['SELECT CASE WHEN true THEN a ELSE $$x$$ END FROM t'],
    ['SELECT lag(a) OVER (ORDER BY b) FROM t'],
    ['SELECT a / 2 FROM t', 'a'],
    ['SELECT 1 / (CASE WHEN a = 1 THEN 0 ELSE 1 END), b FROM t', 'a'],
    ['SELECT CASE WHEN a = 1 THEN 1 / 0 ELSE b END FROM t', 'a'],
    ['SELECT CASE a WHEN b THEN 1 END FROM t', 'a', 'b'],
    ['SELECT a::int, b::varchar FROM t', 'a'],
    ['SELECT a::varchar(3), b::text[] FROM t', 'a', 'b'],
    ['SELECT a = 1 FROM t', 'a'],
    ['SELECT a || (b + 1) || id FROM t', 'b'],
    ['SELECT (a || b) + id FROM t', 'a', 'b', 'id'],
    ['SELECT a AND b FROM t', 'a', 'b'],
    ['SELECT nullif(a, b) IS NULL FROM t', 'a', 'b'],
    ['SELECT substr($$abc$$, 1, a) FROM t', 'a'],
    ['SELECT s.x / 2 FROM (SELECT a AS x FROM t) s', 'a'],
    ['SELECT 1 / (SELECT max(a) FROM t)', 'a'],
    ['SELECT a IN (SELECT id FROM u), (b = 1) IS TRUE FROM t', 'a', 'b'],
    ['SELECT b FROM t WHERE a / 2 = 1'],
    [`SELECT to_date(a, 'YYYY') FROM t`, 'a'],
    [`SELECT xmlparse(DOCUMENT a) FROM t`, 'a'],
    ['WITH RECURSIVE r (n, x) AS (SELECT 1, a FROM t UNION ALL SELECT n + 1, x FROM r) SELECT x FROM r'],
  ])('%s', (sql, ...columns) => {
    expect(factsOf(sql).sql.columns?.tests).toEqual(columns.map((name) => `public.t.${name}`))
  })
})
