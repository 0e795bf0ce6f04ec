import { bind, execute, parse, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'

const published = evasions(
  'published',
  {
    'a cast': 'SELECT 1::shop.pair',
    'a domain': `SELECT 'x'::shop.checked`,
  },
  { typed: true },
)

const found = evasions(
  'found',
  {
    'a domain over a domain': `SELECT 'x'::shop.checked_twice`,
    'a domain in an array': `SELECT '{x}'::shop.checked[]`,
    'a domain in an array of constants': `SELECT ARRAY['x']::shop.checked[]`,
    'a domain in a composite': `SELECT '(x)'::shop.wrapped`,
    'a domain in a row': `SELECT ROW('x')::shop.wrapped`,
    'a domain in an array of composites': `SELECT '{"(x)"}'::shop.wrapped[]`,
    'a domain by CAST': `SELECT CAST(word AS shop.checked) FROM shop.harmless`,
    'a domain by its name as a literal': `SELECT shop.checked 'x'`,
    'a domain by functional notation': `SELECT shop.checked('x')`,
    'a domain in a record function': `SELECT * FROM json_populate_record(NULL::shop.wrapped, '{"word": "x"}')`,
    'a domain in a list of columns': `SELECT * FROM json_to_record('{"word": "x"}') AS t(word shop.checked)`,
    'a domain in a list of columns of rows': `SELECT * FROM jsonb_to_recordset('[{"word": "x"}]') AS t(word shop.checked)`,
    'a domain in ROWS FROM': `SELECT * FROM ROWS FROM (json_to_record('{"word": "x"}') AS (word shop.checked)) t`,
    'a domain in XMLTABLE': `SELECT * FROM xmltable('/a' PASSING ('<a>x</a>'::xml) COLUMNS word shop.checked PATH '.')`,
    'a domain in XMLTABLE, by its default': `SELECT * FROM xmltable('/a' PASSING ('<a/>'::xml) COLUMNS word shop.checked PATH 'b' DEFAULT 'x')`,
    'a domain as a parameter': [`PREPARE p(shop.checked) AS SELECT $1`, `EXECUTE p('x')`],
    'a domain in a temporary table': ['CREATE TEMP TABLE mine (word shop.checked)', `INSERT INTO mine VALUES ('x')`],
    'a domain in a temporary table, on the way out': [
      `CREATE TEMP TABLE mine (word shop.checked DEFAULT 'x')`,
      'INSERT INTO mine DEFAULT VALUES',
    ],
    'a column whose type gets a domain': ['ALTER TABLE shop.loose ALTER word TYPE shop.checked'],
    'a column that is added with a domain': [`ALTER TABLE shop.harmless ADD extra shop.checked DEFAULT 'x'`],
    'a cast in an assignment': 'INSERT INTO shop.pairs (p) SELECT id FROM shop.harmless',
    'a cast in SET': 'UPDATE shop.pairs SET p = 5',
    'a cast that is implicit': 'SELECT length(p) FROM shop.pairs',
    'a cast that is implicit, of a constant': `SELECT length('(1,2)'::shop.pair)`,
    'a cast to JSON': 'SELECT to_json(m) FROM shop.moods',
    'a cast to JSON, of a row around': 'SELECT row_to_json(x) FROM shop.moods x',
    'a cast to JSON, of an aggregate': 'SELECT json_agg(m) FROM shop.moods',
    'a cast to JSON, of a constant': `SELECT to_jsonb('sad'::shop.mood)`,
    'a cast in a UNION': `SELECT p FROM shop.pairs UNION ALL SELECT 5::shop.pair`,
    'a cast by functional notation': { steps: 'SELECT shop.pair(1)', harmless: 'That notation does not find casts of composites.' },
    'a cast by text notation': { steps: 'SELECT text(p) FROM shop.pairs', harmless: 'That notation does not find casts by functions.' },
    'a cast by a column of a row': {
      steps: 'SELECT (p).text FROM shop.pairs',
      harmless: 'That notation does not find casts by functions.',
    },
    'a cast to an array': 'SELECT ARRAY[1]::shop.pair[]',
    'a range with a difference': [
      'CREATE TABLE shop.spans (s shop.span)',
      `INSERT INTO shop.spans SELECT shop.span(n, n + 1) FROM generate_series(1, 500) n`,
      'CREATE INDEX ON shop.spans USING gist (s)',
    ],
    'a view that casts': ['CREATE VIEW shop.mine AS SELECT id::shop.pair AS x FROM shop.harmless', 'TABLE shop.mine'],
    'a view that uses a domain': [`CREATE VIEW shop.mine AS SELECT word::shop.checked AS x FROM shop.harmless`, 'TABLE shop.mine'],
    'a row of an expanded function': 'SELECT (shop.to_pair(1)).*',
    'a sorting of rows by a class': {
      steps: [
        'CREATE OPERATOR CLASS shop.mine FOR TYPE shop.pair USING btree AS FUNCTION 1 shop.to_pair(int)',
        'SELECT p FROM shop.pairs ORDER BY p',
      ],
      harmless: 'Only superusers make operator classes.',
    },
    'a table that is made of a type': ['CREATE TABLE public.mine OF shop.wrapped', `INSERT INTO public.mine VALUES ('x')`],
    'a column that is called like a function': [
      'BEGIN',
      'ALTER TABLE shop.harmless ADD extra shop.checked',
      `INSERT INTO shop.harmless VALUES (96, 'x', 'y')`,
      'COMMIT',
    ],
    'a parameter of a domain': async (stage) => {
      const actor = await stage.session()
      await actor.send(parse('', 'SELECT $1::shop.checked'), bind('', '', ['x']), execute(''), sync())
    },
    'a parameter whose type is inferred': async (stage) => {
      const actor = await stage.session()
      await actor.say('CREATE TABLE shop.checks_of (word shop.checked)')
      await actor.send(parse('', 'SELECT 1 FROM shop.checks_of WHERE word = $1'), bind('', '', ['x']), execute(''), sync())
      await actor.send(parse('', 'INSERT INTO shop.checks_of VALUES ($1)'), bind('', '', ['x']), execute(''), sync())
    },
  },
  { typed: true },
)

/** Types with code behind them: domains, casts, ranges. */
export const types = [...published, ...found]
