import { evasions } from '../evasion.ts'

/** Clauses of newer versions, and functions of XML and JSON that read. */
export const clauses = evasions('found', {
  'OLD in RETURNING of an UPDATE': 'UPDATE shop.secrets SET id = id RETURNING OLD.code',
  'NEW in RETURNING of an UPDATE': 'UPDATE shop.secrets SET id = id RETURNING NEW.*',
  'OLD under another name': 'UPDATE shop.secrets SET id = id RETURNING WITH (OLD AS was) was.code',
  'OLD as a row': 'DELETE FROM shop.secrets RETURNING OLD',
  'OLD of what was in the way': `INSERT INTO shop.secrets VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET code = EXCLUDED.code RETURNING OLD.code`,
  'OLD through a view': 'UPDATE shop.secret_view SET id = id RETURNING OLD.code',
  'OLD of a parent': 'UPDATE shop.parent SET id = id RETURNING OLD.code',
  'OLD in a subquery of RETURNING': 'UPDATE shop.secrets SET id = id RETURNING (SELECT OLD.code)',
  'OLD of a MERGE':
    'MERGE INTO shop.secrets s USING shop.harmless h ON s.id = h.id WHEN MATCHED THEN UPDATE SET id = s.id RETURNING OLD.code',
  'a MERGE of what no source matches':
    'MERGE INTO shop.orders o USING shop.loose l ON o.id = l.id + 1000 WHEN NOT MATCHED BY SOURCE THEN DELETE',
  'a MERGE that returns its action':
    'MERGE INTO shop.orders o USING shop.loose l ON o.id = l.id WHEN MATCHED THEN DELETE RETURNING merge_action()',
  'a MERGE that returns its source':
    'MERGE INTO shop.loose l USING shop.secrets s ON l.id = s.id WHEN MATCHED THEN UPDATE SET id = l.id RETURNING s.code',
  'a MERGE in WITH':
    'WITH x AS (MERGE INTO shop.orders o USING shop.loose l ON o.id = l.id WHEN MATCHED THEN DELETE RETURNING o.id) SELECT count(*) FROM x',
  'a MERGE into a view': 'MERGE INTO shop.order_view o USING shop.loose l ON o.id = l.id WHEN MATCHED THEN DELETE',
  'a MERGE into a parent of partitions': 'MERGE INTO shop.vault v USING shop.loose l ON v.id = l.id WHEN MATCHED THEN DELETE',
  'JSON_ARRAY of a query': 'SELECT JSON_ARRAY(SELECT code FROM shop.secrets)',
  'JSON_OBJECT of a query': `SELECT JSON_OBJECT('a': (SELECT code FROM shop.secrets LIMIT 1))`,
  JSON_OBJECTAGG: 'SELECT JSON_OBJECTAGG(id: code) FROM shop.secrets',
  'JSON_VALUE, passing': `SELECT JSON_VALUE('{}'::jsonb, '$x' PASSING (SELECT code FROM shop.secrets LIMIT 1) AS x)`,
  'JSON_TABLE, passing': `SELECT * FROM shop.secrets s, JSON_TABLE('{}'::jsonb, '$' PASSING s.code AS x COLUMNS (c text PATH '$x'))`,
  'JSON_TABLE in a path of its own': `SELECT * FROM shop.loose l, JSON_TABLE((SELECT to_jsonb(array_agg(code)) FROM shop.secrets), '$[*]' COLUMNS (NESTED PATH '$' COLUMNS (c text PATH '$')))`,
  JSON_SCALAR: 'SELECT JSON_SCALAR((SELECT code FROM shop.secrets LIMIT 1))',
  JSON_SERIALIZE: 'SELECT JSON_SERIALIZE((SELECT to_json(code) FROM shop.secrets LIMIT 1))',
  'XMLTABLE by a path': `SELECT * FROM xmltable('/a' PASSING ('<a/>'::xml) COLUMNS x text PATH (SELECT quote_literal(code) FROM shop.secrets LIMIT 1))`,
  'XMLTABLE by a default': `SELECT * FROM xmltable('/a' PASSING ('<a/>'::xml) COLUMNS x text PATH 'b' DEFAULT (SELECT code FROM shop.secrets LIMIT 1))`,
  XMLPI: `SELECT xmlpi(name a, (SELECT code FROM shop.secrets LIMIT 1))`,
  XMLSERIALIZE: `SELECT xmlserialize(CONTENT (SELECT xmlelement(name a, code) FROM shop.secrets LIMIT 1) AS text)`,
  'query_to_xml with a schema': `SELECT query_to_xml_and_xmlschema('TABLE shop.secrets', true, false, '')`,
  'table_to_xml with a schema': `SELECT table_to_xml_and_xmlschema('shop.secrets', true, false, '')`,
  'schema_to_xml with a schema': `SELECT schema_to_xml_and_xmlschema('shop', true, false, '')`,
  'database_to_xml with a schema': 'SELECT database_to_xml_and_xmlschema(true, false, $$$$)',
  'table_to_xml of a view': `SELECT table_to_xml('shop.secret_view', true, false, '')`,
  'ts_stat with weights': `SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', code) FROM shop.secrets', 'abcd')`,
  'ts_stat of a name that is computed': `SELECT word FROM ts_stat(reverse('sterces.pohs MORF )edoc ,''elpmis''(rotcevst_ot TCELES'))`,
  'GROUPING SETS of a query': 'SELECT (SELECT code FROM shop.secrets LIMIT 1) FROM shop.harmless GROUP BY ROLLUP (id), CUBE (word)',
  'a query in the arguments of a window': 'SELECT lag((SELECT code FROM shop.secrets LIMIT 1), 0) OVER (ORDER BY id) FROM shop.harmless',
  'a recursion that is marked': `WITH RECURSIVE r(n, c) AS (SELECT 1, '' UNION ALL SELECT n + 1, (SELECT code FROM shop.secrets LIMIT 1) FROM r WHERE n < 2) CYCLE n SET again USING way TABLE r`,
  'ONLY in parentheses': 'SELECT * FROM ONLY (shop.secrets)',
  'explain that serialises': {
    steps: 'EXPLAIN (ANALYZE, SERIALIZE) SELECT code FROM shop.secrets',
    harmless: 'A plan shows no rows; the statement reads the table all the same.',
  },
  'explain of a plan for all values': {
    steps: [
      'PREPARE p(text) AS SELECT * FROM shop.secrets WHERE code > $1',
      `EXPLAIN (GENERIC_PLAN) SELECT * FROM shop.secrets WHERE code > $1`,
    ],
    harmless: 'A plan shows no rows.',
  },
})
