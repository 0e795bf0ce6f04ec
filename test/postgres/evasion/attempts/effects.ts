import { evasions } from '../evasion.ts'
import { purging } from '../purging.ts'

/** Code and tables that are reached without being named: defaults, conditions, children, cascades, aggregates, other servers. */
export const effects = evasions('found', {
  'a default of a view': [
    'ALTER VIEW shop.window ALTER id SET DEFAULT shop.purge() + 76',
    'DROP TRIGGER instead ON shop.window',
    'INSERT INTO shop.window DEFAULT VALUES',
  ],
  'a default of a domain': [
    'CREATE DOMAIN public.number AS int DEFAULT shop.purge()',
    'CREATE TABLE public.mine (id int, n public.number)',
    'INSERT INTO public.mine (id) VALUES (1)',
  ],
  'a default of a domain, in one message':
    'CREATE DOMAIN public.number AS int DEFAULT shop.purge(); CREATE TABLE public.mine (id int, n public.number); INSERT INTO public.mine (id) VALUES (1)',
  'a condition of a trigger that is PostgreSQL’s own': [
    'CREATE TRIGGER mine BEFORE UPDATE ON shop.harmless FOR EACH ROW WHEN (shop.checks(OLD.word)) EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'UPDATE shop.harmless SET word = word',
  ],
  'a condition of a rule': [
    'CREATE RULE mine AS ON UPDATE TO shop.harmless WHERE shop.checks(OLD.word) DO ALSO INSERT INTO shop.loose VALUES (1)',
    'UPDATE shop.harmless SET word = word',
  ],
  'a check with an operator': [
    `CREATE TABLE public.mine (word varchar CHECK (word OPERATOR(ops.=) 'x'::varchar))`,
    `INSERT INTO public.mine VALUES ('x')`,
  ],
  'a default with an operator': [
    `CREATE TABLE public.mine (id int, word text DEFAULT ('x'::varchar OPERATOR(ops.=) 'x'::varchar)::text)`,
    'INSERT INTO public.mine (id) VALUES (1)',
  ],
  'a policy with an operator': [
    'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    `CREATE POLICY mine ON shop.harmless USING (word::varchar OPERATOR(ops.=) 'x'::varchar)`,
    'TABLE shop.harmless',
  ],
  'a trigger of a child': [
    'CREATE TABLE public.child () INHERITS (shop.loose)',
    `INSERT INTO public.child VALUES (1, 'x')`,
    'CREATE TRIGGER mine BEFORE UPDATE ON public.child FOR EACH ROW EXECUTE FUNCTION shop.spring()',
    'UPDATE shop.loose SET word = word',
  ],
  'a check of a child': [
    'CREATE TABLE public.child (CHECK (shop.checks(word))) INHERITS (shop.loose)',
    `INSERT INTO shop.loose VALUES (1, 'x')`,
    `COPY public.child FROM PROGRAM 'printf "1\\tx\\n"'`,
    'UPDATE shop.loose SET word = word',
  ],
  'a trigger that a cascade meets': [
    'CREATE TABLE public.base (id int PRIMARY KEY)',
    'CREATE TABLE public.child (id int REFERENCES public.base ON DELETE CASCADE)',
    'INSERT INTO public.base VALUES (1)',
    'INSERT INTO public.child VALUES (1)',
    'CREATE TRIGGER mine AFTER DELETE ON public.child FOR EACH STATEMENT EXECUTE FUNCTION shop.spring()',
    'DELETE FROM public.base',
  ],
  'a default that a cascade sets': [
    'CREATE TABLE public.base (id int PRIMARY KEY)',
    'CREATE TABLE public.child (id int REFERENCES public.base ON DELETE SET DEFAULT)',
    'INSERT INTO public.base VALUES (1), (2)',
    'INSERT INTO public.child VALUES (2)',
    'ALTER TABLE public.child ALTER id SET DEFAULT shop.purge()',
    'DELETE FROM public.base WHERE id = 2',
  ],
  'a check that a cascade meets': [
    'CREATE TABLE public.base (id int PRIMARY KEY)',
    'CREATE TABLE public.child (id int REFERENCES public.base ON UPDATE CASCADE)',
    'INSERT INTO public.base VALUES (1)',
    'INSERT INTO public.child VALUES (1)',
    'ALTER TABLE public.child ADD CHECK (shop.checks(id::text)) NOT VALID',
    'UPDATE public.base SET id = 2',
  ],
  'a parent that gains a column': 'ALTER TABLE shop.ledger ADD extra int DEFAULT 5',
  'a parent of partitions that gains a column': 'ALTER TABLE shop.vault ADD extra int DEFAULT 5',
  'a parent of partitions whose column is renamed': 'ALTER TABLE shop.vault RENAME code TO word',
  'a parent of partitions that is copied to': `COPY shop.vault (id) FROM PROGRAM 'echo 1'`,
  'a foreign table as a partition, inserted to': [
    'CREATE TABLE public.mine (id int) PARTITION BY LIST (id)',
    `CREATE FOREIGN TABLE public.far PARTITION OF public.mine DEFAULT SERVER loop OPTIONS (schema_name 'shop', table_name 'orders')`,
    'INSERT INTO public.mine VALUES (7777)',
  ],
  'a foreign table as a partition, deleted from': [
    'CREATE TABLE public.mine (id int) PARTITION BY LIST (id)',
    `CREATE FOREIGN TABLE public.far PARTITION OF public.mine DEFAULT SERVER loop OPTIONS (schema_name 'shop', table_name 'orders')`,
    'DELETE FROM public.mine',
  ],
  'a foreign table as a partition, truncated': [
    'CREATE TABLE public.mine (id int) PARTITION BY LIST (id)',
    `CREATE FOREIGN TABLE public.far PARTITION OF public.mine DEFAULT SERVER loop OPTIONS (schema_name 'shop', table_name 'orders')`,
    'TRUNCATE public.mine',
  ],
  'a foreign table as a child, read': [
    'CREATE TABLE public.mine (code text)',
    `CREATE FOREIGN TABLE public.far () INHERITS (public.mine) SERVER loop OPTIONS (schema_name 'shop', table_name 'secrets')`,
    'TABLE public.mine',
  ],
  'a foreign table that a view is made of': ['CREATE VIEW public.mine AS SELECT code FROM shop.remote', 'TABLE public.mine'],
  'a foreign table’s statistics': ['ANALYZE shop.remote', `SELECT histogram_bounds FROM pg_stats WHERE tablename = 'remote'`],
  'a foreign table that is made where the table was': [
    `CREATE FOREIGN TABLE public.mine (id int, note text) SERVER loop OPTIONS (schema_name 'shop', table_name 'orders')`,
    `UPDATE public.mine SET note = 'x'`,
  ],
  'a foreign program, where files are given away': [
    'CHECKPOINT',
    `CREATE FOREIGN TABLE public.mine (line text) SERVER files OPTIONS (program 'cat base/*/* | tr -cd "[:print:]" | grep -o "xyzzy-7f3a" | head -1')`,
    'CREATE VIEW public.other AS TABLE public.mine',
    'TABLE public.other',
  ],
  'dblink that builds an INSERT of a row': `SELECT ext.dblink_build_sql_insert('shop.secrets', '1', 1, '{1}', '{1}')`,
  'dblink that builds an UPDATE of a row': `SELECT ext.dblink_build_sql_update('shop.secrets', '1', 1, '{1}', '{1}')`,
  'dblink by a cursor': [
    `SELECT ext.dblink_connect_u('c', 'loop')`,
    `SELECT ext.dblink_open('c', 'far', 'TABLE shop.secrets')`,
    `SELECT * FROM ext.dblink_fetch('c', 'far', 10) AS t(a int, b text)`,
  ],
  'dblink that asks and fetches later': [
    `SELECT ext.dblink_connect_u('c', 'loop')`,
    `SELECT ext.dblink_send_query('c', 'TABLE shop.secrets')`,
    `SELECT * FROM ext.dblink_get_result('c') AS t(a int, b text)`,
  ],
  'an aggregate by its last function': [
    purging('public.ending', 'int', 'int', '1'),
    'CREATE AGGREGATE public.mine(int) (SFUNC = int4pl, STYPE = int, INITCOND = 0, FINALFUNC = public.ending)',
    'SELECT public.mine(id) FROM shop.harmless',
  ],
  'an aggregate by its moving state': [
    purging('public.moves', 'int, int', 'int', '1'),
    'CREATE AGGREGATE public.mine(int) (SFUNC = int4pl, STYPE = int, INITCOND = 0, MSFUNC = public.moves, MINVFUNC = public.moves, MSTYPE = int, MINITCOND = 0)',
    'SELECT public.mine(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM shop.harmless',
  ],
  'an aggregate of a built-in name': [
    purging('public.ending', 'int', 'int', '1'),
    'CREATE AGGREGATE public.max(int) (SFUNC = int4larger, STYPE = int, FINALFUNC = public.ending)',
    'SET search_path = public, pg_catalog',
    'SELECT max(id) FROM shop.harmless',
  ],
  'an aggregate of an ordered set': [
    purging('public.ending', 'int[], int', 'int', '1'),
    'CREATE AGGREGATE public.mine(int ORDER BY int) (SFUNC = array_append, STYPE = int[], FINALFUNC = public.ending)',
    'SELECT public.mine(1) WITHIN GROUP (ORDER BY id) FROM shop.harmless',
  ],
  'an operator before its argument': [
    purging('ops.minus', 'varchar'),
    'CREATE OPERATOR ops.- (RIGHTARG = varchar, FUNCTION = ops.minus)',
    'SET search_path = ops',
    `SELECT - 'a'::varchar`,
  ],
  'an operator beside JSON': [
    purging('ops.arrow', 'varchar, varchar'),
    'CREATE OPERATOR ops.-> (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = ops.arrow)',
    'SET search_path = ops',
    `SELECT 'a'::varchar -> 'b'::varchar`,
  ],
  'a function’s default': [
    `CREATE FUNCTION public.fine(int DEFAULT shop.purge()) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'`,
    'SELECT public.fine()',
  ],
  'a summary of an index': [
    `CREATE FUNCTION shop.slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'`,
    'CREATE INDEX mine ON shop.harmless USING brin (shop.slow(id)) WITH (pages_per_range = 1)',
    `SELECT brin_desummarize_range('shop.mine', 0)`,
    `CREATE OR REPLACE FUNCTION shop.slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', (SELECT code FROM shop.secrets LIMIT 1); RETURN $1; END'`,
    `SELECT brin_summarize_new_values('shop.mine')`,
  ],
})
