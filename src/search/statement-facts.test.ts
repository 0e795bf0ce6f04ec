import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadTime } from '../../test/parts/thread-time.ts'
import { statementFacts } from './statement-facts.ts'

const facts = (text: string) => {
  const { actions, objects } = statementFacts(text, 100_000)
  return [actions.join(', '), objects.join(', ')]
}

describe('what a statement does', () => {
  it.each([
    ['select 1', 'select'],
    ['  /* a /* nested */ comment */ -- and another\n SELECT 1', 'select'],
    ['select 1; delete from t; update t set a = 1', 'select, delete, update'],
    ['with gone as (delete from t returning *) select * from gone', 'with, delete, select'],
    [
      'with a as (select 1), b as materialized (insert into t select * from a returning 1) update u set x = 1',
      'with, select, insert, update',
    ],
    ['explain (analyze, verbose) delete from t', 'explain, delete'],
    ['explain analyze update t set a = 1', 'explain, update'],
    ['copy (select * from t) to stdout', 'copy, select'],
    ['alter role alice superuser', 'alter, alter role'],
    ['create or replace temp view v as select 1', 'create, create view, select'],
    ['create unique index concurrently i on t (a)', 'create, create index'],
    ['drop materialized view v', 'drop, drop materialized, drop materialized view'],
    ['alter user alice', 'alter, alter user, alter user alice'],
    ['set role admin', 'set, set role'],
    ['set local statement_timeout = 1', 'set, set local'],
    ['set search_path = evil', 'set'],
    ['grant select, update on t to alice', 'grant'],
    ['select 1 for update', 'select'],
    ['insert into t values (1) on conflict (a) do update set b = 1', 'insert'],
    ["select 'delete from t', E'it\\'s; drop table t', $$ drop table t $$, $a$ $$; truncate t $a$", 'select'],
    ['do $$ begin delete from t; end $$', 'do'],
    ['prepare p as delete from t', 'prepare, delete'],
    ['nonsense here', ''],
    ['', ''],
  ])('%s', (text, actions) => {
    expect(facts(text)[0]).toBe(actions)
  })
})

describe('what a statement is about', () => {
  it.each([
    ['select * from customers', 'customers'],
    [
      'select * from Public.Customers c, "Odd Name" as o, orders where a in (select b from other)',
      'public.customers, customers, odd name, orders, other',
    ],
    ['select a, b from t left join lateral s.u on f(a, b) using (x), v', 't, s.u, u, v'],
    ['insert into "S"."T" (a, b) select 1, 2', 's.t, t'],
    ['update only t set a = b.c, d = 1 from e', 't, e'],
    ['delete from t using u where true', 't, u'],
    ['merge into t using s on t.a = s.a when matched then update set b = 1', 't, s'],
    ['truncate a, only b, table c', 'a, b, c'],
    ['truncate table a, b restart identity', 'a, b'],
    ['copy t (a, b) from stdin', 't'],
    ['create table if not exists a.t (b text references c)', 'a.t, t'],
    ['create index i on t (a)', 'i, t'],
    ['grant select on table t, u to alice', 't, u'],
    ['drop role alice, bob', 'alice, bob'],
    ['select 1 is distinct from x', ''],
    ['select 1 from t for update', 't'],
    ['insert into t values (1) on conflict do update set a = 1', 't'],
    ['select * from"t"where"a"=1', 't'],
    ["select ' from x ' from t -- from y\n", 't'],
    ['select $1 from $2', ''],
    ['select * from tränen join 表 on true', 'tränen, 表'],
    ['call s.p(1, 2)', 's.p, p'],
    ['select * from U&"d\\0061ta"', 'd\\0061ta'],
  ])('%s', (text, objects) => {
    expect(facts(text)[1]).toBe(objects)
  })
})

describe('hostile text', () => {
  it('takes time linear to its length', () => {
    const hostile = [
      '/*',
      '/**/',
      '"',
      "'",
      "''",
      '$a$',
      '$$',
      '(',
      ')',
      '--',
      "E'\\",
      '1e',
      'from a,',
      'with a as (',
      'a.',
      ';delete from t',
      '\u0000',
      '+-',
    ]
    for (const piece of hostile) {
      const text = piece.repeat(Math.ceil(250_000 / piece.length))
      const started = threadTime()
      const { actions, objects } = statementFacts(text, 1_000_000)
      expect(threadTime() - started, piece).toBeLessThan(500)
      expect(actions.length).toBeLessThanOrEqual(32)
      expect(objects.length).toBeLessThanOrEqual(64)
    }
  })

  it('is cut, not refused', () => {
    expect(statementFacts('select * from a; drop table b', 16).objects).toEqual(['a'])
    expect(statementFacts(`select * from ${'n'.repeat(10_000)}`, 100_000).objects[0]).toHaveLength(256)
  })

  it.each(['table "', 'select * from ""', 'select * from "" where a = 1'])('names nothing where nothing is named: %s', (text) =>
    expect(statementFacts(text, 1000).objects).toEqual([]),
  )

  it('gives what can be kept, whatever it is', () => {
    const piece = fc.constantFrom(
      'select',
      'from',
      'with',
      '(',
      ')',
      '"',
      "'",
      '$$',
      '$t$',
      '/*',
      '*/',
      '--',
      '\n',
      '.',
      ',',
      ';',
      'on',
      'table',
      'é',
      '\ud800',
      "e'",
      '\\',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 60 }), (pieces) => {
        for (const each of [...statementFacts(pieces.join(' '), 1000).objects, ...statementFacts(pieces.join(''), 1000).objects])
          expect(each).not.toBe('')
      }),
    )
  })
})
