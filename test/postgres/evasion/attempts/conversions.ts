import { evasions } from '../evasion.ts'
import { BODY, purging } from '../purging.ts'

/** Types whose values are made, read and converted where no cast is written. */
export const conversions = evasions(
  'found',
  {
    domain_in: `SELECT 1 WHERE domain_in('x', 'shop.checked'::regtype, -1) IS NULL`,
    record_in: `SELECT 1 WHERE record_in('(x)', 'shop.wrapped'::regtype, -1) IS NULL`,
    array_in: `SELECT 1 WHERE array_in('{x}', 'shop.checked'::regtype, -1) IS NULL`,
    pg_input_is_valid: `SELECT pg_input_is_valid('x', 'shop.checked')`,
    pg_input_error_info: `SELECT * FROM pg_input_error_info('x', 'shop.checked')`,
    'a domain by statistics that are restored': [
      'CREATE TABLE public.mine (w shop.checked)',
      `SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', 'mine', 'attname', 'w', 'inherited', false, 'version', 180000, 'null_frac', 0.1::real, 'avg_width', 2, 'n_distinct', -0.5::real, 'most_common_vals', '{x}'::text, 'most_common_freqs', '{0.5}'::real[])`,
    ],
    'a domain in a field that is assigned': [
      'CREATE TABLE public.mine (id int, c shop.wrapped)',
      'INSERT INTO public.mine (id) VALUES (1)',
      `UPDATE public.mine SET c.word = 'x'`,
    ],
    'a domain in a field that is inserted': ['CREATE TABLE public.mine (c shop.wrapped)', `INSERT INTO public.mine (c.word) VALUES ('x')`],
    'a domain over an array, by an element': [
      'CREATE DOMAIN public.list AS text[] CHECK (shop.checks(VALUE[1]))',
      'CREATE TABLE public.mine (id int, l public.list)',
      'INSERT INTO public.mine (id) VALUES (1)',
      `UPDATE public.mine SET l[1] = 'x'`,
    ],
    'a domain that JSON_VALUE returns': `SELECT JSON_VALUE('"x"'::jsonb, '$' RETURNING shop.checked)`,
    'a domain that JSON_QUERY returns': `SELECT JSON_QUERY('["x"]'::jsonb, '$' RETURNING shop.checked[])`,
    'a domain in JSON_TABLE': `SELECT * FROM JSON_TABLE('"x"'::jsonb, '$' COLUMNS (c shop.checked PATH '$'))`,
    'a domain by jsonb_populate_record_valid': `SELECT jsonb_populate_record_valid(NULL::shop.wrapped, '{"word": "x"}')`,
    'a cast to JSON of JSON_ARRAY': `SELECT JSON_ARRAY('sad'::shop.mood)`,
    'a cast to JSON of JSON_OBJECTAGG': 'SELECT JSON_OBJECTAGG(1: m) FROM shop.moods',
    'a cast in WHERE': [
      purging('public.holds', 'shop.mood'),
      'CREATE CAST (shop.mood AS boolean) WITH FUNCTION public.holds(shop.mood) AS IMPLICIT',
      'SELECT 1 FROM shop.moods WHERE m',
    ],
    'a cast in LIMIT': [
      purging('public.many', 'shop.mood', 'int8', '1'),
      'CREATE CAST (shop.mood AS int8) WITH FUNCTION public.many(shop.mood) AS IMPLICIT',
      `SELECT 1 LIMIT 'sad'::shop.mood`,
    ],
    'a cast in a subscript': [
      purging('public.nth', 'shop.mood', 'int', '1'),
      'CREATE CAST (shop.mood AS int) WITH FUNCTION public.nth(shop.mood) AS IMPLICIT',
      'SELECT (ARRAY[1])[m] FROM shop.moods',
    ],
    'a cast in FILTER': [
      purging('public.holds', 'shop.mood'),
      'CREATE CAST (shop.mood AS boolean) WITH FUNCTION public.holds(shop.mood) AS IMPLICIT',
      'SELECT count(*) FILTER (WHERE m) FROM shop.moods',
    ],
    'a cast in CASE': [
      purging('public.holds', 'shop.mood'),
      'CREATE CAST (shop.mood AS boolean) WITH FUNCTION public.holds(shop.mood) AS IMPLICIT',
      'SELECT CASE WHEN m THEN 1 END FROM shop.moods',
    ],
    'a cast in NOT': [
      purging('public.holds', 'shop.mood'),
      'CREATE CAST (shop.mood AS boolean) WITH FUNCTION public.holds(shop.mood) AS IMPLICIT',
      'SELECT NOT m FROM shop.moods',
    ],
    'a cast in a join': [
      purging('public.holds', 'shop.mood'),
      'CREATE CAST (shop.mood AS boolean) WITH FUNCTION public.holds(shop.mood) AS IMPLICIT',
      'SELECT 1 FROM shop.moods a JOIN shop.moods b ON a.m',
    ],
    'a cast in a foreign key': [
      purging('public.nth', 'shop.mood', 'int', '1'),
      'CREATE CAST (shop.mood AS int) WITH FUNCTION public.nth(shop.mood) AS IMPLICIT',
      'CREATE TABLE public.mine (m shop.mood REFERENCES shop.harmless)',
      `INSERT INTO public.mine VALUES ('sad')`,
    ],
    'a cast in an operator': [
      purging('public.nth', 'shop.mood', 'int', '1'),
      'CREATE CAST (shop.mood AS int) WITH FUNCTION public.nth(shop.mood) AS IMPLICIT',
      'SELECT m + 1 FROM shop.moods',
    ],
    'an attribute of a composite that is a function': [
      `CREATE FUNCTION public.spoil(shop.pair) RETURNS int ${BODY} 1; END'`,
      'SELECT (p).spoil FROM shop.pairs',
    ],
  },
  { typed: true },
)
