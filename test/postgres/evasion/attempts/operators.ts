import { evasions } from '../evasion.ts'
import { BODY, purging } from '../purging.ts'

const shadowing = (text: string): readonly string[] => ['SET search_path = ops', text]

/** Operators and functions that are called by syntax. */
export const operators = evasions('found', {
  'a function of a row as a column': ['SET search_path = shop', 'SELECT h.purge_row FROM shop.harmless h'],
  'a function of a row, in parentheses': ['SET search_path = shop', 'SELECT (h).purge_row FROM shop.harmless h'],
  'a function of a row of a subquery': ['SET search_path = shop', 'SELECT (x).purge_row FROM (SELECT h AS x FROM shop.harmless h) y'],
  'a function of a row as a column, sorted by': ['SET search_path = shop', 'SELECT 1 FROM shop.harmless h ORDER BY h.purge_row'],
  'a function of a row that is made': ['SET search_path = shop', `SELECT (ROW(1, 'x')::shop.harmless).purge_row`],
  'a function of a row in RETURNING': ['SET search_path = shop', `INSERT INTO shop.harmless VALUES (60, 'x') RETURNING harmless.purge_row`],
  'a function of a row in ON CONFLICT': [
    'SET search_path = shop',
    `INSERT INTO shop.harmless AS h VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET word = h.purge_row::text`,
  ],
  'an operator of equality in NULLIF': shadowing(`SELECT nullif('a'::varchar, 'b'::varchar)`),
  'an operator of equality in CASE': shadowing(`SELECT CASE 'a'::varchar WHEN 'b'::varchar THEN 1 END`),
  'an operator of equality in IN': shadowing(`SELECT 'a'::varchar IN ('b'::varchar, 'c'::varchar)`),
  'an operator of equality in IN of a query': shadowing(`SELECT 'a'::varchar IN (SELECT 'b'::varchar)`),
  'an operator of equality in NOT IN': shadowing(`SELECT 'a'::varchar NOT IN (SELECT 'b'::varchar)`),
  'an operator of equality in IS DISTINCT FROM': shadowing(`SELECT 'a'::varchar IS DISTINCT FROM 'b'::varchar`),
  'an operator of equality in USING': shadowing(`SELECT 1 FROM (SELECT 'a'::varchar AS k) a JOIN (SELECT 'b'::varchar AS k) b USING (k)`),
  'an operator of equality in NATURAL JOIN': shadowing(
    `SELECT 1 FROM (SELECT 'a'::varchar AS k) a NATURAL JOIN (SELECT 'b'::varchar AS k) b`,
  ),
  'an operator of equality of rows': {
    steps: shadowing(`SELECT ('a'::varchar, 1) = ('b'::varchar, 1)`),
    harmless: 'PostgreSQL wants an operator of a btree family there.',
  },
  'an operator of rows that compares': {
    steps: shadowing(`SELECT ('a'::varchar, 1) < ('b'::varchar, 1)`),
    harmless: 'PostgreSQL wants an operator of a btree family there.',
  },
  'an operator of equality with ANY': shadowing(`SELECT 'a'::varchar = ANY (ARRAY['b'::varchar])`),
  'an operator with SOME of a query': shadowing(`SELECT 'a'::varchar > SOME (SELECT 'b'::varchar)`),
  'operators of BETWEEN': shadowing(`SELECT 'a'::varchar BETWEEN 'b'::varchar AND 'c'::varchar`),
  'operators of BETWEEN SYMMETRIC': shadowing(`SELECT 'a'::varchar BETWEEN SYMMETRIC 'b'::varchar AND 'c'::varchar`),
  'operators of NOT BETWEEN': shadowing(`SELECT 'a'::varchar NOT BETWEEN 'b'::varchar AND 'c'::varchar`),
  'an operator of LIKE': shadowing(`SELECT 'a'::varchar LIKE 'b'::varchar`),
  'an operator of ILIKE': shadowing(`SELECT 'a'::varchar ILIKE 'b'::varchar`),
  'an operator of NOT LIKE': shadowing(`SELECT 'a'::varchar NOT LIKE 'b'::varchar`),
  'an operator of SIMILAR TO': {
    steps: shadowing(`SELECT 'a'::varchar SIMILAR TO 'b'::varchar`),
    harmless: 'Its right side is a text, for which the built-in operator is the better match.',
  },
  'an operator of concatenation': shadowing(`SELECT 'a'::varchar || 'b'::varchar`),
  'an operator by its name and schema': `SELECT 'a'::varchar OPERATOR(ops.=) 'b'::varchar`,
  'an operator of MERGE': shadowing(
    `MERGE INTO shop.harmless h USING (SELECT 'a'::varchar AS k) s ON h.word::varchar = s.k WHEN MATCHED THEN DO NOTHING`,
  ),
  'an operator of an index': {
    steps: ['CREATE INDEX mine ON shop.harmless ((word::varchar OPERATOR(ops.=) word::varchar))'],
    harmless: 'Functions of an index are immutable, and these may not write.',
  },
  'an operator of ORDER BY': {
    steps: shadowing(`SELECT x FROM (VALUES ('a'::varchar), ('b')) v(x) ORDER BY x USING <`),
    harmless: 'PostgreSQL wants an operator of a btree family there.',
  },
  'a built-in function by a shadow': shadowing(`SELECT upper('a'::varchar)`),
  'a built-in function by a shadow, in VARIADIC': [
    purging('ops.concat', 'VARIADIC varchar[]', 'text', `''x''`),
    'SET search_path = ops, pg_catalog',
    `SELECT concat('a'::varchar, 'b'::varchar)`,
  ],
  'a function of a row called system_user': [
    'SET search_path = shop',
    `CREATE FUNCTION shop.system_user(shop.harmless) RETURNS int ${BODY} 1; END'`,
    'SELECT h.system_user FROM shop.harmless h',
  ],
})
