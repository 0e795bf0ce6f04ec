import fc from 'fast-check'
import { parseSync } from 'libpg-query'
import { describe, expect, it } from 'vitest'
import { factsOf, VIEW } from '../../../../../test/parts/facts-of.ts'
import { catalogOf, SHOP } from '../../../../../test/parts/shop-catalog.ts'
import { analyse } from './index.ts'

const catalog = catalogOf(SHOP)

/** One of everything: what grows out of these by mutation reaches every handler. */
const CORPUS = `
SELECT DISTINCT ON (a) a, sum(b) OVER (w ORDER BY a), CASE a WHEN 1 THEN b ELSE 2 END FROM t WHERE a IN (1, 2) AND b BETWEEN 1 AND 2 GROUP BY ROLLUP (a) HAVING max(b) > 1 WINDOW w AS (PARTITION BY a) ORDER BY a USING < LIMIT 1 OFFSET 2 FOR UPDATE OF t
WITH RECURSIVE x (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SEARCH DEPTH FIRST BY a SET o CYCLE a SET c USING p SELECT * FROM x
SELECT * FROM t AS x (a, b, c) JOIN LATERAL (SELECT x.a) y ON true LEFT JOIN u USING (id) AS z, ROWS FROM (generate_series(1, 2), json_to_record('{}') AS (a int)) WITH ORDINALITY
SELECT * FROM (t NATURAL JOIN u) AS j, t TABLESAMPLE system (1) REPEATABLE (2), XMLTABLE(XMLNAMESPACES('a' AS b), '/a' PASSING '<a/>' COLUMNS c int PATH 'x' DEFAULT 1, d FOR ORDINALITY)
SELECT * FROM JSON_TABLE('[]', '$' PASSING 1 AS x COLUMNS (a int PATH '$' DEFAULT 1 ON EMPTY, NESTED PATH '$' COLUMNS (b text)))
SELECT JSON_OBJECT(1: 2 RETURNING text), JSON_ARRAYAGG(a ORDER BY b), JSON_OBJECTAGG(1: a), JSON_VALUE('1', '$' PASSING a AS x RETURNING int), JSON_SCALAR(1), JSON('1'), JSON_SERIALIZE('1'), '1' IS JSON, JSON_ARRAY(SELECT 1) FROM t
SELECT xmlelement(name a, xmlattributes(a AS b), b), xmlserialize(content '<a/>' AS text), (a).b[1:2].c, ARRAY[a, 2], ROW(1, a), (t).*, a COLLATE "C", a::text[], nullif(a, b), greatest(a, b), a IS DISTINCT FROM b, grouping(a), a LIKE b ESCAPE 'x', current_date, $1 FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FILTER (WHERE b > 1), f(VARIADIC ARRAY[1]), f(a => 1), a = ANY (SELECT 1), (a, b) > ALL (SELECT 1, 2), EXISTS (SELECT 1), NOT a, a IS NULL, a IS NOT TRUE FROM t
SELECT 1 INTO TEMP x FROM t
VALUES (1, a), (DEFAULT, 2)
INSERT INTO t AS x (a, b[1]) OVERRIDING SYSTEM VALUE SELECT 1, 2 ON CONFLICT (lower(a)) WHERE a > 1 DO UPDATE SET a = excluded.a WHERE x.b > 1 RETURNING x.*
WITH w AS (SELECT 1) UPDATE ONLY t AS x SET (a, b) = (SELECT 1, 2), c = DEFAULT FROM u WHERE x.id = u.id RETURNING WITH (OLD AS o) o.a
DELETE FROM t USING u WHERE t.id = u.id RETURNING *
MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND a > 1 THEN UPDATE SET a = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (1) RETURNING merge_action()
CREATE TABLE x (a int DEFAULT 1 CHECK (a > 1) REFERENCES u, b int GENERATED ALWAYS AS (a + 1) STORED, EXCLUDE USING gist (a WITH =) WHERE (a > 1), LIKE t INCLUDING ALL) INHERITS (t) PARTITION BY RANGE (lower(a)) WITH (fillfactor = 1)
CREATE TABLE x PARTITION OF shop.orders (a DEFAULT 1) FOR VALUES FROM (1 + 1) TO (maxvalue)
CREATE TABLE x AS SELECT a FROM t WITH NO DATA
CREATE VIEW x AS SELECT a FROM t WITH CHECK OPTION
CREATE FUNCTION f(a int DEFAULT 1) RETURNS int BEGIN ATOMIC INSERT INTO t VALUES (a); SELECT a; END
CREATE TRIGGER x BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a > new.a) EXECUTE FUNCTION f(1)
CREATE RULE x AS ON UPDATE TO t WHERE new.a > 1 DO ALSO (INSERT INTO u VALUES (old.a); NOTIFY y)
CREATE POLICY x ON t FOR ALL TO y USING (a > 1) WITH CHECK (b > 1)
CREATE INDEX x ON t USING btree (a, (lower(b)) text_ops (x = 1)) INCLUDE (b) WHERE a > 1
CREATE STATISTICS x ON a, (b + 1) FROM t
CREATE DOMAIN x AS int DEFAULT 1 CHECK (value > 1)
CREATE SCHEMA x CREATE TABLE y (a int CHECK (a > 1)) CREATE VIEW z AS SELECT a FROM y
ALTER TABLE t ADD COLUMN x int DEFAULT 1 CHECK (x > 1), ALTER a TYPE int USING a + 1, ADD CONSTRAINT y CHECK (a > 1), ALTER b SET DEFAULT 2
ALTER TABLE shop.orders ATTACH PARTITION t FOR VALUES IN (1 + 1)
ALTER DOMAIN x ADD CHECK (value > 1)
CREATE PUBLICATION x FOR TABLE t WHERE (a > 1)
COPY t (a) FROM STDIN WHERE a > 1
COPY (SELECT a FROM t) TO PROGRAM 'x' WITH (FORMAT csv)
EXPLAIN (ANALYZE, BUFFERS) SELECT a FROM t
PREPARE x (int) AS SELECT a FROM t WHERE a = $1
EXECUTE x (1 + 1)
DECLARE x CURSOR WITH HOLD FOR SELECT a FROM t
CALL f(1 + 1)
SET search_path = a, b
SET TRANSACTION READ ONLY
TRUNCATE t, u RESTART IDENTITY CASCADE
DROP TABLE t, u CASCADE
GRANT SELECT (a) ON t TO x
COMMENT ON COLUMN t.a IS 'x'
LOCK t IN SHARE MODE
ALTER FUNCTION f(int) RENAME TO g
CREATE AGGREGATE x (int) (sfunc = f, stype = int)
ALTER ROLE x PASSWORD 'y'
VACUUM (ANALYZE) t (a)
DO 'x'`
  .trim()
  .split('\n')

type Json = Record<string, unknown>
const trees = CORPUS.map((sql) => JSON.stringify(parseSync(sql)))

interface Place {
  readonly within: Json | unknown[]
  readonly key: string | number
}

/** Every place in a tree that holds something of this kind. */
function placesIn(tree: unknown, wanted: (value: unknown) => boolean): Place[] {
  const found: Place[] = []
  const visit = (within: Json | unknown[], key: string | number, value: unknown) => {
    if (wanted(value)) found.push({ within, key })
    if (typeof value !== 'object' || value === null) return
    for (const [each, inner] of Object.entries(value)) visit(value as Json, each, inner)
  }
  for (const [key, value] of Object.entries(tree as Json)) visit(tree as Json, key, value)
  return found
}

const put = ({ within, key }: Place, value: unknown) => {
  ;(within as Json)[key] = value
}

const EXPRESSIONS = new Set([
  'ColumnRef',
  'A_Const',
  'A_Expr',
  'FuncCall',
  'SubLink',
  'BoolExpr',
  'CaseExpr',
  'ParamRef',
  'RowExpr',
  'TypeCast',
])
const isExpression = (value: unknown) => typeof value === 'object' && value !== null && EXPRESSIONS.has(Object.keys(value)[0] ?? '')

/** Something hidden in an expression, and the effect that it has. */
const HIDDEN = [
  ['(WITH x AS (DELETE FROM staging.orders RETURNING 1) SELECT 1)', 'delete'],
  ['(SELECT max(id) FROM shop.secrets)', 'select'],
  [`lo_unlink(1)`, 'large object write'],
  ['public.evil()', 'function'],
  ['pg_terminate_backend(1)', 'backend signal'],
] as const
const hidden = HIDDEN.map(([sql, action]) => {
  const [raw] = (
    parseSync(`SELECT ${sql}`) as unknown as { stmts: { stmt: { SelectStmt: { targetList: { ResTarget: { val: unknown } }[] } } }[] }
  ).stmts
  return { sql, action, node: raw?.stmt.SelectStmt.targetList[0]?.ResTarget.val }
})

/** Written down and not run: there, a call has no effect yet. */
const ONLY_DEFINED = /^CREATE (TABLE|VIEW|FUNCTION|TRIGGER|RULE|POLICY|DOMAIN|SCHEMA|PUBLICATION|AGGREGATE)/
const QUERIES = new Set(['delete', 'select'])

describe('whatever is in a tree', () => {
  it.each(CORPUS.map((sql, i) => [sql, i] as const))('has the effects of every expression in it: %s', (sql, i) => {
    let tried = 0
    for (const { sql: what, action, node } of hidden) {
      if (ONLY_DEFINED.test(sql) && !QUERIES.has(action)) continue
      const places = placesIn(JSON.parse(trees[i]!), isExpression).length
      for (let at = 0; at < places; at++) {
        const tree = JSON.parse(trees[i]!)
        const place = placesIn(tree, isExpression)[at]!
        put(place, node)
        const actions = analyse(tree, catalog, VIEW)[0]!.effects.map((effect) => effect.action)
        expect([what, JSON.stringify(tree), actions]).toEqual([what, expect.anything(), expect.arrayContaining([action])])
        tried++
      }
    }
    expect(
      tried > 0 || !/[ (]a|\d/.test(sql) || /^(TRUNCATE|DROP|GRANT|COMMENT|LOCK|ALTER (FUNCTION|ROLE)|CREATE AGG|VACUUM)/.test(sql),
    ).toBe(true)
  })

  it('never throws, and always has an effect', () => {
    const junk = fc.constantFrom('null', '7', '"x"', 'true', '[]', '{}', '[null,1,[{}]]')
    fc.assert(
      fc.property(
        fc.nat(CORPUS.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.option(fc.tuple(fc.nat(), fc.nat())), junk), { maxLength: 6 }),
        (i, changes) => {
          const tree = JSON.parse(trees[i]!)
          for (const [at, graft, value] of changes) {
            const places = placesIn(tree.stmts ?? {}, () => true)
            if (places.length === 0) break
            // Junk, or a piece of another tree: right nodes in wrong places.
            const other = graft ? placesIn(JSON.parse(trees[graft[0] % trees.length]!), (node) => typeof node === 'object') : []
            const piece = graft ? other[graft[1] % other.length] : undefined
            put(places[at % places.length]!, piece ? (piece.within as Json)[piece.key] : JSON.parse(value))
          }
          for (const facts of analyse(tree, catalog, VIEW)) expect(facts.effects.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it.each([undefined, null, 1, 'x', [], {}, { stmts: null }, { stmts: [null] }, { stmts: [{}] }, { stmts: [{ stmt: { Odd: {} } }] }])(
    'is opaque if it is no tree at all: %j',
    (tree) => {
      for (const facts of analyse(tree as never, catalog, VIEW))
        expect(facts.effects).toEqual([{ class: 'opaque', action: 'unknown statement' }])
    },
  )

  it('is opaque where it is too deep to follow, and still not forgotten where it is long', () => {
    const deep = (n: number) => `SELECT ${'abs('.repeat(n)}1${')'.repeat(n)}`
    const effects = (sql: string) => factsOf(sql).effects.map((effect) => effect.action)
    expect(effects(deep(150))).toEqual(['catalog read'])
    let tree: unknown = { A_Const: { ival: {} } }
    for (let i = 0; i < 100_000; i++) tree = { FuncCall: { funcname: [{ String: { sval: 'abs' } }], args: [tree] } }
    const stmts = [{ stmt: { SelectStmt: { targetList: [{ ResTarget: { val: tree } }], op: 'SETOP_NONE' } } }]
    expect(analyse({ stmts } as never, catalog, VIEW)[0]?.effects.map((effect) => effect.action)).toContain('unknown statement')
    expect(effects(`SELECT 1 ${'+ 1'.repeat(1000)} + (SELECT max(id) FROM t)`)).toEqual(['select'])
    expect(effects(`${'SELECT 1 UNION ALL '.repeat(500)} SELECT id FROM t`)).toEqual(['select'])
  })
})

describe('time', () => {
  /** CPU time of this thread, ms: other work on the machine does not count. */
  const timed = (sql: string): number => {
    const tree = parseSync(sql)
    const before = process.threadCpuUsage()
    analyse(tree, catalog, VIEW)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000
  }
  const repeated = (n: number, each: (i: number) => string, between = ',') => Array.from({ length: n }, (_, i) => each(i)).join(between)
  it.each([
    ['values', (n: number) => `INSERT INTO t VALUES ${repeated(n, (i) => `(${i}, 'x', 2)`)}`],
    ['a list', (n: number) => `SELECT * FROM t WHERE id IN (${repeated(n, String)})`],
    ['results and their order', (n: number) => `SELECT ${repeated(n, (i) => `a AS x${i}`)} FROM t ORDER BY ${repeated(n, (i) => `x${i}`)}`],
    ['FROM', (n: number) => `SELECT FROM ${repeated(n, (i) => `t x${i}`)} WHERE ${repeated(n, (i) => `x${i}.a = 1`, ' AND ')}`],
    ['WITH', (n: number) => `WITH ${repeated(n, (i) => `x${i} AS (SELECT 1)`)} SELECT ${repeated(n, (i) => `(TABLE x${i})`)}`],
    ['statements', (n: number) => repeated(n, () => 'SELECT a FROM t', ';')],
  ])('grows with the length of %s only', (_, sql) => {
    timed(sql(1000))
    const few = Math.max(timed(sql(1000)), timed(sql(1000)), 2)
    const many = Math.min(timed(sql(20_000)), timed(sql(20_000)))
    // A square would be 400 times as much.
    expect(many).toBeLessThan(few * 20 * 6)
  })
})
