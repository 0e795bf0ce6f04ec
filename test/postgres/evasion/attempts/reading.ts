import { evasions } from '../evasion.ts'

/** Ways to read a table that are written about. */
export const reading = evasions('published', {
  union: 'SELECT word FROM shop.harmless UNION ALL SELECT code FROM shop.secrets',
  'union with an empty left': `SELECT word FROM shop.harmless WHERE false UNION SELECT code FROM shop.secrets`,
  'intersect and except': 'SELECT code FROM shop.secrets EXCEPT SELECT word FROM shop.harmless',
  'error by a cast': 'SELECT code::int FROM shop.secrets',
  'error by CAST': 'SELECT CAST((SELECT code FROM shop.secrets LIMIT 1) AS numeric)',
  'error by a cast of a concatenation': `SELECT ('~' || (SELECT code FROM shop.secrets LIMIT 1) || '~')::date`,
  'error by an address': 'SELECT (SELECT code FROM shop.secrets LIMIT 1)::inet',
  'error by an enum': `SELECT (SELECT code FROM shop.secrets LIMIT 1)::shop.state`,
  'error by xml': `SELECT xmlparse(document (SELECT '<' || code FROM shop.secrets LIMIT 1))`,
  'error by a name of a setting': 'SELECT current_setting((SELECT code FROM shop.secrets LIMIT 1))',
  'error by regclass': 'SELECT (SELECT code FROM shop.secrets LIMIT 1)::regclass',
  query_to_xml: `SELECT query_to_xml('SELECT * FROM shop.secrets', true, false, '')`,
  table_to_xml: `SELECT table_to_xml('shop.secrets', true, false, '')`,
  schema_to_xml: `SELECT schema_to_xml('shop', true, false, '')`,
  database_to_xml: { steps: `SELECT database_to_xml(true, false, '')` },
  cursor_to_xml: ['BEGIN', 'DECLARE c CURSOR FOR TABLE shop.secrets', `SELECT cursor_to_xml('c', 10, false, true, '')`, 'COMMIT'],
  ts_stat: `SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', code) FROM shop.secrets')`,
  ts_rewrite: `SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, to_tsquery(''simple'', quote_literal(code)) FROM shop.secrets LIMIT 1')`,
  string_agg: `SELECT string_agg(code, ',') FROM shop.secrets`,
  array_agg: 'SELECT array_agg(s) FROM shop.secrets s',
  'encoded in hexadecimal': `SELECT encode(convert_to(code, 'UTF8'), 'hex') FROM shop.secrets`,
  'encoded in base64': `SELECT encode(convert_to(substr(code, 1, 10), 'UTF8'), 'base64') FROM shop.secrets`,
  reversed: 'SELECT reverse(code) FROM shop.secrets',
  'one letter at a time': {
    steps: `SELECT substr((SELECT code FROM shop.secrets LIMIT 1), 1, 1) = 'x'`,
    harmless: 'One bit is too little for the judge to see; the statement reads the table all the same.',
  },
  'by its time': {
    steps: `SELECT CASE WHEN (SELECT code FROM shop.secrets LIMIT 1) LIKE 'x%' THEN pg_sleep(0.05) END`,
    harmless: 'A time is too little for the judge to see; the statement reads the table all the same.',
  },
  'file of the table': ['CHECKPOINT', `SELECT pg_read_binary_file(pg_relation_filepath('shop.secrets'))`],
  'file of the table, found by its name': [
    'CHECKPOINT',
    `SELECT encode(pg_read_binary_file('base/' || d.oid || '/' || c.relfilenode), 'escape') FROM pg_database d, pg_class c WHERE d.datname = current_database() AND c.relname = 'secrets'`,
  ],
  'file of the table as a large object': [
    'CHECKPOINT',
    `SELECT lo_import(pg_relation_filepath('shop.secrets'), 77)`,
    'SELECT convert_from(lo_get(77, 8100, 92), $$LATIN1$$)',
  ],
  'program of the server': [
    'CHECKPOINT',
    'CREATE TABLE shop.mine (line text)',
    `COPY shop.mine FROM PROGRAM 'cat base/*/* | tr -c "[:print:]" "\\n" | grep -a -h xyzzy'`,
    'TABLE shop.mine',
  ],
  'program of the server, seen in an error': [
    'CHECKPOINT',
    `COPY shop.traps FROM PROGRAM 'cat base/*/* | tr -c "[:print:]" "\\n" | grep -a -h xyzzy'`,
  ],
  'file of the server, seen in an error': {
    steps: `COPY shop.harmless FROM '/etc/passwd'`,
    harmless: 'It reads a file, which is no table; what is forbidden here is not in it.',
  },
  dblink: [`SELECT ext.dblink_connect_u('c', 'loop')`, `SELECT * FROM ext.dblink('c', 'TABLE shop.secrets') AS t(a int, b text)`],
  'a foreign table': 'SELECT * FROM shop.remote',
  'foreign table of one’s own': [
    `CREATE FOREIGN TABLE shop.mine (code text) SERVER loop OPTIONS (schema_name 'shop', table_name 'secrets')`,
    'SELECT * FROM shop.mine',
  ],
  'import foreign schema': [
    'CREATE SCHEMA mine',
    'IMPORT FOREIGN SCHEMA shop LIMIT TO (secrets) FROM SERVER loop INTO mine',
    'TABLE mine.secrets',
  ],
  'file_fdw with a program': [
    'CHECKPOINT',
    `CREATE FOREIGN TABLE shop.mine (line text) SERVER files OPTIONS (program 'cat base/*/* | tr -c "[:print:]" "\\n" | grep -a -h xyzzy')`,
    'TABLE shop.mine',
  ],
  crosstab: `SELECT * FROM ext.crosstab('SELECT id, id, code FROM shop.secrets') AS t(a int, b text)`,
  connectby: `SELECT * FROM ext.connectby('shop.secrets', 'code', 'code', 'xyzzy-7f3a-1', 0) AS t(a text, b text, c int)`,
  xpath_table: {
    steps: `SELECT * FROM ext.xpath_table('id', 'code', 'shop.secrets', '/a', 'true') AS t(id int, x text)`,
    harmless: 'What it reads is no XML here, and the error says no more.',
  },
  statistics: {
    steps: ['ANALYZE shop.secrets', `SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'secrets'`],
  },
  'extended statistics': [
    'INSERT INTO shop.secrets SELECT n, code FROM shop.secrets, generate_series(100, 105) n WHERE id = 1',
    'CREATE STATISTICS shop.mine (mcv) ON id, code FROM shop.secrets',
    'ANALYZE shop.secrets',
    `SELECT most_common_vals FROM pg_stats_ext WHERE tablename = 'secrets'`,
  ],
  'page of the table': {
    steps: `SELECT ext.get_raw_page('shop.secrets', 0)`,
    harmless: 'PostgreSQL lets only superusers call it.',
  },
  xmltable: `SELECT * FROM xmltable('/a' PASSING (SELECT xmlelement(name a, code) FROM shop.secrets LIMIT 1) COLUMNS x text PATH '.')`,
  'json_table of newer versions': {
    steps: `SELECT * FROM json_table((SELECT to_jsonb(code) FROM shop.secrets LIMIT 1), '$' COLUMNS (x text PATH '$'))`,
  },
  'server-side cursor of a function': ['BEGIN', 'SELECT shop.opened()', 'FETCH ALL FROM opened', 'COMMIT'],
  'notice of a DO': `DO $$ DECLARE c text; BEGIN SELECT code INTO c FROM shop.secrets LIMIT 1; RAISE NOTICE '%', c; END $$`,
  notification: ['LISTEN news', `SELECT pg_notify('news', code) FROM shop.secrets`],
  'through a setting': [`SELECT set_config('my.secret', (SELECT code FROM shop.secrets LIMIT 1), false)`, 'SHOW my.secret'],
  'through the name of the application': [
    `SELECT set_config('application_name', (SELECT code FROM shop.secrets LIMIT 1), false)`,
    'SELECT current_setting($$application_name$$)',
  ],
})
