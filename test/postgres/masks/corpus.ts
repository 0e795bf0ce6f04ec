import * as build from '../../../src/protocols/postgres/wire/build.ts'
import { Random } from '../../detectors/random.ts'
import { type Attempt, bound, group, type Step, simple, undone } from './attempt.ts'

/** Where a masked column can be found, under which name. */
interface Source {
  readonly from: string
  readonly column: string
}

const SOURCES: readonly Source[] = [
  { from: 'customers s', column: 's.email' },
  { from: 'customers s', column: 's.ssn' },
  { from: 'only public.customers s', column: 's.email' },
  { from: 'customers as s(a, b, c)', column: 's.c' },
  { from: '(select * from customers) s', column: 's.email' },
  { from: '(select email as other, id from customers) s', column: 's.other' },
  { from: '(select c.* from customers c join orders o on o.customer = c.id) s', column: 's.email' },
  { from: 'orders o cross join lateral (select email from customers where id = o.customer) s', column: 's.email' },
  { from: 'orders o left join customers s on s.id = o.customer', column: 's.email' },
  { from: 'plain_view s', column: 's.email' },
  { from: 'over_view s', column: 's.contact' },
  { from: 'made_view s', column: 's.line' },
  { from: 'row_view s', column: '(s.whole).email' },
  { from: 'cte_view s', column: 's.email' },
  { from: 'union_view s', column: 's.email' },
  { from: 'agg_view s', column: 's.email' },
  { from: 'stored_view s', column: 's.email' },
  { from: 'far s', column: 's.email' },
  { from: 'vip s', column: 's.email' },
  { from: 'events s', column: 's.email' },
  { from: 'events_2 s', column: 's.email' },
  { from: 'all_of() s', column: 's.email' },
  { from: 'mail_of(1) s(email)', column: 's.email' },
  { from: 'customers s', column: 's.shout' },
  { from: '(select email from customers union all select name from customers) s', column: 's.email' },
  { from: '(table customers) s', column: 's.email' },
  { from: '(values ((select email from customers where id = 1))) s(email)', column: 's.email' },
  { from: 'rows from (all_of(), generate_series(1, 2)) s', column: 's.email' },
  { from: '(select unnest(array(select email::text from customers)) as email) s', column: 's.email' },
]

/** What is made of it; `@` stands for the column, `s` for the row. */
const EXPRESSIONS: readonly string[] = [
  '@',
  '@ as id',
  '@::text',
  'cast(@ as varchar(60))',
  '@::name',
  "@ || ''",
  "'<' || @ || '>'",
  '@ collate "C"',
  'upper(@)',
  'lower(@)',
  'initcap(@)',
  'reverse(@)',
  'substr(@, 2, 12)',
  'left(@, 12)',
  'right(@, 12)',
  "split_part(@, '@', 1)",
  "regexp_replace(@, '^', '_')",
  "regexp_matches(@, '(.*)')",
  "string_to_array(@, '@')",
  "regexp_split_to_table(@, '@')",
  "translate(@, '@', '#')",
  'lpad(@, 60)',
  "overlay(@ placing '' from 1 for 1)",
  'repeat(@, 2)',
  "concat(@, '')",
  "concat_ws('-', @, 'x')",
  "format('%s and %L', @, @)",
  'quote_literal(@)',
  'quote_ident(@)',
  "encode(convert_to(@, 'UTF8'), 'hex')",
  "encode(convert_to(@, 'UTF8'), 'base64')",
  "convert_to(@, 'UTF8')",
  'to_json(@)',
  'to_jsonb(@)',
  "json_build_object('k', @)",
  'jsonb_build_array(1, @)',
  "jsonb_set('{}', '{a}', to_jsonb(@::text))",
  "json_object(array['k'], array[@::text])",
  'array[@]',
  '(array[@])[1]',
  "array[@::text] || 'x'::text",
  "array_to_string(array[@], ',')",
  'unnest(array[@])',
  'row(@, 1)',
  'case when true then @ end',
  "case s.* is null when true then 'x' else @ end",
  'coalesce(null, @)',
  "nullif(@, '')",
  "greatest(@, '')",
  'max(@)',
  'min(@)',
  "string_agg(@, ',')",
  'array_agg(@)',
  'json_agg(@)',
  "json_object_agg('k', @)",
  'max(@) over ()',
  'first_value(@) over ()',
  'lag(@, 0) over ()',
  'glued(@)',
  'same(@)',
  "@ operator(public.|||) ''",
  '(select @)',
  '(select max(t.v) from (select @ as v) t)',
  'array(select @)',
  "to_tsvector('simple', @)",
  'row_to_json(s)',
  'to_jsonb(s)',
  's',
  's::text',
  's.*',
  'json_agg(s)',
  'array_agg(s)',
  'xmlelement(name x, @)',
]

/** Ways to have rows of a query sent. */
const CARRIERS: Readonly<Record<string, (query: string) => readonly Step[]>> = {
  'simple query': (query) => [simple(query)],
  'second of three': (query) => [simple(`select 1; ${query}; select 'last'`)],
  'described portal': (query) => [group(build.parse('', query), bound('', '', 0), build.describe('P', ''), build.execute(''))],
  'no Describe': (query) => [group(build.parse('', query), bound('', '', 0), build.execute(''))],
  'described statement': (query) => [
    group(build.parse('s1', query), build.describe('S', 's1')),
    group(bound('p1', 's1', 0), build.execute('p1')),
    group(build.close('S', 's1')),
  ],
  binary: (query) => [group(build.parse('', query), bound('', '', 1), build.execute(''))],
  'binary, described': (query) => [group(build.parse('', query), bound('', '', 1), build.describe('P', ''), build.execute(''))],
  'by one row': (query) => [
    group(build.parse('', query), bound('p2', '', 0), build.execute('p2', 1), build.execute('p2', 1), build.execute('p2', 0)),
    group(build.execute('p2', 0)),
  ],
  'by one row, later': (query) => [
    group(build.parse('', query), bound('p3', '', 1), build.execute('p3', 1)),
    group(build.execute('p3', 5)),
  ],
  pipeline: (query) => [
    group(build.parse('', 'select 1'), bound('', '', 0), build.execute(''), build.parse('', query), bound('', '', 0), build.execute('')),
  ],
  cursor: (query) => [simple(`declare c cursor for ${query}`), simple('fetch all from c')],
  'binary cursor': (query) => [simple(`declare c binary cursor for ${query}`), simple('fetch 1 from c; fetch 2 from c')],
  'cursor in one': (query) => [simple(`declare c scroll cursor for ${query}; fetch all from c; fetch backward 1 from c`)],
  'fetched by portal': (query) => [
    simple(`declare c cursor for ${query}`),
    group(build.parse('', 'fetch all from c'), bound('', '', 1), build.execute('')),
  ],
  'prepared in SQL': (query) => [simple(`prepare q as ${query}`), simple('execute q'), simple('deallocate q')],
  'executed by portal': (query) => [
    simple(`prepare q as ${query}`),
    group(build.parse('', 'execute q'), bound('', '', 0), build.execute('')),
    simple('deallocate q'),
  ],
  'COPY, text': (query) => [simple(`copy (${query}) to stdout`)],
  'COPY, CSV': (query) => [simple(`copy (${query}) to stdout (format csv, header, force_quote *)`)],
  'COPY, binary': (query) => [simple(`copy (${query}) to stdout (format binary)`)],
  'COPY by portal': (query) => [group(build.parse('', `copy (${query}) to stdout (delimiter '|')`), bound('', '', 0), build.execute(''))],
  subquery: (query) => [simple(`select * from (${query}) w`)],
  'subquery, renamed': (query) => [simple(`select w.*, w.id as "email" from (${query}) w(id)`)],
  CTE: (query) => [simple(`with w as materialized (${query}) select * from w`)],
  'union behind': (query) => [simple(`(select null) union all (select w::text from (${query}) w)`)],
  'row of a row': (query) => [simple(`select row_to_json(w) from (${query}) w`)],
  'text of a row': (query) => [simple(`select 'row ' || w::text from (${query}) w`)],
  'created table': (query) => [simple(`create temp table kept as ${query}`), simple('select * from kept')],
  'select into': (query) => [simple(`select w.* into temp kept from (${query}) w; table kept`)],
  'inserted elsewhere': (query) => [simple(`insert into sink (x) select w::text from (${query}) w returning x`), simple('table sink')],
  view: (query) => [simple(`create temp view kept as ${query}`), simple('select * from kept')],
  'failed cast': (query) => [simple(`select w::text::int from (${query}) w`)],
  'failed division': (query) => [simple(`select ('{' || w::text || '}')::int[] from (${query}) w`)],
  'a notice': (query) => [simple(`select told(w::text) from (${query}) w`)],
  'an exception': (query) => [simple(`select failed(w::text) from (${query}) w`)],
  explained: (query) => [simple(`explain (analyze, verbose, costs off) ${query}`), simple(`select w::text::int from (${query}) w`)],
}

const NAMES = Object.keys(CARRIERS)

function queryOf({ from, column }: Source, expression: string): string {
  return `select ${expression.replaceAll('@', column)} from ${from} limit 3`
}

/** So many attempts of a seed: each source, expression and carrier is among them, and then whatever comes. */
export function generated(seed: number, count: number): Attempt[] {
  const random = new Random(seed)
  const attempts: Attempt[] = []
  const add = (source: Source, expression: string, carrier: string) => {
    const query = queryOf(source, expression)
    attempts.push(undone(`${carrier}: ${query}`, ...CARRIERS[carrier]!(query)))
  }
  for (const source of SOURCES) add(source, '@', random.one(NAMES))
  for (const expression of EXPRESSIONS) add(random.one(SOURCES.slice(0, 20)), expression, random.one(NAMES.slice(0, 20)))
  for (const carrier of NAMES) add(random.one(SOURCES), random.one(EXPRESSIONS.slice(0, 3)), carrier)
  while (attempts.length < count) add(random.one(SOURCES), random.one(EXPRESSIONS), random.one(NAMES))
  return attempts
}
