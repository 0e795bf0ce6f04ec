import { writeFileSync } from 'node:fs'
import { parseSync } from 'libpg-query'
import { Client, type QueryArrayResult } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VIEW } from '../../../../../test/parts/facts-of.ts'
import { Queries } from '../../../../../test/parts/lineage-queries.ts'
import { CHANGES, CHOSEN, change, FILL, SCHEMA } from '../../../../../test/parts/lineage-world.ts'
import { type RunningPostgres, startPostgres } from '../../../../../test/parts/postgres.ts'
import { type Catalog, createCatalogInSlices, readSnapshot } from '../../catalog/index.ts'
import { createLogin } from '../../login/index.ts'
import type { OutputColumn, StatementFacts } from '../statement-facts.ts'
import { analyse } from './index.ts'

// The same statement is run in databases that differ in the values of one column of one table. A column of its result that differs between
// them must have that column among what may flow into it, unless the statement (or a view in it) chooses rows by it: that is told apart.

const COLUMNS = Object.keys(CHANGES)
const STATEMENTS = Number(process.env.GATESCRIBE_LINEAGE_RUNS ?? 500)
const SEED = Number(process.env.GATESCRIBE_LINEAGE_SEED ?? 20261127)

const BASE_COLUMNS = `SELECT concat_ws('.', 'public', relname, attname) AS name, relname AS relation, attname AS column
  FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped`

/** As the server writes it. */
const AS_TEXT = { getTypeParser: () => (value: string) => value }

interface Answer {
  /** Values of each column, in order of their text. */
  readonly columns: readonly string[]
  readonly values: readonly (readonly (string | null)[])[]
  /** What is in the table that statements write to. */
  readonly sink: string
}

/** Ways in which a value may come into a result: each has to run. */
const BY_HAND: readonly (readonly [string, readonly string[]])[] = [
  [
    'joins',
    [
      'SELECT * FROM people JOIN orders USING (id)',
      'SELECT * FROM people NATURAL JOIN v_simple',
      'SELECT * FROM people p NATURAL FULL JOIN v_cte c',
      'SELECT u.*, j.note FROM people JOIN orders AS j USING (id) AS u',
      'SELECT j.* FROM (people p JOIN orders o ON p.id = o.person) AS j',
      'SELECT j.a, j.c FROM (people p CROSS JOIN parts o) AS j (a, b, c)',
      'SELECT email, j.note FROM (people p JOIN orders o USING (id)) AS j',
      'SELECT a.*, b FROM v_simple a, LATERAL (SELECT a.label || o.note AS x FROM orders o WHERE o.id = a.id) b',
      'SELECT * FROM (SELECT 1 AS id) x JOIN (people p JOIN v_expr e USING (id)) USING (id)',
      'SELECT z.id, z.who FROM v_union z RIGHT JOIN parts USING (id)',
    ],
  ],
  [
    'rows as values',
    [
      'SELECT p FROM people p',
      'SELECT p.* FROM people p',
      'SELECT (p).* FROM people p',
      'SELECT (p).email, (p.home).street, (p).home.zip FROM people p',
      'SELECT (v.whole).*, v.js ->> $$email$$ FROM v_row v',
      'SELECT (x.w).email FROM (SELECT p AS w FROM people p) x',
      'SELECT row_to_json(p), to_jsonb(p) - $$id$$, json_agg(p) OVER (ORDER BY id) FROM people p',
      'SELECT (SELECT x FROM (SELECT email, age) x) FROM people',
      'SELECT ROW(p.*) FROM people p',
      'SELECT s.x FROM (SELECT people AS x FROM people) s',
      'SELECT email(p) FROM v_simple p',
      'SELECT array_agg(v) FROM v_cte v',
    ],
  ],
  [
    'set operations and WITH',
    [
      'SELECT id, email FROM people UNION ALL SELECT id, secret FROM parts UNION ALL SELECT 1, note FROM orders',
      'SELECT id, age FROM people UNION ALL (SELECT id, total FROM orders ORDER BY id LIMIT 2)',
      'SELECT x FROM (VALUES ((SELECT max(email) FROM people)), ((SELECT min(secret) FROM parts))) v (x)',
      'WITH a AS (SELECT id, email FROM people), people AS (SELECT id, secret AS email FROM parts) SELECT a.email, people.email FROM a JOIN people USING (id)',
      'WITH RECURSIVE t (n, x, y) AS (SELECT 1, min(email), min(name) FROM people UNION ALL SELECT n + 1, y, x FROM t WHERE n < 5) SELECT * FROM t',
      'WITH RECURSIVE t (n, x) AS (SELECT id, email FROM people WHERE id < 3 UNION ALL SELECT n + 1, x FROM t WHERE n < 3) SEARCH DEPTH FIRST BY n SET o SELECT * FROM t',
      'WITH RECURSIVE t (n, x) AS (SELECT 1, max(name) FROM people UNION ALL SELECT n + 1, x FROM t WHERE n < 3) CYCLE n SET c USING p SELECT * FROM t',
      'WITH d AS (DELETE FROM people WHERE id < 4 RETURNING id, email) SELECT upper(email) FROM d',
      `WITH u AS (UPDATE sink SET x = p.email FROM people p WHERE p.id = sink.id RETURNING sink.id, w) SELECT w || '!' FROM u`,
      'WITH i AS (INSERT INTO sink (id, x) SELECT id, secret FROM parts RETURNING *) SELECT x, w, z FROM i',
      'TABLE v_nested',
      'SELECT * FROM (TABLE people) AS p (a, b, c) ORDER BY a',
    ],
  ],
  [
    'expressions',
    [
      `SELECT CASE id WHEN age THEN 'a' ELSE 'b' END, CASE WHEN vip THEN 1 ELSE 2 END FROM people`,
      `SELECT email = 'u1@mail.test', email LIKE 'u%', length(email), email < name, age BETWEEN 20 AND 30 FROM people`,
      'SELECT NULLIF(email, name), GREATEST(age, 40), COALESCE(name, email), age IS DISTINCT FROM 27 FROM people',
      'SELECT tags[1], tags[2:3], (ARRAY[email, name])[1], ARRAY[age] || 3 FROM people',
      `SELECT doc -> 'k1', doc #>> '{k0}', jsonb_path_query_first(doc, '$.*'), doc ? 'k1A' FROM people`,
      `SELECT xmlelement(name a, xmlattributes(email AS b), name), xmlforest(age), JSON_ARRAY(email, age), JSON_OBJECT('a': name) FROM people`,
      `SELECT JSON_VALUE(doc, '$.k1A'), JSON_EXISTS(doc, '$.k1A'), JSON_QUERY(doc, '$') FROM people`,
      `SELECT extract(month FROM born), born + interval '1 day', age(born), born::timestamp AT TIME ZONE 'UTC', to_char(born, 'YYYY') FROM people`,
      'SELECT (SELECT email), (SELECT name FROM orders LIMIT 1), EXISTS (SELECT 1 WHERE vip), id = ANY (SELECT id FROM parts) FROM people',
      'SELECT ARRAY(SELECT note FROM orders o WHERE o.id < p.id ORDER BY o.id) FROM people p',
      'SELECT (SELECT count(*) FROM orders o WHERE o.id < p.id), (SELECT max(o.total) FROM orders o) FROM people p',
      `SELECT overlay(email PLACING name FROM 2), trim(both 'u' FROM email), substring(email FROM '@(.*)'), email SIMILAR TO 'u%' FROM people`,
      `SELECT (email, age) < (name, 40), (email, age) = (SELECT name, age FROM people LIMIT 1), ROW(email) IS NULL FROM people`,
      `SELECT nullif(email, 'u1@mail.test') IS NULL, count(nullif(age, 27)) OVER (), (CASE WHEN vip THEN 1 END) IS NULL FROM people`,
      'SELECT email IS NULL, age IS NOT NULL, pg_typeof(email), pg_typeof(nullif(age, 27)) FROM people',
      `SELECT b, b IS NULL FROM (SELECT nullif(age, 27) AS b FROM people) s`,
      'SELECT na IS NULL, count(na) OVER (), guessed FROM v_case',
      `SELECT format('%s %s', email, age), concat_ws(',', VARIADIC tags), md5(email), email COLLATE "C", hashtext(name) FROM people`,
      `SELECT current_setting('server_version_num'), current_user, now() > born, gen_random_uuid() IS NULL, current_query() IS NULL FROM people`,
      'SELECT p.id, email, tableoid::regclass::text, xmin IS NULL FROM people p',
      'SELECT (parts).secret, parts_1.amount FROM parts, parts_1',
      'SELECT parent.*, tableoid::regclass::text FROM parent',
      'SELECT code FROM ONLY parent',
    ],
  ],
  [
    'aggregates and windows',
    [
      `SELECT count(email), count(*), count(DISTINCT id), max(email), string_agg(name, ',' ORDER BY id), sum(age), avg(age)::int, array_agg(born ORDER BY id), bool_and(vip) FROM people`,
      `SELECT count(CASE WHEN age > 40 THEN 1 END), sum((email LIKE '%A')::int), max(length(email)) FROM people`,
      'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY age), mode() WITHIN GROUP (ORDER BY name), rank(30) WITHIN GROUP (ORDER BY age) FROM people',
      'SELECT person, sum(total), string_agg(note, $$-$$ ORDER BY id) FROM orders GROUP BY person',
      'SELECT person, count(*) FROM orders GROUP BY 1 HAVING count(*) > 1',
      'SELECT person, grouping(person), max(note) FROM orders GROUP BY ROLLUP (person)',
      'SELECT id, lag(email) OVER (ORDER BY id), lead(age, 2, 0) OVER w, ntile(3) OVER w, first_value(name) OVER w FROM people WINDOW w AS (ORDER BY id)',
      'SELECT id, sum(age) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM people',
      'SELECT jsonb_object_agg(id, email), json_agg(doc ORDER BY id), xmlagg(xmlelement(name n, name) ORDER BY id)::text FROM people',
      'SELECT regr_slope(age, id), corr(age, id), stddev(age), bit_and(age), every(vip) FROM people',
    ],
  ],
  [
    'functions in FROM',
    [
      'SELECT id, g FROM people, generate_series(1, 2) g',
      'SELECT p.id, t FROM people p, unnest(ARRAY[p.email, p.name]) t',
      'SELECT p.id, t.a, t.n FROM people p, unnest(ARRAY[p.email]) WITH ORDINALITY AS t (a, n)',
      `SELECT x.a, x.b FROM people p, json_to_record(json_build_object('a', p.email, 'b', p.age)) AS x (a text, b int)`,
      `SELECT x.* FROM people p, jsonb_to_record(jsonb_build_object('a', p.email)) AS x (a text)`,
      `SELECT x.* FROM people p, XMLTABLE('/r' PASSING xmlelement(name r, p.name) COLUMNS t text PATH '.', n FOR ORDINALITY) AS x`,
      `SELECT x.* FROM people p, JSON_TABLE(p.doc, '$' COLUMNS (a text PATH '$.k1A', o FOR ORDINALITY)) AS x`,
      'SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY[(SELECT max(email) FROM people)])) AS r (a, b)',
      'SELECT (json_populate_record(NULL::address, json_build_object($$street$$, email))).* FROM people',
      `SELECT id, regexp_split_to_array(email, '@'), (regexp_match(email, '@(.)'))[1] FROM people`,
      'SELECT * FROM v_srf',
    ],
  ],
  [
    'what is written',
    [
      'INSERT INTO sink (id, x, z) SELECT id, email, $$z$$ FROM people RETURNING *',
      'INSERT INTO sink SELECT id, name, age, email FROM people RETURNING x, y, z, w',
      'INSERT INTO sink (x) VALUES ((SELECT max(email) FROM people)), ($$k$$) RETURNING sink',
      'INSERT INTO sink (x) VALUES ($$k$$) RETURNING (SELECT max(note) FROM orders), x',
      `UPDATE sink SET (x, z) = (SELECT max(email), max(name) FROM people) RETURNING w, z, old.x, new.z`,
      `UPDATE sink SET x = email, y = 3 FROM people p WHERE p.id = sink.id RETURNING *`,
      'UPDATE people SET email = name WHERE id < 4 RETURNING email, shout, old.shout, name',
      'UPDATE v_simple SET label = email WHERE id < 4 RETURNING *',
      'UPDATE people SET age = age + 1 WHERE id = 2 RETURNING age, twice, email',
      'DELETE FROM people p USING orders o WHERE o.id = p.id RETURNING p.email, o.note',
      'DELETE FROM parent RETURNING *',
      `MERGE INTO sink k USING people p ON k.id = p.id WHEN MATCHED THEN UPDATE SET x = p.email WHEN NOT MATCHED THEN INSERT (id, z) VALUES (p.id, p.name) RETURNING k.*, p.age`,
      `MERGE INTO sink k USING people p ON k.id = p.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.email, p.age, p.name) RETURNING merge_action(), *`,
      `INSERT INTO people (id, email) SELECT id, note FROM orders ON CONFLICT (id) DO UPDATE SET name = excluded.email, age = 7 RETURNING email, name, excluded.email`.replace(
        ', excluded.email',
        ', old.name',
      ),
      'SELECT set_config($$app.x$$, max(email), true), length(set_config($$app.y$$, $$k$$, true)) FROM people',
    ],
  ],
]

describe('lineage', () => {
  let server: RunningPostgres
  let catalog: Catalog
  const clients = new Map<string, Client>()
  /** Of base tables, as text. */
  const baseValues = new Map<string, readonly (string | null)[]>()

  beforeAll(async () => {
    server = await startPostgres({ settings: { autovacuum: 'off', fsync: 'off' } })
    await server.query('CREATE DATABASE world')
    await server.queryIn({ database: 'world', user: 'postgres' }, SCHEMA)
    for (const [index, column] of ['plain', ...COLUMNS].entries()) {
      const database = `world_${index}`
      await server.query(`CREATE DATABASE ${database} TEMPLATE world STRATEGY file_copy`)
      const client = new Client(server.url.replace(/\/postgres$/, `/${database}`))
      await client.connect()
      clients.set(column, client)
    }
    for (const [column, client] of clients) {
      await client.query(FILL)
      // Rows stand in the same order everywhere: a statement that says none has one all the same.
      if (column !== 'plain') await client.query(inPlace(column))
      await client.query(
        'REFRESH MATERIALIZED VIEW m_mat; SET jit = off; SET max_parallel_workers_per_gather = 0; SET statement_timeout = 4000',
      )
    }
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const ask = { database: 'world', settings: new Map<string, string>(), minor: 0, readOnly: false } as const
    const target = await createLogin()(address, { user: 'postgres' }, ask, AbortSignal.timeout(10_000))
    catalog = await createCatalogInSlices((await readSnapshot(target)).snapshot!)
    target.socket.destroy()
    const { rows } = await clients.get('plain')!.query(BASE_COLUMNS)
    for (const { name, relation, column } of rows) {
      const { rows: values } = await clients
        .get('plain')!
        .query({ text: `SELECT ${column} AS value FROM ${relation}`, types: AS_TEXT as never })
      baseValues.set(
        name,
        values.map(({ value }) => value),
      )
    }
  }, 60_000)
  afterAll(async () => {
    await Promise.all([...clients.values()].map((client) => client.end()))
    await server?.stop()
  })

  /** All rows are written anew, in the order of their ids. */
  function inPlace(column: string): string {
    const table = column.split('.').slice(0, 2).join('.')
    const generated = table === 'public.people'
    const names = generated ? 'id, email, name, age, born, vip, doc, tags, home' : '*'
    const into = generated ? ` (${names})` : ''
    const only = table === 'public.parent' ? 'ONLY ' : ''
    const children = table === 'public.parent' ? `; ${rewritten('public.child', '*', '', '')}` : ''
    return `BEGIN; ${change(column)}; ${rewritten(table, names, into, only)}${children}; COMMIT`
  }

  const rewritten = (table: string, names: string, into: string, only: string) =>
    `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT ${names} FROM ${only}${table} ORDER BY id; DELETE FROM ${only}${table}; INSERT INTO ${table}${into} SELECT * FROM kept; DROP TABLE kept`

  async function run(column: string, sql: string): Promise<Answer | undefined> {
    const client = clients.get(column)!
    await client.query('BEGIN')
    try {
      const { rows, fields } = (await client.query({ text: sql, rowMode: 'array', types: AS_TEXT as never })) as QueryArrayResult<
        (string | null)[]
      >
      const { rows: sunk } = await client.query('SELECT string_agg(s::text, chr(10) ORDER BY s::text) AS all FROM sink s')
      const values = fields.map((_, i) => rows.map((row) => row[i] ?? null))
      return { columns: values.map((all) => JSON.stringify([...all].sort())), values, sink: String(sunk[0]?.all) }
    } catch {
      return undefined
    } finally {
      await client.query('ROLLBACK')
    }
  }

  /** Values that are in none of the base columns that are named. */
  function changedOnTheWay(values: readonly (string | null)[], names: readonly string[]): readonly (string | null)[] {
    const there = new Set(names.flatMap((name) => baseValues.get(name) ?? []))
    return values.filter((value) => value !== null && !there.has(value)).slice(0, 1)
  }

  const facts = (sql: string): StatementFacts => analyse(parseSync(sql), catalog, { ...VIEW, lineage: true }).at(-1)!

  const holds = (column: string, names: readonly string[]): boolean =>
    names.includes(column) || names.includes(`${column.slice(0, column.lastIndexOf('.'))}.*`)

  interface Tally {
    ran: number
    failed: number
    opaque: number
    unsure: number
    /** Columns of results that are certain, of those that were looked at. */
    certain: number
    columns: number
    plain: number
    /** Differences that were seen. */
    changed: number
    /** Columns in `from` that were held up against a change, and those of them that it had no part in. */
    told: number
    needless: number
  }

  /** What the server showed and the facts do not say. */
  async function missed(sql: string, tally: Tally, told = facts(sql)): Promise<readonly string[]> {
    const { sql: known, outputs, anyOutput, effects } = told
    const first = await run('plain', sql)
    if (!first) {
      tally.failed++
      return []
    }
    tally.ran++
    if (effects.some((effect) => effect.class === 'opaque')) tally.opaque++
    const of = (index: number): OutputColumn | undefined => outputs?.[index] ?? anyOutput
    const problems: string[] = []
    if (outputs && outputs.length !== first.values.length) problems.push(`${outputs.length} columns instead of ${first.values.length}`)
    if (!outputs) tally.unsure++
    for (const [i, values] of first.values.entries()) {
      if (of(i)?.plain) problems.push(...changedOnTheWay(values, of(i)!.from).map((value) => `column ${i + 1} is not plain: ${value}`))
      tally.columns++
      if (of(i)?.certain) tally.certain++
      if (of(i)?.plain) tally.plain++
    }
    const views = (known.reads ?? []).map((name) => name.slice('public.'.length))
    const chosen = new Set([...(known.columns?.predicate ?? []), ...views.flatMap((view) => CHOSEN[view] ?? [])])
    for (const column of COLUMNS) {
      if (known.columns && holds(column, [...chosen])) continue
      const second = await run(column, sql)
      if (!second || !known.columns) continue
      for (const [i, before] of first.columns.entries()) {
        const output = of(i)
        const changed = before !== second.columns[i]
        if (changed) tally.changed++
        if (output?.certain && holds(column, output.from)) {
          tally.told++
          if (!changed) tally.needless++
        }
        if (changed && output?.certain && !holds(column, output.from)) problems.push(`column ${i + 1} shows ${column}`)
      }
      if (first.sink !== second.sink && !holds(column, known.columns.sources ?? [])) problems.push(`what is written shows ${column}`)
    }
    return problems
  }

  it('names every column that the results of statements made at random differ by', async () => {
    const queries = new Queries(SEED)
    const tally: Tally = { ran: 0, failed: 0, opaque: 0, unsure: 0, certain: 0, columns: 0, plain: 0, changed: 0, told: 0, needless: 0 }
    const found: { readonly sql: string; readonly problems: readonly string[] }[] = []
    for (let i = 0; i < STATEMENTS && found.length < 5; i++) {
      const sql = queries.statement()
      const problems = await missed(sql, tally)
      if (problems.length > 0) found.push({ sql, problems })
    }
    expect(found).toEqual([])
    if (process.env.GATESCRIBE_LINEAGE_TALLY)
      writeFileSync(process.env.GATESCRIBE_LINEAGE_TALLY, `${JSON.stringify(tally)}\n`, { flag: 'a' })
    // Statements that fail prove nothing, nor do those of which nothing is said.
    expect(tally.ran / STATEMENTS).toBeGreaterThan(0.7)
    expect(tally.certain / tally.columns).toBeGreaterThan(0.9)
    expect(tally.changed).toBeGreaterThan(STATEMENTS)
  }, 600_000)

  const nobody = (): Tally => ({
    ran: 0,
    failed: 0,
    opaque: 0,
    unsure: 0,
    certain: 0,
    columns: 0,
    plain: 0,
    changed: 0,
    told: 0,
    needless: 0,
  })

  it('is seen to be wrong where it is', async () => {
    const sql = 'SELECT id, upper(email), age FROM v_simple'
    const right = facts(sql)
    const wrong = (change: Partial<OutputColumn>) =>
      missed(sql, nobody(), { ...right, outputs: right.outputs!.map((one) => ({ ...one, ...change })) })
    expect(await missed(sql, nobody())).toEqual([])
    expect(await wrong({ from: [], plain: false })).toEqual(['column 2 shows public.people.email', 'column 3 shows public.people.age'])
    expect(await wrong({ plain: true })).toEqual(['column 2 is not plain: U1@MAIL.TEST'])
    expect(await missed(sql, nobody(), { ...right, outputs: right.outputs!.slice(1) })).toContain('2 columns instead of 3')
  })

  describe.each(BY_HAND)('of %s', (_, statements) => {
    it.each(statements)('%s', async (sql) => {
      const tally = nobody()
      expect(await missed(sql, tally)).toEqual([])
      expect({ ran: tally.ran, failed: tally.failed }).toEqual({ ran: 1, failed: 0 })
    })
  })
})
