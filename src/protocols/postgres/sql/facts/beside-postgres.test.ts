import fc from 'fast-check'
import { parseSync } from 'libpg-query'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VIEW } from '../../../../../test/parts/facts-of.ts'
import { type RunningPostgres, startPostgres } from '../../../../../test/parts/postgres.ts'
import { missingFrom, type Seen, type Touched, touchedBy } from '../../../../../test/parts/server-did.ts'
import { type Catalog, createCatalogInSlices, readSnapshot } from '../../catalog/index.ts'
import { createLogin } from '../../login/index.ts'
import { analyse } from './index.ts'

// A server is asked what it did: which relations a statement locked and wrote, and whether code of users ran, which leaves a mark in a
// sequence that nothing undoes. Whatever it did has to be among the facts.
const SCHEMA = `
CREATE EXTENSION citext; CREATE EXTENSION hstore;
CREATE SEQUENCE public.ran; SELECT nextval('public.ran');
CREATE FUNCTION public.spy() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.ran'); RETURN 1; END $$;
CREATE FUNCTION public.spy(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('public.ran'); RETURN $1; END $$;
CREATE FUNCTION public.spy(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('public.ran'); RETURN $1; END $$;
CREATE FUNCTION public.fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.ran'); RETURN NEW; END $$;
CREATE TABLE public.a (id int PRIMARY KEY, n int, s text);
CREATE TABLE public.b (id int PRIMARY KEY, a int REFERENCES public.a ON DELETE CASCADE ON UPDATE CASCADE, n int);
CREATE TABLE public.c (id int, b int REFERENCES public.b ON DELETE SET NULL);
CREATE TABLE public.parts (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE public.parts_2 PARTITION OF public.parts FOR VALUES FROM (10) TO (100);
CREATE TABLE public.parent (id int, n int); CREATE TABLE public.child (m int) INHERITS (public.parent);
CREATE VIEW public.v AS SELECT a.id, a.n, b.n AS m FROM a JOIN b ON b.a = a.id;
CREATE VIEW public.simple AS SELECT id, n FROM a WHERE n > 0;
CREATE VIEW public.vv AS SELECT id, m AS n FROM v;
CREATE VIEW public.spied AS SELECT id, spy(n) AS n FROM a;
CREATE MATERIALIZED VIEW public.mat AS SELECT id, n FROM a;
CREATE TABLE public.triggered (id int, n int);
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON public.triggered FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TABLE public.defaulted (id int, n int DEFAULT spy());
CREATE TABLE public.checked (id int, n int CHECK (spy(n) > -1));
CREATE TABLE public.indexed (id int, n int); CREATE INDEX ON public.indexed (spy(n));
CREATE TABLE public.ruled (id int, n int); CREATE RULE r AS ON INSERT TO public.ruled DO ALSO INSERT INTO public.c VALUES (7);
CREATE DOMAIN public.dom AS int CHECK (spy(VALUE) IS NOT NULL);
CREATE TABLE public.domained (id int, n dom);
CREATE TYPE public.pair AS (x int, y int);
CREATE FUNCTION public.total(pair) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN spy($1.x); END $$;
CREATE FUNCTION public.label(a) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN spy('x'::text); END $$;
CREATE FUNCTION public.pair_text(pair) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN spy('x'::text); END $$;
CREATE CAST (pair AS text) WITH FUNCTION public.pair_text(pair) AS IMPLICIT;
CREATE FUNCTION public.near(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN spy($1) = $2; END $$;
CREATE OPERATOR public.~~> (leftarg = int, rightarg = int, function = near);`

const FILL = `
INSERT INTO a SELECT i, i % 5, 's' || i FROM generate_series(1, 20) i; INSERT INTO b SELECT i, i, i FROM generate_series(1, 20) i;
INSERT INTO c SELECT i, i FROM generate_series(1, 20) i; INSERT INTO parts SELECT i, i FROM generate_series(1, 40) i;
INSERT INTO parent VALUES (1, 1); INSERT INTO child VALUES (2, 2, 2); REFRESH MATERIALIZED VIEW mat;
INSERT INTO triggered VALUES (1, 1); INSERT INTO defaulted VALUES (1, 1); INSERT INTO checked VALUES (1, 1); INSERT INTO indexed VALUES (1, 1);
INSERT INTO domained VALUES (1, 1);`

const RELATIONS = [
  'a',
  'b',
  'c',
  'parts',
  'parts_1',
  'parent',
  'child',
  'v',
  'simple',
  'vv',
  'spied',
  'mat',
  'domained',
  'defaulted',
  'public.a',
] as const
const TARGETS = [
  'a',
  'b',
  'c',
  'parts',
  'parts_2',
  'parent',
  'ONLY parent',
  'child',
  'simple',
  'triggered',
  'defaulted',
  'checked',
  'indexed',
  'ruled',
  'domained',
] as const

const number = fc.oneof(fc.constantFrom('1', '2', '7', 'NULL'), fc.constantFrom('id', 'n'))
const { expression, query } = fc.letrec<{ expression: string; query: string; source: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    number,
    fc.tuple(tie('expression'), fc.constantFrom('+', '-', '*'), tie('expression')).map(([l, o, r]) => `(${l} ${o} ${r})`),
    tie('expression').map((inner) => `abs(${inner})`),
    tie('expression').map((inner) => `coalesce(${inner}, spy(1))`),
    tie('expression').map((inner) => `CASE WHEN ${inner} ~~> 1 THEN 1 ELSE 2 END`),
    tie('query').map((inner) => `(SELECT max(q.n) FROM (${inner}) q)`),
    tie('source').map((source) => `(SELECT count(*) FROM ${source} AS z)`),
  ),
  source: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...RELATIONS),
    tie('query').map((inner) => `(${inner})`),
  ),
  query: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(tie('source'), tie('expression')).map(([source, where]) => `SELECT id, n FROM ${source} AS x WHERE ${where} > 0`),
    fc.tuple(tie('source'), tie('source')).map(([l, r]) => `SELECT x.id, y.n FROM ${l} AS x JOIN ${r} AS y USING (id)`),
    fc.tuple(tie('query'), tie('query')).map(([l, r]) => `(${l}) UNION ALL (${r})`),
    fc.tuple(tie('query'), tie('query')).map(([l, r]) => `WITH a AS (${l}), w AS (${r}) SELECT a.id, w.n FROM a, w`),
    fc.tuple(tie('query'), tie('query')).map(([l, r]) => `WITH RECURSIVE b AS (${l}), w AS (${r}) SELECT b.id, w.n FROM b, w`),
    tie('query').map((inner) => `SELECT * FROM (${inner}) l LIMIT 3`),
    fc.constant('SELECT g AS id, spy(g) AS n FROM generate_series(1, 2) g'),
    fc.constantFrom(...RELATIONS).map((relation) => `SELECT id, n FROM ${relation} x WHERE id < 5`),
  ),
}))
const item = fc.oneof(
  expression,
  fc.constantFrom(
    'x.label',
    'label(x)',
    'x',
    '*',
    'to_json(x)',
    '((1, 2)::pair).total',
    '(1, 2)::pair || $$z$$',
    'n::dom',
    'spy()',
    'n ~~> 2',
  ),
)
/** Without columns. */
const closed = fc.constantFrom('1', 'abs(-1)', 'spy()', '1 + spy(2)', '5::dom', '((1, 2)::pair).total')
const target = fc.constantFrom(...TARGETS)
const statement = fc.oneof(
  query,
  fc.tuple(item, fc.constantFrom(...RELATIONS)).map(([what, from]) => `SELECT ${what} FROM ${from} AS x`),
  fc.tuple(fc.constantFrom(...RELATIONS), expression).map(([from, where]) => `SELECT id FROM ${from} AS x WHERE ${where} > 0 FOR UPDATE`),
  fc.tuple(target, query).map(([into, from]) => `INSERT INTO ${into.replace('ONLY ', '')} (id, n) ${from}`),
  target.map((into) => `INSERT INTO ${into.replace('ONLY ', '')} (id) VALUES (77) RETURNING *`),
  fc.tuple(target, expression, expression).map(([into, value, where]) => `UPDATE ${into} SET n = ${value} WHERE ${where} > 0`),
  fc.tuple(target, expression).map(([into, where]) => `UPDATE ${into} SET id = id + 100 WHERE ${where} > 0`),
  fc.tuple(target, expression).map(([into, where]) => `DELETE FROM ${into} WHERE ${where} > 0`),
  fc.tuple(target, query).map(([into, from]) => `WITH gone AS (DELETE FROM ${into} RETURNING *) SELECT * FROM gone, (${from}) q`),
  fc
    .tuple(target, query)
    .map(
      ([into, from]) =>
        `MERGE INTO ${into} AS x USING (${from}) q ON x.id = q.id WHEN MATCHED THEN UPDATE SET n = q.n WHEN NOT MATCHED THEN INSERT (id) VALUES (q.id + 50)`,
    ),
  fc
    .tuple(target, closed)
    .map(
      ([into, value]) =>
        `INSERT INTO ${into.replace('ONLY ', '')} (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = excluded.n + ${value}`,
    ),
  query.map((inner) => `CREATE TABLE made AS ${inner}`),
  query.map((inner) => `EXPLAIN ANALYZE ${inner}`),
  query.map((inner) => `EXPLAIN ${inner}`),
  query.map((inner) => `DECLARE k CURSOR FOR ${inner}`),
  query.map((inner) => `CREATE VIEW made AS ${inner}`),
  closed.map((value) => `ALTER TABLE a ADD COLUMN z int DEFAULT ${value}`),
  expression.map((value) => `CREATE INDEX ON a (${value.includes('SELECT') ? 'n' : `(${value})`})`),
  fc.constantFrom(...RELATIONS).map((relation) => `TRUNCATE ${relation} CASCADE`),
  fc.constantFrom(...RELATIONS, 'indexed', 'checked').map((relation) => `ALTER TABLE ${relation} ALTER COLUMN n TYPE bigint`),
  fc.constantFrom(
    'REFRESH MATERIALIZED VIEW mat',
    'LOCK v',
    'LOCK parts',
    'DROP TABLE parts',
    'DROP TABLE c',
    'ANALYZE indexed',
    'REINDEX TABLE indexed',
  ),
)

interface Did {
  readonly seen: readonly Seen[]
  readonly ranCode: boolean
  readonly failed: boolean
}

// Counts of earlier transactions may still be among them: only what grows is of this one.
const WRITTEN = 'SELECT relid::regclass::text AS name, n_tup_ins + n_tup_upd + n_tup_del AS rows FROM pg_stat_xact_user_tables'

describe('beside a server', () => {
  let server: RunningPostgres
  let client: Client
  let catalog: Catalog
  beforeAll(async () => {
    server = await startPostgres()
    client = new Client(server.url)
    await client.connect()
    await client.query(SCHEMA)
    await client.query(FILL)
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const ask = { database: 'postgres', settings: new Map<string, string>(), minor: 0, readOnly: false } as const
    const target = await createLogin()(address, { user: 'postgres' }, ask, AbortSignal.timeout(10_000))
    catalog = await createCatalogInSlices((await readSnapshot(target)).snapshot!)
    target.socket.destroy()
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  const calls = async (): Promise<number> => Number((await client.query('SELECT last_value FROM public.ran')).rows[0].last_value)

  async function run(sql: string): Promise<Did> {
    const before = await calls()
    const rows = async () => new Map((await client.query<{ name: string; rows: string }>(WRITTEN)).rows.map((row) => [row.name, row.rows]))
    await client.query('BEGIN')
    try {
      const earlier = await rows()
      await client.query(`SET LOCAL statement_timeout = 1000; ${sql}; SET LOCAL statement_timeout = 0`)
      const { touched } = (await client.query<{ touched: readonly Touched[] }>(touchedBy())).rows[0]!
      const written = new Set([...(await rows())].filter(([name, count]) => earlier.get(name) !== count).map(([name]) => `public.${name}`))
      const seen = touched.map(({ name, modes }) => ({ names: [name], modes, written: written.has(name) }))
      await client.query('ROLLBACK')
      return { seen, ranCode: (await calls()) !== before, failed: false }
    } catch {
      await client.query('ROLLBACK')
      return { seen: [], ranCode: (await calls()) !== before, failed: true }
    }
  }

  /** What the server did and the facts do not say. */
  async function missed(
    sql: string,
  ): Promise<{ failed: boolean; opaque: boolean; missing: Readonly<Record<string, unknown>> | undefined }> {
    const [facts] = analyse(parseSync(sql), catalog, VIEW)
    const { seen, ranCode, failed } = await run(sql)
    const opaque = facts!.effects.some((effect) => effect.class === 'opaque')
    // Code of users reads and writes on its own account.
    const unsaid = opaque ? undefined : missingFrom(facts!.sql, seen, /FOR UPDATE/.test(sql))
    const unseen = ranCode && !opaque
    return {
      failed,
      opaque,
      missing: unsaid || unseen ? { sql, ...unsaid, unseen, effects: facts!.effects, facts: facts!.sql } : undefined,
    }
  }

  it('says no less than a server does, whatever the statement', async () => {
    let ran = 0
    let plain = 0
    let all = 0
    await fc.assert(
      fc.asyncProperty(statement, async (sql) => {
        const { failed, opaque, missing } = await missed(sql)
        all++
        if (!failed) ran++
        if (!failed && !opaque) plain++
        expect(missing).toBeUndefined()
      }),
      { numRuns: Number(process.env.GATESCRIBE_FACTS_RUNS ?? 400) },
    )
    // Statements that fail prove nothing, and opaque ones little.
    expect(ran / all).toBeGreaterThan(0.4)
    expect(plain / all).toBeGreaterThan(0.15)
  }, 120_000)

  it.each([
    'SELECT x.label FROM a x',
    'SELECT (x).label FROM a x',
    'SELECT label(x) FROM a x',
    'SELECT n(x) FROM a x',
    'SELECT (1, 2)::pair::text',
    `SELECT 'x' || (1, 2)::pair`,
    `SELECT upper((1, 2)::pair)`,
    'SELECT to_json((1, 2)::pair)',
    'SELECT JSON_OBJECT(1: (1, 2)::pair)',
    'SELECT ((1, 2)::pair).total',
    'SELECT total((1, 2))',
    `SELECT '5'::dom`,
    `SELECT '(1,5)'::domained`,
    'SELECT ROW(1, 5)::domained',
    `SELECT '{5}'::_dom`,
    `SELECT '(1,2)'::pair || 'x'`,
    `INSERT INTO a (id, s) VALUES (99, '(1,2)'::pair)`,
    'SELECT 5::dom',
    `SELECT JSON_VALUE('5', '$' RETURNING dom)`,
    `SELECT * FROM JSON_TABLE('[5]', '$[*]' COLUMNS (x dom PATH '$')) z`,
    `SELECT * FROM json_to_record('{"x": 5}') AS z (x dom)`,
    `SELECT json_populate_record(NULL::domained, '{"n": 5}')`,
    `SELECT pg_input_is_valid('5', 'dom')`,
    'SELECT CASE 1 WHEN spy(1) THEN 1 END',
    'SELECT * FROM ROWS FROM (spy(1), generate_series(1, 2)) AS x',
    'SELECT 1 ORDER BY spy(1)',
    'SELECT count(*) FILTER (WHERE spy(1) = 1) FROM a',
    'EXPLAIN SELECT spy(1)',
    'EXPLAIN SELECT FROM a WHERE n = spy(1)',
    'DECLARE k CURSOR FOR SELECT spy(1)',
    'VALUES (spy(1))',
    'SELECT 1 LIMIT spy(1)',
    'SELECT id FROM a TABLESAMPLE system (spy(1))',
    `COPY (SELECT spy(1)) TO '/dev/null'`,
    `COPY a TO '/dev/null'`,
    `COPY v TO '/dev/null'`,
    'DO $$ BEGIN PERFORM spy(1); END $$',
    'INSERT INTO defaulted DEFAULT VALUES',
    'INSERT INTO checked VALUES (1, 2)',
    'INSERT INTO indexed VALUES (1, 2)',
    'INSERT INTO domained VALUES (1, 2)',
    'INSERT INTO ruled VALUES (1)',
    'UPDATE simple SET n = 3',
    'DELETE FROM simple',
    'DELETE FROM a',
    'UPDATE a SET id = id + 100',
    'DELETE FROM parts_1',
    'TRUNCATE a CASCADE',
    'CREATE TABLE x PARTITION OF parts FOR VALUES FROM (spy(100)) TO (200)',
    'CREATE TABLE x AS SELECT spy(1)',
    'CREATE MATERIALIZED VIEW x AS SELECT spy(1)',
    'CREATE INDEX ON a (spy(n))',
    'ALTER TABLE a ADD CHECK (spy(n) = n)',
    'ALTER TABLE a ALTER n TYPE dom',
    'ALTER TABLE a ADD x dom',
    'ALTER DOMAIN dom ADD CHECK (spy(value) IS NOT NULL)',
    'ALTER TABLE checked ALTER id TYPE bigint',
    'REINDEX TABLE indexed',
    'ANALYZE indexed',
    'CLUSTER indexed USING indexed_spy_idx',
    'PREPARE p AS SELECT spy(1)',
    'SELECT (SELECT n FROM b WHERE b.a = x.id) FROM a x',
    'WITH a AS (SELECT 1 AS id) SELECT * FROM a, public.a AS z',
    'WITH RECURSIVE b AS (SELECT id FROM a UNION SELECT id FROM b) SELECT * FROM b',
    'MERGE INTO parts x USING a ON x.id = a.id WHEN MATCHED THEN DELETE',
    'LOCK vv',
  ])('%s', async (sql) => {
    expect((await missed(sql)).missing).toBeUndefined()
  })
})
