import { celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Facts, Json, SqlFacts } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { inZone } from './calendar.ts'
import { compileCondition, Situation, Surroundings } from './condition.ts'
import { FACTS } from './facts.ts'
import { jsonValue } from './json-value.ts'
import { objectOf } from './views.ts'

/**
 * Every generated condition is asked in our engine and in an implementation of CEL that shares nothing with it. There a fact that is not
 * known is a key that is not in a map, which is an error too. Only `has()` tells the two apart: what it is to mean here, true or an error, is
 * there written as a comparison with itself.
 */

const names = ['public.t', 'staging.a', 'staging.b', 'shop.ö', '', 'x'] as const
const someNames = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 })
const maybe = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: undefined, freq: 3 })

/** Effects as facts have them: distinct, sorted by class and action. */
const anyEffects = fc
  .uniqueArray(fc.constantFrom('read select', 'read copy to', 'write insert', 'define create table', 'opaque do'), { maxLength: 4 })
  .map((effects) =>
    effects.sort().map((effect) => ({ class: effect.split(' ')[0] as string, action: effect.slice(effect.indexOf(' ') + 1) })),
  )
const anySql = fc.record({
  statements: fc.integer({ min: 0, max: 3 }),
  reads: maybe(someNames),
  writes: maybe(someNames),
  functions: maybe(someNames),
  bounded: maybe(fc.boolean()),
  transaction: maybe(fc.constantFrom('idle' as const, 'open' as const)),
  columns: maybe(fc.record({ output: someNames, predicate: someNames, written: someNames })),
})
const plain = fc.oneof(
  fc.constantFrom<Json>('x', 'public.t', '', 'shop.ö', 0, 1, 2, -3, 1.5, true, false),
  fc.constantFrom<Json>({}, [], ['x'], ['x', 'public.t'], { x: 'x' }, [1, 1.5], { spec: 1, constructor: 'x' }),
)
const anyPart: fc.Arbitrary<Json> = fc.dictionary(fc.constantFrom('name', 'labels', 'x', '__proto__'), plain, { maxKeys: 3 })
/** Objects as requests bring them, and what nobody expects there. Without null: the other one has it that a member that is null is not there, CEL that it is. */
const anyObject: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ spec: fc.record({ items: fc.array(anyPart, { maxLength: 3 }), x: plain }), x: plain, labels: anyPart }),
  },
  fc.record({ spec: plain }),
  anyPart,
  fc.array(anyPart, { maxLength: 2 }),
)
const anyK8s = fc.record({
  verb: fc.constantFrom('get', 'create', 'x'),
  ...Object.fromEntries(
    (['group', 'version', 'resource', 'subresource', 'namespace', 'name', 'path', 'container', 'asUser', 'fieldManager'] as const).map(
      (field) => [field, maybe(fc.constantFrom('', 'x', 'shop.ö'))],
    ),
  ),
  labelSelector: maybe(fc.constantFrom('', 'x')),
  fieldSelector: maybe(fc.constantFrom('', 'x')),
  command: maybe(someNames),
  asGroups: maybe(someNames),
  stdin: maybe(fc.boolean()),
  dryRun: maybe(fc.boolean()),
  object: maybe(anyObject),
  patch: maybe(fc.record({ type: fc.constantFrom('json' as const, 'merge' as const, 'apply' as const), content: anyObject })),
})
const anyHttp = fc.record({
  method: fc.constantFrom('GET', 'x'),
  host: fc.constantFrom('x', 'shop.ö'),
  path: fc.constantFrom('', 'x', 'public.t'),
  query: maybe(fc.constantFrom('', 'x')),
  headers: maybe(fc.dictionary(fc.constantFrom('x', 'public.t', 'name'), fc.constantFrom('', 'x', 'public.t'), { maxKeys: 3 })),
})
const anyModel = fc.record({
  provider: fc.constantFrom('openai' as const, 'anthropic' as const),
  endpoint: fc.constantFrom('chat' as const, 'embeddings' as const),
  model: maybe(fc.constantFrom('', 'x', 'shop.ö')),
  tools: maybe(someNames),
  stream: maybe(fc.boolean()),
  estimatedTokens: maybe(fc.integer({ min: 0, max: 3 })),
  maxTokens: maybe(fc.integer({ min: 0, max: 3 })),
  toolCalls: maybe(someNames),
})
const anyTool = fc.record({
  server: fc.constantFrom('x', 'orders'),
  method: fc.constantFrom('', 'x'),
  name: maybe(fc.constantFrom('', 'x', 'public.t')),
  arguments: maybe(anyObject),
  uri: maybe(fc.constantFrom('', 'x')),
})
const anyEgress = fc.record({ host: fc.constantFrom('x', 'shop.ö'), port: fc.integer({ min: 0, max: 3 }) })
const everySaid = <Name extends string>(fields: readonly Name[]) =>
  Object.fromEntries(fields.map((field) => [field, fc.constantFrom('x', 'public.t', 'shop.ö')])) as Record<Name, fc.Arbitrary<string>>
const anyAsker = fc.record({
  principal: fc.record({
    kind: fc.constantFrom('job' as const, 'person' as const),
    issuer: fc.constantFrom('github', 'x'),
    subject: fc.constantFrom('s', 'shop.ö', ''),
    groups: someNames,
  }),
  resource: fc.record({ name: fc.constantFrom('orders', 'x'), kind: fc.constant('postgres' as const), tags: someNames }),
  run: fc.record({
    id: fc.constant('run_1' as const),
    facts: fc.record(everySaid(['repository', 'workflow', 'commit', 'attempt', 'launcher', 'url']), { requiredKeys: [] }),
  }),
  session: fc.record({ id: fc.constant('ses_1'), ...everySaid(['user', 'database', 'application']) }, { requiredKeys: ['id'] }),
})

/** Every fact there is, by its type: one that is added to the engine is compared from then on. */
const factsOf = (type: string) =>
  Object.entries(FACTS).flatMap(([of, fields]) =>
    Object.entries(fields)
      .filter(([, each]) => each === type)
      .map(([field]) => `${of === 'columns' ? 'sql.columns' : of}.${field}`),
  )
const [lists, texts, bools, ints] = [factsOf('list<string>'), factsOf('string'), factsOf('bool'), factsOf('int')]
const moments = [
  'now',
  'timestamp("2026-12-01T06:00:00Z")',
  'timestamp("2026-03-29T01:30:00.250+01:00")',
  '(now + duration("90m"))',
  '(now - duration("36h"))',
]
const spans = ['duration("90m")', 'duration("-1.5h")', 'duration("250ms")', '(now - timestamp("2026-12-01T06:00:00Z"))']
const zones = ['', '"UTC"', '"Europe/Berlin"', '"America/New_York"', '"Asia/Kolkata"', '"+02:00"', '"-09:30"']
const accessors = Object.keys(inZone)
/** Around a leap day, a change to summer time, ends of years, and any. */
const anyMoment = fc.oneof(
  fc
    .constantFrom(
      '2026-12-01T06:00:00Z',
      '2028-02-29T23:59:59.999Z',
      '2026-03-29T01:00:00Z',
      '2026-12-31T23:30:00Z',
      '1970-01-01T00:00:00Z',
    )
    .map(Date.parse),
  fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
)
const patterns = ['^staging[.]', 'a|b', '[.]', '^$', 'x*', '\\\\.[a-z]$', '(?i)PUBLIC']

/** Expressions of one type, by the variables of loops around them; `parts` are those over objects. */
function expressions(
  depth: number,
  bound: readonly string[],
  parts: readonly string[] = [],
): { bool: fc.Arbitrary<string>; text: fc.Arbitrary<string>; list: fc.Arbitrary<string>; int: fc.Arbitrary<string> } {
  const literal = fc.constantFrom(...names).map((name) => JSON.stringify(name))
  const plainText = fc.oneof(literal, { weight: 2, arbitrary: fc.constantFrom(...texts, ...bound, ...bound) })
  const plainList = fc.oneof(fc.constantFrom(...lists), fc.constantFrom('["x", "public.t"]', '["staging.a"]'))
  const plainInt = fc.constantFrom('0', '1', '2', ...ints, '3')
  const moment = fc.constantFrom(...moments)
  const span = fc.constantFrom(...spans)
  const compared = fc.constantFrom('==', '!=', '<', '<=', '>', '>=')
  const known = fc.constantFrom(...lists, ...texts, ...bools, ...ints)
  if (depth === 0) return { bool: fc.constantFrom('true', 'false', ...bools), text: plainText, list: plainList, int: plainInt }
  const variable = `v${bound.length}`
  const inner = expressions(depth - 1, bound, parts)
  const looped = expressions(depth - 1, [...bound, variable], parts)
  const partly = `o${parts.length}`
  const taken = expressions(depth - 1, bound, [...parts, partly])
  const { bool, text, list, int } = inner
  const macro = (name: string) => fc.tuple(list, looped.bool).map(([over, body]) => `${over}.${name}(${variable}, ${body})`)
  /** Something in an object: it may be anything. */
  const field = fc.constantFrom('.name', '.x', '.labels', '.spec', '["x"]', '[0]', '[1]')
  const whole = fc.oneof(
    fc.constantFrom(
      'k8s.object',
      'k8s.object.spec',
      'k8s.object.spec.items',
      'k8s.object.labels',
      'k8s.object.x',
      'k8s.patch',
      'k8s.patch.x',
      'tool.arguments',
      'tool.arguments.spec.items',
      'tool.arguments.x',
    ),
    fc.constantFrom(...parts, ...parts, ...parts, 'k8s.object.spec.items'),
  )
  const part = fc.oneof(
    whole,
    fc.tuple(whole, field).map((path) => path.join('')),
    fc.tuple(whole, field, field).map((path) => path.join('')),
  )
  const scalar = fc.oneof(literal, plainInt, fc.constantFrom('true', 'false', '["x", "public.t"]', '["x"]'), text)
  const ofObject = (name: string) => fc.tuple(whole, taken.bool).map(([over, body]) => `${over}.${name}(${partly}, ${body})`)
  const below = fc.tuple(
    fc.constantFrom('k8s.object', 'k8s.object.spec', 'k8s.patch', 'tool.arguments', ...parts),
    fc.constantFrom('name', 'x', 'labels.x', 'labels', 'spec.x'),
  )
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
      fc.tuple(moment, fc.constantFrom(...accessors), fc.constantFrom(...zones)).map(([of, name, zone]) => `${of}.${name}(${zone})`),
    ),
    bool: fc.oneof(
      fc.constantFrom(...bools),
      known.map((fact) => `has(${fact})`),
      fc.tuple(moment, compared, moment).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(span, compared, span).map(([a, op, b]) => `(${a} ${op} ${b})`),
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
      ...(bound.length + parts.length < 2 ? ['all', 'exists', 'exists_one', 'all', 'exists'].map(macro) : []),
      ...(bound.length + parts.length < 2 ? ['all', 'exists', 'exists_one'].map(ofObject) : []),
      fc.tuple(part, compared, scalar).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(scalar, compared, part).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(part, fc.constantFrom('==', '!='), part).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(text, part).map(([a, b]) => `(${a} in ${b})`),
      fc.tuple(part, list).map(([a, b]) => `(${a} in ${b})`),
      fc.tuple(part, fc.constantFrom('startsWith', 'endsWith', 'contains'), text).map(([a, name, b]) => `${a}.${name}(${b})`),
      fc.tuple(part, fc.constantFrom(...patterns)).map(([a, pattern]) => `${a}.matches("${pattern}")`),
      below.map((path) => `has(${path.join('.')})`),
      fc.tuple(part, compared, int).map(([a, op, b]) => `(size(${a}) ${op} ${b})`),
      fc.tuple(literal, fc.constantFrom('http.headers')).map(([a, b]) => `(${a} in ${b})`),
      fc.tuple(fc.constantFrom('http.headers.x', 'http.headers["public.t"]', 'http.headers.name'), text).map(([a, b]) => `(${a} == ${b})`),
      fc.constantFrom('has(http.headers.x)', 'http.headers.exists(h, h == "x")'),
    ),
  }
}

const known = (fields: Readonly<Record<string, unknown>>) =>
  new Map(Object.entries(fields).filter((entry): entry is [string, never] => entry[1] !== undefined))

const other = celEnv()

function asOther(
  { principal, resource, run, session }: Asker,
  { effects, sql = { statements: 0 }, k8s, http, model, tool, egress }: Facts,
  now: number,
) {
  const { statements, columns, ...plain }: SqlFacts = sql
  const classes = [...new Set(effects.map((effect) => effect.class))]
  const actions = [...new Set(effects.map((effect) => effect.action))]
  return {
    // Its own moment, as it reads one.
    now: plan(other, parse(`timestamp("${new Date(now).toISOString()}")`))({}),
    sql: known({ ...plain, statements: BigInt(statements), classes, actions, columns: columns && known(columns) }),
    k8s: known({
      ...k8s,
      ...{ classes, actions, patchType: k8s?.patch?.type, patch: k8s?.patch && jsonValue(k8s.patch.content) },
      object: objectOf(k8s) === undefined ? undefined : jsonValue(objectOf(k8s) as Json),
    }),
    http: known({ ...http, ...{ classes, actions, headers: http?.headers && known(http.headers) } }),
    model: known({
      ...model,
      ...{ classes, actions },
      estimatedTokens: model?.estimatedTokens === undefined ? undefined : BigInt(model.estimatedTokens),
      maxTokens: model?.maxTokens === undefined ? undefined : BigInt(model.maxTokens),
    }),
    tool: known({ ...tool, ...{ classes, actions }, arguments: tool?.arguments === undefined ? undefined : jsonValue(tool.arguments) }),
    egress: known({ ...egress, ...{ classes, actions }, port: egress && BigInt(egress.port) }),
    principal: known({ ...principal }),
    resource: known({ ...resource }),
    run: known({ id: run?.id, ...run?.facts }),
    session: known({ ...session }),
  }
}

/** What `has()` means here, for an engine in which what is not there is false. */
const withoutHas = (text: string) =>
  text.replace(/has\(((?!k8s[.](?:object|patch)[.]|tool[.]arguments[.]|http[.]headers[.]|o\d)[A-Za-z0-9.]+)\)/g, '($1 == $1)')

const agentFacts = ([model, tool, egress]: readonly unknown[] = []) => (model === undefined ? {} : { model, tool, egress })

const RUNS = Number(process.env.GATESCRIBE_DIFFERENTIAL_RUNS ?? 10_000)

it('answers as another implementation of CEL does: true, false or error, whatever is unknown', () => {
  const reached = { true: 0, false: 0, error: 0, refused: 0 }
  /** How often a fact was in a condition that said something, and in one that could not. */
  const asked = new Map<string, { said: number; failed: number }>()
  fc.assert(
    fc.property(
      expressions(3, []).bool,
      anyAsker,
      anyEffects,
      anySql,
      fc.option(anyK8s, { nil: undefined, freq: 12 }),
      fc.option(anyHttp, { nil: undefined, freq: 12 }),
      fc.option(fc.tuple(anyModel, anyTool, anyEgress), { nil: undefined, freq: 12 }),
      anyMoment,
      (text, who, effects, sql, k8s, http, agent, now) => {
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
        const facts = { effects, sql: sql as SqlFacts, ...(k8s && { k8s }), ...(http && { http }), ...agentFacts(agent) } as Facts
        const said = condition.ask(new Situation(new Surroundings(asker), facts, now))
        // What is larger than loops may go through is not answered, whatever the answer would be.
        if (said instanceof Error && said.message.includes('too long for the loops')) {
          reached.refused++
          return
        }
        const expected = plan(other, parse(withoutHas(text)))(asOther(asker, facts, now) as never)
        const [ours, theirs] = [said instanceof Error ? 'error' : said, isCelError(expected) ? 'error' : expected]
        reached[String(theirs) as keyof typeof reached]++
        for (const fact of condition.facts) {
          const count = asked.get(fact) ?? { said: 0, failed: 0 }
          count[ours === 'error' ? 'failed' : 'said']++
          asked.set(fact, count)
        }
        expect(ours, text).toBe(theirs)
      },
    ),
    { numRuns: RUNS, seed: 20261127 },
  )
  process.stdout.write(`conditions that were compared: ${JSON.stringify(reached)}\n`)
  for (const outcome of ['true', 'false', 'error'] as const) expect(reached[outcome]).toBeGreaterThan(RUNS / 10)
  expect(reached.refused).toBeLessThan(RUNS / 10)
  for (const fact of [...lists, ...texts, ...bools, ...ints, 'now']) {
    expect(asked.get(fact)?.said, fact).toBeGreaterThan(RUNS / 400)
    expect(asked.get(fact)?.failed, fact).toBeGreaterThan(0)
  }
}, 120_000)

it.each(accessors)('reads %s of a moment as the other implementation does, in every zone', (name) => {
  const who: Asker = {
    principal: { kind: 'job', issuer: 'github', subject: 's', groups: [] },
    resource: { name: 'x', kind: 'postgres', tags: [] },
  }
  const surroundings = new Surroundings(who)
  fc.assert(
    fc.property(anyMoment, fc.constantFrom(...zones), (now, zone) => {
      const facts: Facts = { effects: [] }
      const part = `now.${name}(${zone})`
      const expected = plan(other, parse(part))(asOther(who, facts, now) as never)
      const condition = compileCondition(`${part} == ${expected}`)
      expect(condition.ask(new Situation(surroundings, facts, now)), `${part} at ${new Date(now).toISOString()}`).toBe(true)
    }),
    { numRuns: 100, seed: 20261127 },
  )
})
