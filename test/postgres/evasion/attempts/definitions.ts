import { evasions } from '../evasion.ts'

/** The catalog is changed, and a name means something else at once. */
export const definitions = evasions('found', {
  'a name that means something else in the same message':
    'DROP TABLE shop.loose; ALTER TABLE shop.secrets RENAME TO loose; TABLE shop.loose',
  'a name that is free again': [
    'DROP TABLE shop.harmless CASCADE',
    'CREATE VIEW shop.harmless AS TABLE shop.secrets',
    'TABLE shop.harmless',
  ],
  'a name that is free again, for a function': [
    'TABLE shop.harmless',
    'DROP TABLE shop.harmless CASCADE',
    'CREATE VIEW shop.harmless AS SELECT * FROM shop.reveal()',
    'TABLE shop.harmless',
  ],
  'a table that becomes a child in the same transaction': [
    'BEGIN',
    'CREATE TABLE shop.heir (code text)',
    'SAVEPOINT a',
    'ALTER TABLE shop.secrets INHERIT shop.heir',
    'RELEASE a',
    'SELECT * FROM shop.heir',
    'COMMIT',
  ],
  'a table that is made and gets a view’s name': [
    'BEGIN',
    'CREATE TABLE public.mine (code text)',
    'DROP TABLE public.mine',
    'CREATE VIEW public.mine AS SELECT shop.purge()',
    'TABLE public.mine',
    'COMMIT',
  ],
  'a table that is made with a function as a default': [
    'BEGIN',
    'CREATE TABLE public.mine (id int, n int DEFAULT shop.purge())',
    'INSERT INTO public.mine (id) VALUES (1)',
    'COMMIT',
  ],
  'a table that is made like another': [
    'CREATE TABLE public.mine (LIKE shop.defaulted INCLUDING ALL)',
    'INSERT INTO public.mine (id) VALUES (1)',
  ],
  'a table that is made like another, in one message':
    'CREATE TABLE public.mine (LIKE shop.defaulted INCLUDING DEFAULTS); INSERT INTO public.mine (id) VALUES (1)',
  'a temporary table that is made like another': [
    'CREATE TEMP TABLE mine (LIKE shop.defaulted INCLUDING ALL)',
    'INSERT INTO mine (id) VALUES (1)',
  ],
  'a table that is made with a serial of one’s own': [
    'CREATE TABLE public.mine (id serial, n int DEFAULT shop.purge())',
    'INSERT INTO public.mine DEFAULT VALUES',
  ],
  'a default that is added in the same transaction': [
    'BEGIN',
    'ALTER TABLE shop.harmless ALTER word SET DEFAULT shop.checks(NULL)::text',
    'INSERT INTO shop.harmless (id) VALUES (95)',
    'COMMIT',
  ],
  'a column that goes, so that a function is called': [
    `SET search_path = shop; CREATE FUNCTION shop.word(shop.harmless) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    'BEGIN',
    'ALTER TABLE shop.harmless DROP COLUMN word CASCADE',
    'SELECT h.word FROM shop.harmless h',
    'COMMIT',
  ],
  'a column that is renamed, so that a function is called': [
    `SET search_path = shop; CREATE FUNCTION shop.word(shop.harmless) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    'ALTER TABLE shop.harmless RENAME word TO other',
    'SELECT h.word FROM shop.harmless h',
  ],
  'a column that is renamed, so that a function is called, in one message': `SET search_path = shop; CREATE FUNCTION shop.word(shop.harmless) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'; ALTER TABLE shop.harmless RENAME word TO other; SELECT h.word FROM shop.harmless h`,
  'a function in a schema that is made with it': [
    'CREATE SCHEMA mine CREATE VIEW looks AS SELECT code FROM shop.secrets CREATE TABLE x (id int)',
    'TABLE mine.looks',
  ],
  'a trigger in a schema that is made with it': [
    'CREATE SCHEMA mine CREATE TABLE t (id int DEFAULT shop.purge())',
    'INSERT INTO mine.t DEFAULT VALUES',
  ],
  'a schema with a view of what is made beside it': [
    'SET search_path = shop',
    'CREATE SCHEMA mine CREATE VIEW looks AS SELECT code FROM secrets',
    'TABLE mine.looks',
  ],
  'a built-in name that is made in the same message': `CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'; SELECT upper('x'::varchar)`,
  'a built-in name that is made in the same transaction': [
    'BEGIN',
    `CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    `SELECT upper('x'::varchar)`,
    'COMMIT',
  ],
  'a built-in operator that is made in the same message': `CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = ops.boom); SELECT 'x'::varchar = 'y'::varchar`,
  'an operator that is moved into the path': [
    'ALTER OPERATOR ops.=(varchar, varchar) SET SCHEMA public',
    `SELECT 'x'::varchar = 'y'::varchar`,
  ],
  'a function that is moved into the path': ['ALTER FUNCTION ops.upper(varchar) SET SCHEMA public', `SELECT upper('x'::varchar)`],
  'a function that is moved into the path, in one message': `ALTER FUNCTION ops.upper(varchar) SET SCHEMA public; SELECT upper('x'::varchar)`,
  'a function that is renamed to a built-in one': [
    'ALTER FUNCTION ops.upper(varchar) SET SCHEMA public',
    'ALTER FUNCTION public.upper(varchar) RENAME TO lower',
    `SELECT lower('x'::varchar)`,
  ],
  'a cast that is made in the same message': `CREATE TYPE public.mine AS (a int); CREATE FUNCTION public.to_mine(int) RETURNS public.mine LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN ROW($1)::public.mine; END'; CREATE CAST (int AS public.mine) WITH FUNCTION public.to_mine(int); SELECT 1::public.mine`,
  'a cast of a table’s rows': [
    `CREATE FUNCTION public.row_text(shop.harmless) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    'CREATE CAST (shop.harmless AS text) WITH FUNCTION public.row_text(shop.harmless) AS IMPLICIT',
    'SELECT h::text FROM shop.harmless h',
  ],
  'a cast of a table’s rows, implied': [
    `CREATE FUNCTION public.row_text(shop.harmless) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    'CREATE CAST (shop.harmless AS text) WITH FUNCTION public.row_text(shop.harmless) AS IMPLICIT',
    'SELECT upper(h) FROM shop.harmless h',
  ],
  'a cast to JSON of a table’s rows': {
    steps: [
      `CREATE FUNCTION public.row_json(shop.harmless) RETURNS json LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN to_json(1); END'`,
      'CREATE CAST (shop.harmless AS json) WITH FUNCTION public.row_json(shop.harmless)',
      'SELECT json_agg(h) FROM shop.harmless h',
    ],
    harmless: 'JSON of rows is made from their columns, whatever casts there are.',
  },
  'an aggregate over a table’s rows': [
    `CREATE FUNCTION public.take(int, shop.harmless) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    'CREATE AGGREGATE public.count(shop.harmless) (SFUNC = public.take, STYPE = int, INITCOND = 0)',
    'SELECT count(h) FROM shop.harmless h',
  ],
  'a table whose owner has it read': [
    'GRANT USAGE, CREATE ON SCHEMA shop TO helper_role',
    'ALTER TABLE shop.secrets OWNER TO helper_role',
    'TABLE shop.secrets',
  ],
  'a view whose owner is another': [
    'CREATE VIEW shop.mine AS TABLE shop.secrets',
    'GRANT USAGE ON SCHEMA shop TO helper_role',
    'GRANT SELECT ON shop.mine TO helper_role',
    'SET ROLE helper_role',
    'TABLE shop.mine',
  ],
  'an inheritance that is taken away': [
    'CREATE TABLE shop.books (id int NOT NULL, total numeric)',
    'ALTER TABLE shop.orders NO INHERIT shop.ledger',
    'ALTER TABLE shop.orders INHERIT shop.books',
    'DELETE FROM shop.books',
  ],
  'a rule that is enabled': [
    'ALTER TABLE shop.ruled DISABLE RULE ruled_away',
    'UPDATE shop.ruled SET id = 1',
    'ALTER TABLE shop.ruled ENABLE RULE ruled_away',
    'UPDATE shop.ruled SET id = 2',
  ],
  'a statement twice, with a rule between': [
    'UPDATE shop.harmless SET word = word',
    'CREATE RULE mine AS ON UPDATE TO shop.harmless DO INSTEAD DELETE FROM shop.order_view',
    'UPDATE shop.harmless SET word = word',
  ],
  'a statement twice, with a view between': [
    'SELECT * FROM shop.harmless',
    'ALTER TABLE shop.harmless RENAME TO plain',
    'CREATE VIEW shop.harmless AS SELECT shop.reveal_one(id) FROM shop.plain',
    'SELECT * FROM shop.harmless',
  ],
  'a statement prepared, with a view between': [
    'PREPARE p AS SELECT * FROM shop.harmless',
    'EXECUTE p',
    'ALTER TABLE shop.harmless RENAME TO plain',
    'CREATE VIEW shop.harmless AS SELECT id, shop.reveal_one(id) AS word FROM shop.plain',
    'EXECUTE p',
  ],
  'a function’s settings': [
    `CREATE FUNCTION shop.fine() RETURNS int LANGUAGE sql SET search_path = shop AS 'DELETE FROM shop.orders RETURNING 1'`,
    'SELECT shop.fine()',
  ],
  'a default privilege and a group': [
    'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC',
    'CREATE TABLE public.mine AS TABLE shop.secrets',
    'TABLE public.mine',
  ],
  'a comment that is a query': { steps: `COMMENT ON TABLE shop.harmless IS 'DELETE FROM shop.orders'`, harmless: 'It is a text.' },
  'a table as a type': [`SELECT (NULL::shop.secrets)`, `SELECT s FROM ONLY shop.secrets s`],
  'a type of a column': ['SELECT code FROM (SELECT * FROM shop.secrets) AS x(id, code)'],
  'a statistic of a secret': {
    steps: ['CREATE STATISTICS shop.mine (mcv) ON id, code FROM shop.secrets', 'ANALYZE shop.secrets'],
    harmless: 'What it gathers is not read.',
  },
})
