import { expect, it } from 'vitest'
import { factsOf } from '../../../../../test/parts/facts-of.ts'

const bounded = (condition: string) => factsOf(`DELETE FROM t ${condition}`).sql.bounded

it.each([
  'WHERE id = 1',
  'WHERE id = $1',
  'WHERE t.id = $1 AND true',
  'WHERE id IN (1, 2)',
  'WHERE id = ANY ($1)',
  'WHERE id BETWEEN 1 AND 2',
  'WHERE id = 1 OR a = 2',
  'WHERE NOT (id = 1)',
  'WHERE NOT (id <> 1 OR false)',
  'WHERE a IS NULL',
  `WHERE a LIKE 'x%'`,
  'WHERE lower(a) = lower(b)',
  'WHERE a < b',
  'WHERE (id = 1) IS TRUE',
  'WHERE id IN (SELECT id FROM u)',
  'WHERE EXISTS (SELECT FROM u WHERE u.id = t.id)',
  'USING u WHERE u.id = t.id',
  'WHERE CURRENT OF c',
  'WHERE a',
  'WHERE (id, a) = (1, 2)',
])('%s restricts', (condition) => {
  expect(bounded(condition)).toBe(true)
})

it.each([
  '',
  'WHERE true',
  'WHERE 1 = 1',
  'WHERE id = id',
  'WHERE t.id = t.id',
  'WHERE id + 0 = id',
  'WHERE id = 1 OR true',
  'WHERE id = 1 OR 1 = 1',
  'WHERE id = $1 OR $1 IS NULL',
  'WHERE NOT false',
  'WHERE NOT (id = 1 AND false)',
  'WHERE id IS NOT NULL',
  'WHERE NOT (id IS NULL)',
  'WHERE (id = id) IS NOT FALSE',
  'WHERE (id = 1) IS NOT UNKNOWN',
  'WHERE id IN (1, id)',
  'WHERE id = ANY (ARRAY[id])',
  `WHERE a LIKE '%'`,
  `WHERE a ~ '.*'`,
  `WHERE a ~ ''`,
  'WHERE EXISTS (SELECT 1)',
  'WHERE EXISTS (SELECT 1 FROM u WHERE u.id = u.id)',
  'WHERE $1',
  'WHERE now() > $1',
  'USING u WHERE u.id = 1',
  'USING u WHERE true',
  'WHERE CASE WHEN id = 1 THEN true ELSE true END',
])('DELETE FROM t %s restricts nothing', (condition) => {
  expect(bounded(condition)).toBe(false)
})

it('is asked of every UPDATE and DELETE of a statement', () => {
  expect(factsOf('WITH x AS (DELETE FROM t) SELECT 1').sql.bounded).toBe(false)
  expect(factsOf('WITH x AS (DELETE FROM t WHERE id = 1) UPDATE u SET c = 1').sql.bounded).toBe(false)
  expect(factsOf('WITH x AS (DELETE FROM t WHERE id = 1) UPDATE u SET c = 1 WHERE id = 2').sql.bounded).toBe(true)
  expect(factsOf('UPDATE t SET a = 1 FROM u').sql.bounded).toBe(false)
  expect(factsOf('EXPLAIN ANALYZE DELETE FROM t').sql.bounded).toBe(false)
  expect(factsOf('PREPARE p AS DELETE FROM t').sql.bounded).toBe(false)
  expect(factsOf('COPY (DELETE FROM t RETURNING 1) TO STDOUT').sql.bounded).toBe(false)
  expect(factsOf('MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE').sql.bounded).toBe(true)
  expect(factsOf('MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE').sql.bounded).toBe(false)
  expect(factsOf('MERGE INTO t USING u ON t.id = u.id WHEN NOT MATCHED BY SOURCE THEN DELETE').sql.bounded).toBe(false)
  expect(factsOf('MERGE INTO t USING u ON t.id = u.id WHEN NOT MATCHED BY SOURCE AND t.a = 1 THEN DELETE').sql.bounded).toBe(true)
  expect(factsOf('TRUNCATE t').sql.bounded).toBe(false)
})

it('is true where there is none, and not known of a block of code', () => {
  expect(factsOf('SELECT * FROM t').sql.bounded).toBe(true)
  expect(factsOf('INSERT INTO t VALUES (1)').sql.bounded).toBe(true)
  expect(factsOf('DO $$ $$').sql.bounded).toBeUndefined()
})
