import { celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Facts, SqlFacts } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { compileCondition, Situation, Surroundings } from './condition.ts'

/**
 * Every generated condition is asked in our engine and in an implementation of CEL that shares nothing with it. There a fact that is not
 * known is a key that is not in a map, which is an error too; only `has()` tells the two apart, and has its own test.
 */

const names = ['public.t', 'staging.a', 'staging.b', 'shop.ö', '', 'x'] as const
const someNames = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 })
const maybe = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: undefined, freq: 3 })

const anySql = fc.record({
  statements: fc.integer({ min: 0, max: 3 }),
  reads: maybe(someNames),
  writes: maybe(someNames),
  functions: maybe(someNames),
  bounded: maybe(fc.boolean()),
  transaction: maybe(fc.constantFrom('idle' as const, 'open' as const)),
  columns: maybe(fc.record({ output: someNames, predicate: someNames, written: someNames })),
})
const anyAsker = fc.record({
  principal: fc.record({ kind: fc.constant('job' as const), issuer: fc.constant('github'), subject: fc.constant('s'), groups: someNames }),
  resource: fc.record({ name: fc.constantFrom('orders', 'x'), kind: fc.constant('postgres' as const), tags: someNames }),
  run: fc.record({
    id: fc.constant('run_1' as const),
    facts: fc.record({ repository: fc.constantFrom('x', 'public.t') }, { requiredKeys: [] }),
  }),
  session: fc.record({ id: fc.constant('ses_1'), database: fc.constantFrom('x', 'shop.ö') }, { requiredKeys: ['id'] }),
})

const lists = [
  'sql.reads',
  'sql.writes',
  'sql.functions',
  'sql.columns.output',
  'sql.columns.written',
  'sql.classes',
  'principal.groups',
  'resource.tags',
]
const texts = ['sql.transaction', 'run.repository', 'session.database', 'resource.name', 'principal.issuer']
const patterns = ['^staging[.]', 'a|b', '[.]', '^$', 'x*', '\\\\.[a-z]$', '(?i)PUBLIC']

/** Expressions of one type, by the variables of loops around them. */
function expressions(
  depth: number,
  bound: readonly string[],
): { bool: fc.Arbitrary<string>; text: fc.Arbitrary<string>; list: fc.Arbitrary<string>; int: fc.Arbitrary<string> } {
  const literal = fc.constantFrom(...names).map((name) => JSON.stringify(name))
  const plainText = fc.oneof(literal, fc.constantFrom(...texts, ...bound, ...bound))
  const plainList = fc.oneof(fc.constantFrom(...lists), fc.constantFrom('["x", "public.t"]', '["staging.a"]'))
  const plainInt = fc.constantFrom('0', '1', '2', 'sql.statements', '3')
  if (depth === 0) return { bool: fc.constantFrom('true', 'false', 'sql.bounded'), text: plainText, list: plainList, int: plainInt }
  const variable = `v${bound.length}`
  const inner = expressions(depth - 1, bound)
  const looped = expressions(depth - 1, [...bound, variable])
  const { bool, text, list, int } = inner
  const macro = (name: string) => fc.tuple(list, looped.bool).map(([over, body]) => `${over}.${name}(${variable}, ${body})`)
  return {
    text: fc.oneof(
      { weight: 4, arbitrary: plainText },
      fc.tuple(text, text).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(bool, text, text).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(list, int).map(([a, b]) => `${a}[${b}]`),
    ),
    list: fc.oneof(
      { weight: 4, arbitrary: plainList },
      ...(bound.length < 2
        ? [
            macro('filter'),
            fc.tuple(list, looped.text).map(([over, body]) => `${over}.map(${variable}, ${body})`),
            fc.tuple(list, looped.bool, looped.text).map(([over, body, to]) => `${over}.map(${variable}, ${body}, ${to})`),
          ]
        : []),
    ),
    int: fc.oneof(
      { weight: 3, arbitrary: plainInt },
      list.map((of) => `size(${of})`),
      text.map((of) => `${of}.size()`),
      fc.tuple(int, fc.constantFrom('+', '-', '*', '/', '%'), int).map(([a, op, b]) => `(${a} ${op} ${b})`),
      int.map((of) => `-(${of})`),
    ),
    bool: fc.oneof(
      fc.constant('sql.bounded'),
      fc.tuple(bool, fc.constantFrom('&&', '||', '==', '!='), bool).map(([a, op, b]) => `((${a}) ${op} (${b}))`),
      fc.tuple(bool, fc.constantFrom('&&', '||'), bool).map(([a, op, b]) => `(${a} ${op} ${b})`),
      bool.map((of) => `!(${of})`),
      fc.tuple(bool, bool, bool).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(text, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), text).map(([a, op, b]) => `${a} ${op} ${b}`),
      fc.tuple(int, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), int).map(([a, op, b]) => `${a} ${op} ${b}`),
      fc.tuple(text, list).map(([a, b]) => `${a} in ${b}`),
      fc.tuple(list, fc.constantFrom('==', '!='), list).map(([a, op, b]) => `${a} ${op} ${b}`),
      fc.tuple(text, fc.constantFrom('startsWith', 'endsWith', 'contains'), text).map(([a, name, b]) => `${a}.${name}(${b})`),
      fc.tuple(text, fc.constantFrom(...patterns)).map(([a, pattern]) => `${a}.matches("${pattern}")`),
      ...(bound.length < 2 ? ['all', 'exists', 'exists_one', 'all', 'exists'].map(macro) : []),
    ),
  }
}

const known = (fields: Readonly<Record<string, unknown>>) =>
  new Map(Object.entries(fields).filter((entry): entry is [string, never] => entry[1] !== undefined))

function asOther({ principal, resource, run, session }: Asker, { effects, sql = { statements: 0 } }: Facts) {
  const { statements, columns, ...plain }: SqlFacts = sql
  const classes = [...new Set(effects.map((effect) => effect.class))]
  return {
    sql: known({ ...plain, statements: BigInt(statements), classes, columns: columns && known(columns) }),
    principal: known({ ...principal }),
    resource: known({ ...resource }),
    run: known({ id: run?.id, ...run?.facts }),
    session: known({ ...session }),
  }
}

const RUNS = Number(process.env.GATESCRIBE_DIFFERENTIAL_RUNS ?? 4000)

it('answers as another implementation of CEL does: true, false or error, whatever is unknown', () => {
  const other = celEnv()
  const reached = { true: 0, false: 0, error: 0, refused: 0 }
  fc.assert(
    fc.property(expressions(3, []).bool, anyAsker, anySql, (text, who, sql) => {
      let condition: ReturnType<typeof compileCondition>
      try {
        condition = compileCondition(text)
      } catch (error) {
        // Size and depth are bounded, types are not dynamic; whatever else is refused would be a hole of this test.
        expect((error as Error).message).toMatch(/Exceeded|three deep|at most|cannot be used in conditions|types do not fit/)
        reached.refused++
        return
      }
      const asker = who as Asker
      const facts = { effects: [{ class: 'read', action: 'select' }], sql: sql as SqlFacts }
      const said = condition.ask(new Situation(new Surroundings(asker), facts, 0))
      const expected = plan(other, parse(text))(asOther(asker, facts) as never)
      const [ours, theirs] = [said instanceof Error ? 'error' : said, isCelError(expected) ? 'error' : expected]
      reached[String(theirs) as keyof typeof reached]++
      expect(ours, text).toBe(theirs)
    }),
    { numRuns: RUNS, seed: 20261127 },
  )
  process.stdout.write(`conditions that were compared: ${JSON.stringify(reached)}\n`)
  for (const outcome of ['true', 'false', 'error'] as const) expect(reached[outcome]).toBeGreaterThan(RUNS / 10)
  expect(reached.refused).toBeLessThan(RUNS / 10)
}, 120_000)
