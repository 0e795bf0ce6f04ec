import { evasions } from '../evasion.ts'
import { BODY, purging } from '../purging.ts'

const published = evasions('published', {
  'a function in WHERE': 'SELECT 1 WHERE shop.purge() = 1',
  'a function in FROM': 'SELECT * FROM shop.purge()',
  'a function in ORDER BY': 'SELECT 1 AS x FROM shop.harmless ORDER BY shop.purge()',
  'a function in LIMIT': 'SELECT 1 LIMIT shop.purge()',
  'a function in VALUES': 'VALUES (shop.purge())',
  'a function as an argument': 'SELECT abs(shop.purge())',
  'a function in a DEFAULT': `INSERT INTO shop.defaulted (id) VALUES (1)`,
  'a function by its path': ['SET search_path = shop', 'SELECT purge()'],
  'an operator': 'SELECT 1 OPERATOR(shop.<!>) 1',
  'an operator by its path': ['SET search_path = shop', 'SELECT 1 <!> 1'],
  'an aggregate': 'SELECT shop.gather(word) FROM shop.harmless',
  'an aggregate as a window function': 'SELECT shop.gather(word) OVER () FROM shop.harmless',
  'an INSTEAD OF trigger': 'DELETE FROM shop.window',
  'a function of one’s own': [purging('shop.mine', ''), 'SELECT shop.mine()'],
  'a default of one’s own': ['ALTER TABLE shop.loose ALTER word SET DEFAULT shop.purge()::text', `INSERT INTO shop.loose (id) VALUES (1)`],
  'a built-in name of one’s own': [purging('public.upper', 'varchar', 'text', '$1'), `SELECT upper('x'::varchar)`],
  'a built-in name, the path turned round': [
    purging('public.lower', 'text', 'text', '$1'),
    'SET search_path = public, pg_catalog',
    `SELECT lower('X')`,
  ],
  'a built-in operator, the path turned round': [
    purging('public.same', 'int, int'),
    'CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same)',
    'SET search_path = public, pg_catalog',
    'SELECT 1 = 1',
  ],
})

const found = evasions('found', {
  'a domain of one’s own in a transaction': [
    'BEGIN',
    `CREATE DOMAIN public.mine AS text CHECK (shop.checks(VALUE))`,
    `SELECT 'x'::public.mine`,
    'COMMIT',
  ],
  'a domain whose constraint is added': [
    'CREATE DOMAIN public.mine AS text',
    'ALTER DOMAIN public.mine ADD CHECK (shop.checks(VALUE))',
    `SELECT 'x'::public.mine`,
  ],
  'a domain that is validated': [
    'CREATE DOMAIN public.mine AS text',
    'ALTER TABLE shop.loose ALTER word TYPE public.mine',
    'ALTER DOMAIN public.mine ADD CHECK (shop.checks(VALUE))',
  ],
  'a domain that is validated later': [
    'CREATE DOMAIN public.mine AS text',
    'ALTER TABLE shop.loose ALTER word TYPE public.mine',
    'ALTER DOMAIN public.mine ADD CONSTRAINT late CHECK (shop.checks(VALUE)) NOT VALID',
    'ALTER DOMAIN public.mine VALIDATE CONSTRAINT late',
  ],
  'an aggregate of a built-in function': `SELECT shop.rewrite('SELECT ''a''::tsquery, to_tsquery(''simple'', quote_literal(code)) FROM shop.secrets LIMIT 1')`,
  'an operator of a built-in function': [
    'CREATE OPERATOR public.~~> (LEFTARG = tsquery, RIGHTARG = text, FUNCTION = ts_rewrite)',
    `SELECT 'a'::tsquery ~~> 'SELECT ''a''::tsquery, to_tsquery(''simple'', quote_literal(code)) FROM shop.secrets LIMIT 1'`,
  ],
  'a generated column': 'INSERT INTO shop.generated (id) VALUES (1) RETURNING word',
  'a check of a table': 'INSERT INTO shop.constrained VALUES (1)',
  'a check that is validated': [
    'ALTER TABLE shop.harmless ADD CONSTRAINT mine CHECK (shop.purge_if(id, id)) NOT VALID',
    'ALTER TABLE shop.harmless VALIDATE CONSTRAINT mine',
  ],
  'an index of a function': 'CREATE UNIQUE INDEX ON shop.harmless (left(shop.reveal_one(id), 10))',
  'an index that is made anew': {
    steps: [
      `CREATE FUNCTION shop.slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'`,
      'CREATE INDEX mine ON shop.harmless (shop.slow(id))',
      `CREATE OR REPLACE FUNCTION shop.slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT code FROM shop.secrets LIMIT 1); RETURN $1; END'`,
      'REINDEX TABLE shop.harmless',
    ],
  },
  'a function replaced under an old name': [
    `CREATE FUNCTION shop.fine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `CREATE OR REPLACE FUNCTION shop.fine() RETURNS int ${BODY} 1; END'`,
    'SELECT shop.fine()',
  ],
  'a view that calls': ['CREATE VIEW shop.mine AS SELECT shop.purge()', 'TABLE shop.mine'],
  'a view that calls, through another': [
    'CREATE VIEW shop.mine AS SELECT shop.purge() AS x',
    'CREATE VIEW shop.other AS SELECT x FROM shop.mine',
    'TABLE shop.other',
  ],
  'a view that uses an operator': [`CREATE VIEW shop.mine AS SELECT 'a'::varchar OPERATOR(ops.=) 'b'::varchar AS x`, 'TABLE shop.mine'],
  'a view that samples': {
    steps: ['CREATE VIEW shop.mine AS SELECT * FROM shop.harmless TABLESAMPLE ext.system_rows (1)', 'TABLE shop.mine'],
    harmless: 'The method is C of an extension that does nothing else.',
  },
  'a function of a set among the targets': 'SELECT generate_series(1, shop.purge())',
  'a function in a window': 'SELECT sum(id) OVER (ORDER BY shop.purge()) FROM shop.harmless',
  'a function in a frame': 'SELECT sum(id) OVER (ORDER BY id ROWS shop.purge() PRECEDING) FROM shop.harmless',
  'a function in FILTER': 'SELECT count(*) FILTER (WHERE shop.purge() = 1) FROM shop.harmless',
  'a function in DISTINCT ON': 'SELECT DISTINCT ON (shop.purge()) 1 FROM shop.harmless',
  'a function in GROUPING SETS': 'SELECT 1 FROM shop.harmless GROUP BY GROUPING SETS ((shop.purge()), ())',
  'a function in LATERAL': 'SELECT * FROM shop.harmless h, LATERAL shop.purge_if(h.id, 1)',
  'a function in TABLESAMPLE': 'SELECT * FROM shop.harmless TABLESAMPLE BERNOULLI (shop.purge())',
  'a function in REPEATABLE': 'SELECT * FROM shop.harmless TABLESAMPLE BERNOULLI (50) REPEATABLE (shop.purge())',
  'a function in EXECUTE': ['PREPARE p(int) AS SELECT $1', 'EXECUTE p(shop.purge())'],
  'a function in CALL': ['CREATE PROCEDURE shop.noop(int) LANGUAGE sql AS $$SELECT 1$$', 'CALL shop.noop(shop.purge())'],
  'a function in COPY FROM': [`COPY shop.harmless FROM PROGRAM 'echo "80\tx"' WHERE shop.purge() = 1`],
  'a function in a partition key': [
    'CREATE TABLE shop.parts (id int) PARTITION BY LIST ((shop.reveal_one(id)))',
    'CREATE TABLE shop.part PARTITION OF shop.parts DEFAULT',
    'INSERT INTO shop.parts VALUES (1)',
    'SELECT * FROM shop.generated',
    'INSERT INTO shop.generated (id) VALUES (1) RETURNING *',
  ],
  'a function in the bounds of a partition': 'CREATE TABLE shop.vault_more PARTITION OF shop.vault FOR VALUES IN (shop.purge() + 10)',
  'a function in USING of ALTER': 'ALTER TABLE shop.loose ALTER word TYPE text USING shop.purge()::text',
  'a function in an added default': 'ALTER TABLE shop.harmless ADD extra int DEFAULT shop.purge()',
  'an estimate of selectivity': {
    steps: [
      `CREATE FUNCTION shop.cheap(varchar, varchar) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT code FROM shop.secrets LIMIT 1); RETURN true; END'`,
      'CREATE OPERATOR shop.=== (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = shop.cheap, RESTRICT = eqsel)',
      `SELECT 1 FROM shop.harmless WHERE word::varchar OPERATOR(shop.===) 'x'`,
    ],
  },
  'an estimate of selectivity, only planned': [
    `CREATE FUNCTION shop.cheap(varchar, varchar) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT code FROM shop.secrets LIMIT 1); RETURN true; END'`,
    `EXPLAIN SELECT 1 WHERE shop.cheap('a', 'b')`,
  ],
  'a conversion of an encoding': {
    steps: 'CREATE DEFAULT CONVERSION public.mine FOR $$LATIN1$$ TO $$UTF8$$ FROM shop.purge'.replaceAll('$$', "'"),
    harmless: 'Its function would have to be in C.',
  },
  'an event trigger': {
    steps: 'CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION shop.spring()',
    harmless: 'Only superusers make event triggers.',
  },
  'a function in pg_temp': [
    'CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS $$DELETE FROM shop.orders RETURNING 1$$',
    'SELECT pg_temp.mine()',
  ],
  'a type in pg_temp': ['CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (shop.checks(VALUE))', `SELECT 'x'::text`],
  'a type in pg_temp by its array': ['CREATE DOMAIN pg_temp.word AS pg_catalog.text CHECK (shop.checks(VALUE))', `SELECT '{x}'::word[]`],
  'a built-in type by a shadow': [
    'CREATE DOMAIN public.text AS pg_catalog.text CHECK (shop.checks(VALUE))',
    'SET search_path = public, pg_catalog',
    `SELECT 'x'::text`,
  ],
  'a built-in type by a shadow, in the same message': `CREATE DOMAIN public.date AS pg_catalog.date CHECK (shop.checks('x')); SET search_path = public, pg_catalog; SELECT 'today'::"date"`,
})

/** Code that is run where none seems to be called. */
export const code = [...published, ...found]
