/*
 * The world in which lineage is held up against a real server: the same schema in many databases, which differ in the values of one column
 * of one base table each. A result that differs between two of them has that column in it.
 */

/** Base tables, and views upon views. */
export const SCHEMA = `
CREATE TYPE address AS (street text, zip int);
CREATE TABLE people (id int PRIMARY KEY, email text, name text, age int, dropped int, born date, vip bool, doc jsonb, tags text[], home address,
  shout text GENERATED ALWAYS AS (upper(email) || '!') STORED, twice int GENERATED ALWAYS AS (age * 2) STORED);
ALTER TABLE people DROP COLUMN dropped;
CREATE TABLE orders (id int, total int, note text, placed date, person int);
CREATE TABLE parts (id int, region int, secret text, amount int) PARTITION BY LIST (region);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1, 2); CREATE TABLE parts_2 (region int, amount int, id int, secret text);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (3, 4, 5);
CREATE TABLE parent (id int, code text); CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE sink (id int, x text, y int, z text, w text GENERATED ALWAYS AS ('<' || x || '>') STORED);

CREATE VIEW v_simple AS SELECT id, email, name AS label, age FROM people;
CREATE VIEW v_expr AS SELECT id, lower(email) AS low, coalesce(name, '?') || '-' || age AS mix, born + 1 AS next, shout, twice FROM people;
CREATE VIEW v_join AS SELECT p.id, p.email, o.total, o.note FROM people p LEFT JOIN orders o ON o.person = p.id;
CREATE VIEW v_agg AS SELECT person AS id, sum(total) AS total, count(note) AS notes, string_agg(note, ',' ORDER BY id) AS all_notes FROM orders GROUP BY person;
CREATE VIEW v_over AS SELECT id, low, mix, row_number() OVER (ORDER BY low) AS place, count(*) OVER (PARTITION BY mix) AS same FROM v_expr;
CREATE VIEW v_union AS SELECT id, email AS who FROM people UNION ALL SELECT id, note FROM orders;
CREATE VIEW v_distinct AS SELECT id, email AS who FROM people UNION SELECT id, note FROM orders;
CREATE VIEW v_except AS SELECT id, name FROM people EXCEPT SELECT id, note FROM orders;
CREATE VIEW v_cte AS WITH c AS (SELECT id, email, home FROM people), d AS (SELECT c.*, (c.home).street FROM c) SELECT id, email AS mail, street FROM d;
CREATE VIEW v_rec AS WITH RECURSIVE r (id, path, other) AS (SELECT id, name, email FROM people WHERE id = 1
  UNION ALL SELECT id + 1, other, path || '/' || id FROM r WHERE id < 4) SELECT * FROM r;
CREATE VIEW v_sub AS SELECT id, (SELECT max(o.total) FROM orders o WHERE o.person = p.id) AS top,
  EXISTS (SELECT 1 FROM orders o WHERE o.note LIKE '%a%' AND o.person = p.id) AS has, age IN (SELECT total FROM orders) AS among,
  ARRAY(SELECT amount FROM parts ORDER BY id) AS amounts FROM people p;
CREATE VIEW v_filter AS SELECT id, name FROM people WHERE age > 30;
CREATE VIEW v_first AS SELECT DISTINCT ON (vip) id, vip, email FROM people ORDER BY vip, id;
CREATE VIEW v_case AS SELECT id, CASE WHEN vip THEN email ELSE name END AS shown, nullif(age, 27) AS na, age IS NULL AS noage,
  nullif(age, 27) IS NULL AS guessed, greatest(name, 'm') AS big FROM people;
CREATE VIEW v_values AS SELECT p.id, v.a, v.b, p.email FROM people p, LATERAL (VALUES (p.id, p.name), (p.age, 'k')) v (a, b);
CREATE VIEW v_using AS SELECT * FROM (SELECT id, email, age FROM people) p JOIN (SELECT id, total FROM orders) o USING (id);
CREATE VIEW v_full AS SELECT id, a.email, b.note FROM people a FULL JOIN orders b USING (id);
CREATE VIEW v_row AS SELECT p.id, p AS whole, to_jsonb(p) AS js, ROW(p.name, p.age)::address AS pair, (p).born AS born FROM people p;
CREATE VIEW v_srf AS SELECT id, unnest(tags) AS tag, t.k, t.v FROM people, jsonb_each_text(doc) AS t (k, v);
CREATE VIEW v_parts AS SELECT id, region, secret FROM parts;
CREATE VIEW v_inherit AS SELECT id, code, tableoid::regclass::text AS rel FROM parent;
CREATE VIEW v_rollup AS SELECT vip, count(*) AS n, grouping(vip) AS g, max(email) AS top FROM people GROUP BY ROLLUP (vip);
CREATE VIEW v_group AS SELECT age / 10 AS decade, count(*) AS n, min(name) AS first FROM people GROUP BY age / 10;
CREATE VIEW v_deep AS SELECT d.*, s.top, s.has FROM v_cte d JOIN v_sub s USING (id);
CREATE VIEW v_count AS SELECT 1 AS id, count(CASE WHEN age > 40 THEN 1 END) AS old, count(age) AS known, sum(age) FILTER (WHERE total > 50) AS rich
  FROM people JOIN orders USING (id);
CREATE VIEW v_window AS SELECT id, lag(email) OVER w AS before, rank() OVER (PARTITION BY vip ORDER BY id) AS place FROM people WINDOW w AS (ORDER BY id);
CREATE VIEW v_xml AS SELECT id, xmlelement(name e, name)::text AS x, json_build_object('k', email)::text AS j, JSON_OBJECT('a': age)::text AS o FROM people;
CREATE VIEW v_nested AS SELECT u.id, u.who, e.low FROM v_union u LEFT JOIN v_expr e USING (id);
CREATE MATERIALIZED VIEW m_mat AS SELECT v.id, v.low, v.place, p.name FROM v_over v JOIN people p USING (id);
CREATE VIEW v_mat AS SELECT id, low || name AS both, place FROM m_mat;
`

/** Rows: the same in every database but for what `changed` does to one column. Some are NULL. */
export const FILL = `
INSERT INTO people (id, email, name, age, born, vip, doc, tags, home) SELECT i, CASE WHEN i % 7 <> 0 THEN 'u' || i || '@mail.test' END, 'name ' || (i * 37 % 11) || i,
  CASE WHEN i % 5 <> 0 THEN 20 + i * 7 % 60 END, DATE '1980-01-01' + i * 100, i % 3 = 0, jsonb_build_object('k' || i % 2, 'value ' || i),
  ARRAY['t' || i, 'x' || i % 4], ROW('street ' || i, 1000 + i)::address FROM generate_series(1, 12) i;
INSERT INTO orders SELECT i, 10 * i % 97, CASE WHEN i % 4 <> 0 THEN 'note ' || chr(96 + i) END, DATE '2026-01-01' + i, 1 + i % 9 FROM generate_series(1, 14) i;
INSERT INTO parts SELECT i, 1 + i % 5, 'secret ' || i, i * 3 FROM generate_series(1, 10) i;
INSERT INTO parent SELECT i, 'code ' || i FROM generate_series(1, 4) i; INSERT INTO child SELECT i, 'code ' || i, 'extra ' || i FROM generate_series(5, 8) i;
INSERT INTO sink VALUES (1, 'x', 1, 'z'), (2, 'xx', 2, 'zz');
`

/** How the values of a base column are changed: as SQL that stands behind FILL. NULL stays NULL. */
export const CHANGES: Readonly<Record<string, string>> = {
  'public.people.email': `email = reverse(email) || 'A'`,
  'public.people.name': `name = reverse(name) || 'A' || name`,
  'public.people.age': 'age = 11000 - age * 7',
  'public.people.born': "born = DATE '2000-01-01' - (born - DATE '1980-01-01')",
  'public.people.vip': 'vip = NOT vip',
  'public.people.doc': `doc = (SELECT jsonb_object_agg(k || 'A', reverse(v)) FROM jsonb_each_text(doc) AS e (k, v))`,
  'public.people.tags': `tags = tags || reverse(tags[1])`,
  'public.people.home': `home = ROW(reverse((home).street), (home).zip * 3)::address`,
  'public.orders.total': 'total = 20000 - total * 3',
  'public.orders.note': `note = reverse(note) || 'aA'`,
  'public.orders.placed': 'placed = placed + 1000',
  'public.parts.secret': `secret = reverse(secret) || 'A'`,
  'public.parts.amount': 'amount = 5000 - amount',
  'public.parent.code': `code = reverse(code) || 'A'`,
  'public.child.extra': `extra = reverse(extra) || 'A'`,
}

/** `public.people.email` as the UPDATE that changes it. */
export function change(column: string): string {
  return `UPDATE ${column.split('.').slice(0, 2).join('.')} SET ${CHANGES[column]}`
}

/** What views choose, group and compare by: it changes which rows there are, and is no part of a value. By hand, from the text above. */
export const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  v_distinct: ['public.people.email', 'public.orders.note'],
  v_except: ['public.people.name', 'public.orders.note'],
  v_filter: ['public.people.age'],
  v_first: ['public.people.vip'],
  v_rollup: ['public.people.vip'],
  v_srf: ['public.people.tags', 'public.people.doc'],
  v_group: ['public.people.age'],
}

type Type = 'text' | 'int' | 'bool' | 'date' | 'json' | 'array' | 'row'
export interface Column {
  readonly name: string
  readonly type: Type
}
const columns = (text: string): readonly Column[] =>
  text.split(' ').map((each) => {
    const [name, letter = 'n'] = each.split(':') as [string, string?]
    return { name, type: ({ t: 'text', n: 'int', b: 'bool', d: 'date', j: 'json', a: 'array', r: 'row' } as const)[letter as 't'] }
  })

/** Every relation has a column `id`, which no database changes. */
export const RELATIONS: Readonly<Record<string, readonly Column[]>> = {
  people: columns('id email:t name:t age:n born:d vip:b doc:j tags:a home:r shout:t twice:n'),
  orders: columns('id total:n note:t placed:d person:n'),
  parts: columns('id region:n secret:t amount:n'),
  parts_2: columns('region:n amount:n id:n secret:t'),
  parent: columns('id code:t'),
  child: columns('id code:t extra:t'),
  v_simple: columns('id email:t label:t age:n'),
  v_expr: columns('id low:t mix:t next:d shout:t twice:n'),
  v_join: columns('id email:t total:n note:t'),
  v_agg: columns('id total:n notes:n all_notes:t'),
  v_over: columns('id low:t mix:t place:n same:n'),
  v_union: columns('id who:t'),
  v_distinct: columns('id who:t'),
  v_except: columns('id name:t'),
  v_cte: columns('id mail:t street:t'),
  v_rec: columns('id path:t other:t'),
  v_sub: columns('id top:n has:b among:b amounts:a'),
  v_filter: columns('id name:t'),
  v_first: columns('id vip:b email:t'),
  v_case: columns('id shown:t na:n noage:b guessed:b big:t'),
  v_values: columns('id a:n b:t email:t'),
  v_using: columns('id email:t age:n total:n'),
  v_full: columns('id email:t note:t'),
  v_row: columns('id whole:r js:j pair:r born:d'),
  v_srf: columns('id tag:t k:t v:t'),
  v_parts: columns('id region:n secret:t'),
  v_inherit: columns('id code:t rel:t'),
  v_deep: columns('id mail:t street:t top:n has:b'),
  v_count: columns('id old:n known:n rich:n'),
  v_window: columns('id before:t place:n'),
  v_xml: columns('id x:t j:t o:t'),
  v_nested: columns('id who:t low:t'),
  m_mat: columns('id low:t place:n name:t'),
  v_mat: columns('id both:t place:n'),
}
