import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadTime } from '../../../test/parts/thread-time.ts'
import type { Facts } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { RuleError } from '../errors.ts'
import { compileCondition, Situation, Surroundings } from './condition.ts'
import { UnknownFact } from './unknown-fact.ts'

const asker: Asker = {
  principal: { kind: 'job', issuer: 'github', subject: 's', groups: ['github/a'] },
  resource: { name: 'orders-db', kind: 'postgres', tags: ['prod'] },
  run: { id: 'run_1', facts: { repository: 'acme/a' } },
  session: { id: 'ses_1', database: 'orders' },
}
const known: Facts = {
  effects: [
    { class: 'read', action: 'explain' },
    { class: 'read', action: 'select' },
    { class: 'write', action: 'insert' },
  ],
  sql: { statements: 2, reads: ['shop.a', 'shop.b'], writes: [], bounded: true },
}
const ask = (text: string, facts = known, now = 0, who = asker) =>
  compileCondition(text).ask(new Situation(new Surroundings(who), facts, now))
const refusal = (text: string) => {
  try {
    compileCondition(text)
  } catch (error) {
    if (error instanceof RuleError) return error
    throw error
  }
  throw new Error(`${text} is accepted`)
}

describe('a condition', () => {
  it.each([
    ['sql.actions == ["explain", "insert", "select"]', false],
    ['sql.actions == ["explain", "select", "insert"] && sql.classes == ["read", "write"]', true],
    ['sql.statements == 2 && size(sql.reads) == 2 && sql.reads[1] == "shop.b"', true],
    ['sql.reads.exists_one(t, t.endsWith("b")) && sql.reads.map(t, t + "!").filter(t, t.contains("a!")) == ["shop.a!"]', true],
    ['principal.groups.exists(g, g in ["github/a", "github/b"]) && principal.subject == "s"', true],
    ['resource.name.matches("^orders-") && !resource.name.matches("^rders")', true],
    ['(now < timestamp("1970-01-01T00:00:01Z")) && now + duration("90m") == timestamp("1970-01-01T01:30:00Z")', true],
    ['now.getHours("America/New_York") == 19 && now.getDayOfWeek("America/New_York") == 3 && now.getDate("America/New_York") == 31', true],
    ['now.getHours("+02:00") == 2 && now.getDayOfWeek() == 4 && now.getMonth("UTC") == 0 && now.getFullYear() == 1970', true],
    ['has(run.repository) && has(sql.reads)', true],
  ])('answers %s', (text, answer) => expect(ask(text)).toBe(answer))

  it.each([
    'has(run.workflow)',
    '!has(run.workflow)',
    'has(sql.columns.output)',
    'sql.functions == []',
    'size(sql.functions) == 0',
    'sql.columns.output == []',
    'run.workflow == ""',
    'session.user != "x"',
    'sql.transaction == "idle"',
    '[sql.transaction] == ["idle"]',
    'sql.reads.all(t, sql.transaction == t)',
  ])('fails where it asks for what is unknown: %s', (text) => expect(ask(text)).toBeInstanceOf(UnknownFact))

  it.each([
    ['sql.transaction == "idle" || sql.bounded', true],
    ['sql.bounded || sql.transaction == "idle"', true],
    ['sql.transaction == "idle" && !sql.bounded', false],
    ['sql.reads.exists(t, t == sql.transaction || t == "shop.a")', true],
    ['sql.bounded ? true : sql.transaction == "idle"', true],
  ])('gets along without it where the other side decides: %s', (text, answer) => expect(ask(text)).toBe(answer))

  it('knows nothing of an operation without facts of SQL, but what it does', () => {
    const opaque: Facts = { effects: [{ class: 'opaque', action: 'unparsed' }] }
    expect(ask('"opaque" in sql.classes', opaque)).toBe(true)
    expect(ask('sql.statements == 1', opaque)).toBeInstanceOf(UnknownFact)
    expect(
      ask('run.id == "run_1" || session.id == ""', opaque, 0, { principal: asker.principal, resource: asker.resource }),
    ).toBeInstanceOf(UnknownFact)
  })

  it('says which facts it names', () => {
    const { facts } = compileCondition(
      'sql.columns.output.all(now, now == run.repository) && has(sql.bounded) && sql.reads.exists(sql, sql == "x")',
    )
    expect([...facts].sort()).toEqual(['run.repository', 'sql.bounded', 'sql.columns', 'sql.columns.output', 'sql.reads'])
  })

  it('matches in linear time, whatever the pattern and the name', () => {
    const long = `${'a'.repeat(10_000)}!`
    const begun = threadTime()
    expect(ask('sql.reads.exists(t, t.matches("^(a+)+$"))', { ...known, sql: { statements: 1, reads: [long] } })).toBe(false)
    expect(threadTime() - begun).toBeLessThan(1_000)
  })

  it('does not go through lists that are too long for its loops: that is an error, and it comes at once', () => {
    const names = (count: number) => ({
      ...known,
      sql: { statements: 1, reads: Array.from({ length: count }, (_, at) => `t.t${at}`), writes: [] },
    })
    const nested = 'sql.reads.all(a, sql.reads.all(b, a != "x" || b != "x"))'
    expect(ask('sql.reads.all(a, a != "x")', names(9_000))).toBe(true)
    expect(ask(nested, names(70))).toBe(true)
    const begun = threadTime()
    for (const text of [
      nested,
      'sql.reads.all(a, sql.reads.exists(b, sql.reads.all(c, a == b || b == c)))',
      'sql.reads.all(a, a in sql.reads)',
    ]) {
      expect(ask(text, names(9_000))).toBeInstanceOf(Error)
    }
    expect(ask('sql.reads.all(a, a.matches("x"))', names(2_000))).toBeInstanceOf(Error)
    expect(threadTime() - begun).toBeLessThan(100)
    expect(ask('"t.t5" in sql.reads', names(100_000))).toBe(true)
  })
})

describe('a condition is refused', () => {
  it.each([
    ['', 'not CEL'],
    ['sql.bounded &&', 'not CEL'],
    ['x', 'Unknown variable'],
    ['sql', 'true or false'],
    ['size(sql.reads)', 'true or false'],
    ['sql.read == []', 'No such key: read'],
    ['has(sql.read)', 'takes a fact'],
    ['has(now)', 'takes a fact'],
    ['sql.reads.all(t, has(t.x))', 'takes a fact'],
    ['sql.bounded == "true"', 'types do not fit'],
    ['sql.statements > "1"', 'types do not fit'],
    ['sql["bounded"]', 'Only lists'],
    ['{"a": true}["a"]', 'not CEL'],
    ['1.5 > 1.0', 'Literals are'],
    ['1u == 1u', 'Literals are'],
    ['null == null', 'Literals are'],
    ['b"a" == b"a"', 'Literals are'],
    ['9223372036854775808 > 1', 'Literals are'],
    ['string == string', 'type type'],
    ['dyn(sql.bounded)', 'no function dyn'],
    ['type(sql) == type(sql)', 'no function type'],
    ['int("1") == 1', 'no function int'],
    ['sql.reads.join() == ""', 'no function join'],
    ['"A".lowerAscii() == "a"', 'no function lowerAscii'],
    ['"x".gsMatches("x")', 'no function gsMatches'],
    ['cel.bind(x, true, x)', 'no function bind'],
    ['"x".constructor("y") == "x"', 'no function constructor'],
    ['sql.constructor == sql.constructor', 'No such key'],
    ['sql.toString() == ""', 'no function toString'],
    ['startsWith("a", "b")', 'not called like this'],
    ['sql.reads + sql.writes == []', 'cannot be joined'],
    ['"a".matches(sql.transaction)', 'linear time'],
    ['"a".matches("(?=a)")', 'linear time'],
    ['"a".matches("(")', 'linear time'],
    [`"a".matches("${'a'.repeat(501)}")`, 'linear time'],
    ['now.getHours("Mars/Olympus") == 1', 'time zone'],
    ['now.getHours(run.repository) == 1', 'time zone'],
    ['now > timestamp("2026-12-01T06:00:00")', 'not a moment'],
    ['now > timestamp(run.commit)', 'not a moment'],
    ['now > timestamp(0)', 'not a moment'],
    ['now - now > duration("1 day")', 'not a duration'],
    ['1 < 2 == true', 'in a row'],
    ['true == 1 < 2', 'in a row'],
    ['(1) < (2) == (true)', 'in a row'],
    ['")" == "(" == ("(" == ")")', 'in a row'],
    ['sql.reads.all(a, sql.reads.all(b, sql.reads.all(c, sql.reads.all(d, true))))', 'three deep'],
    [Array.from({ length: 300 }, () => 'true').join(' && '), 'not CEL'],
    ['('.repeat(200) + ')'.repeat(200), 'not CEL'],
    ['!'.repeat(4_001), 'at most'],
  ])('where it is %s', (text, message) => {
    const { message: said, next } = refusal(text)
    expect(said).toContain(message)
    expect(next).toMatch(/\w/)
  })

  it('but comparisons in parentheses are good', () => {
    for (const good of [
      '(1 < 2) == true',
      'true == (1 < 2)',
      'true == ((1) < (2))',
      '( 1 < (2) ) == ( (3) > (2) )',
      '(")" == ")") == ("(" == "(")',
    ]) {
      expect(ask(good)).toBe(true)
    }
  })

  it('or accepted, but nothing else: whatever the text is', () => {
    const parts = [
      'sql',
      '.reads',
      '.columns',
      'has(',
      'size(',
      ')',
      '[',
      ']',
      '"a"',
      '.all(t, ',
      't',
      '==',
      '<',
      'in',
      '&&',
      '!',
      '?',
      ':',
      '1',
      '-',
      'now',
      '.matches("',
      '\\',
      "'",
      '//',
      '\n',
      '{',
      'true',
    ]
    let accepted = 0
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.constantFrom(...parts), { maxLength: 14 }).map((each) => each.join('')),
          fc.string({ unit: 'binary', maxLength: 60 }),
        ),
        (text) => {
          try {
            const said = ask(text)
            accepted++
            expect(typeof said === 'boolean' || said instanceof Error).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(RuleError)
          }
        },
      ),
      { numRuns: 3_000, seed: 7 },
    )
    expect(accepted).toBeGreaterThan(5)
  })
})
