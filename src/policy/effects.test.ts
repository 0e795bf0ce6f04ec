import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decision, type Effect, type Facts, type Operation, POSTGRES_ACTIONS, POSTGRES_CLASSES } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { createPolicy } from './create-policy.ts'
import type { GlobalLimits } from './policy.ts'
import type { Rule } from './rule.ts'

const of = (action: string): Effect => ({ class: POSTGRES_ACTIONS.get(action)?.class ?? 'opaque', action })
const password: Effect = { class: 'credential', action: 'password' }
const [begin, select, insert] = [of('begin'), of('select'), of('insert')]

const asker = (): Asker => ({
  principal: { kind: 'job', issuer: 'github', subject: 's', groups: ['github/repo:a'] },
  resource: { name: 'orders-db', kind: 'postgres', tags: ['prod'] },
  run: { id: 'run_1', facts: { repository: 'acme/a' } },
  session: { id: 'ses_1', database: 'orders' },
})
const operation = (facts: Facts | undefined, bytes = 0): Operation => ({
  protocol: 'postgres',
  form: 'query',
  statement: { text: new Uint8Array(bytes) },
  ...(facts && { facts }),
})
/** The decision on an operation with these effects; what is left of it where a test asks for less. */
const decide = (
  rules: readonly Omit<Rule, 'name'>[],
  effects: readonly Effect[],
  sql: Partial<Facts['sql']> = {},
  bytes = 0,
  limits: GlobalLimits = {},
) =>
  createPolicy(
    rules.map((rule, at) => ({ name: `r${at}`, ...rule })),
    limits,
  ).decide(asker(), operation({ effects, sql: { statements: 1, ...sql } }, bytes), 0)
const answer = (...question: Parameters<typeof decide>) => {
  const { effect, rules } = decide(...question)
  return [effect, ...rules].join(' ')
}

describe('an operation', () => {
  it('needs every one of its effects permitted, by one rule or by several', () => {
    const [reads, writes] = [
      { effect: 'allow', do: ['postgres.read'] },
      { effect: 'allow', do: ['postgres.insert'] },
    ] as const
    expect(answer([reads], [select])).toBe('allow r0')
    expect(answer([reads], [select, insert])).toBe('deny')
    expect(answer([reads, writes], [select, insert])).toBe('allow r0 r1')
    expect(answer([reads, writes], [select])).toBe('allow r0')
    expect(answer([writes], [of('update')])).toBe('deny')
  })

  it('is denied where one of its effects is, whatever else it does', () => {
    const rules: Omit<Rule, 'name'>[] = [
      { effect: 'allow', do: ['postgres.*'] },
      { effect: 'deny', do: ['postgres.insert'], say: 'Do not.' },
    ]
    expect(decide(rules, [select, insert])).toMatchObject({ effect: 'deny', rules: ['r1'], say: 'Do not.' })
    expect(answer(rules, [select])).toBe('allow r0')
  })

  it('is asked about where one of its effects is, but only if the others are permitted', () => {
    const rules: Omit<Rule, 'name'>[] = [
      { effect: 'allow', do: ['postgres.read'] },
      { effect: 'ask', do: ['postgres.insert'] },
    ]
    expect(answer(rules, [select, insert])).toBe('ask r1')
    expect(answer(rules, [select])).toBe('allow r0')
    expect(answer(rules, [insert, of('drop table')])).toBe('deny')
  })

  it('of which nothing is known is opaque', () => {
    const policy = (effects: string[]) => createPolicy([{ name: 'a', effect: 'allow', do: effects }])
    expect(policy(['postgres.*']).decide(asker(), operation(undefined), 0).effect).toBe('allow')
    expect(policy(['postgres.opaque']).decide(asker(), operation(undefined), 0).effect).toBe('allow')
    expect(policy(['postgres.read', 'postgres.write']).decide(asker(), operation(undefined), 0).effect).toBe('deny')
    const careful = createPolicy([
      { name: 'a', effect: 'allow', do: ['postgres.*'] },
      { name: 'b', effect: 'deny', do: ['postgres.*'], when: 'sql.bounded' },
    ])
    expect(careful.decide(asker(), operation(undefined), 0)).toMatchObject({ effect: 'deny', rules: ['b'] })
  })

  it('that does nothing needs no more than to be connected', () => {
    expect(answer([{ effect: 'allow', do: ['postgres.define'] }], [])).toBe('allow r0')
    expect(answer([], [])).toBe('deny')
  })

  it('of a class that nobody has heard of is permitted by no wildcard', () => {
    expect(answer([{ effect: 'allow', do: ['postgres.*'] }], [{ class: 'novel', action: 'novel' }])).toBe('deny')
  })
})

describe('session', () => {
  it('comes with any allow on the resource, its condition aside, and with an ask where nobody allows', () => {
    const never = 'sql.statements == 7'
    expect(answer([{ effect: 'allow', do: ['postgres.define'], when: never }], [begin])).toBe('allow r0')
    expect(answer([{ effect: 'ask', do: ['postgres.write'] }], [begin])).toBe('allow r0')
    expect(answer([{ effect: 'allow', do: ['postgres.read'], on: { tags: ['dev'] } }], [begin])).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['postgres.read'], until: 0 }], [begin])).toBe('deny')
    expect(answer([{ effect: 'deny', do: ['postgres.write'] }], [begin])).toBe('deny')
  })

  it('can be denied like everything else', () => {
    const allow = { effect: 'allow', do: ['postgres.read'] } as const
    expect(answer([allow, { effect: 'deny', do: ['postgres.session'] }], [begin, select])).toBe('deny r1')
    expect(answer([allow, { effect: 'deny', do: ['postgres.*'] }], [begin])).toBe('deny r1')
  })

  it('does not make up for an effect that is not permitted', () => {
    expect(answer([{ effect: 'allow', do: ['postgres.read'] }], [begin, insert])).toBe('deny')
  })
})

describe('credential, backend and statistics', () => {
  it('are permitted only where they are named, by class or by action', () => {
    const named = ['credential', 'backend', 'statistics'].map((name) => {
      const [action = ''] = [...POSTGRES_ACTIONS].find(([, each]) => each.class === name) ?? []
      return { class: name, action }
    })
    for (const effect of named) {
      expect(answer([{ effect: 'allow', do: ['postgres.*'] }], [effect])).toBe('deny')
      expect(answer([{ effect: 'allow' }], [effect])).toBe('deny')
      expect(answer([{ effect: 'ask', do: ['postgres.*'] }], [effect])).toBe('deny')
      expect(answer([{ effect: 'allow', do: [`postgres.${effect.class}`] }], [effect])).toBe('allow r0')
      expect(answer([{ effect: 'allow', do: [`postgres.${effect.action}`] }], [effect])).toBe('allow r0')
    }
  })

  it('are among what a deny or an ask of everything speaks of', () => {
    const named = { effect: 'allow', do: ['postgres.credential'] } as const
    expect(answer([named, { effect: 'deny', do: ['postgres.*'] }], [password])).toBe('deny r1')
    expect(answer([named, { effect: 'ask', do: ['postgres.*'] }], [password])).toBe('ask r1')
  })
})

describe('a condition', () => {
  const [allow, deny, ask] = (['allow', 'deny', 'ask'] as const).map((effect) => ({ effect, do: ['postgres.*'], when: 'sql.bounded' }))

  it('decides whether its rule speaks', () => {
    expect(answer([allow!], [select], { bounded: true })).toBe('allow r0')
    expect(answer([allow!], [select], { bounded: false })).toBe('deny')
    expect(answer([{ effect: 'allow' }, deny!], [select], { bounded: true })).toBe('deny r1')
    expect(answer([{ effect: 'allow' }, deny!], [select], { bounded: false })).toBe('allow r0')
    expect(answer([{ effect: 'allow' }, ask!], [select], { bounded: true })).toBe('ask r1')
  })

  it('that cannot be answered permits nothing; of a deny or an ask it denies', () => {
    expect(answer([allow!], [select])).toBe('deny')
    expect(answer([{ effect: 'allow' }, deny!], [select])).toBe('deny r1')
    expect(answer([{ effect: 'allow' }, ask!], [select])).toBe('deny r1')
    expect(answer([{ effect: 'allow' }, { ...deny!, do: ['postgres.write'] }], [select])).toBe('allow r0')
  })

  it('knows who asks, of what, from where, and what is absent is not empty', () => {
    const when = (condition: string) => answer([{ effect: 'allow', when: condition, do: ['postgres.*'] }], [select])
    expect(when('"github/repo:a" in principal.groups && principal.kind == "job"')).toBe('allow r0')
    expect(when('run.repository == "acme/a" && session.database == "orders" && "prod" in resource.tags')).toBe('allow r0')
    for (const absent of [
      'run.workflow == ""',
      'run.workflow != "x"',
      '!has(run.workflow)',
      'session.user == ""',
      'size(sql.reads) == 0',
      'sql.reads == []',
    ]) {
      expect(when(absent)).toBe('deny')
    }
    expect(when('run.workflow == "x" || true')).toBe('allow r0')
  })

  it('that asks for the time is answered anew, others once per facts', () => {
    const policy = createPolicy([
      { name: 'hours', effect: 'allow', do: ['postgres.read'], when: 'now.getHours("Europe/Berlin") < 18' },
      { name: 'writes', effect: 'allow', do: ['postgres.write'], when: 'sql.bounded' },
    ])
    const who = asker()
    const reading = operation({ effects: [select], sql: { statements: 1 } })
    const writing = operation({ effects: [insert], sql: { statements: 1, bounded: true } })
    const at = (time: string) => policy.decide(who, reading, Date.parse(`2026-07-01T${time}Z`)).effect
    expect(['15:59:00', '16:00:00', '21:59:00', '22:00:00'].map(at)).toEqual(['allow', 'deny', 'deny', 'allow'])
    expect(policy.decide(who, writing, 0)).toBe(policy.decide(who, writing, 1e12))
  })

  it('tells whether the status of the transaction is asked for', () => {
    const uses = (when: string) => createPolicy([{ name: 'a', effect: 'allow', do: ['postgres.*'], when }]).usesTransaction
    expect(uses('sql.bounded')).toBe(false)
    expect(uses('sql.reads.all(t, sql.transaction == "open")')).toBe(true)
    expect(createPolicy([]).usesTransaction).toBe(false)
  })

  it('about SQL needs a do that says that the rule is about PostgreSQL', () => {
    expect(() => createPolicy([{ name: 'a', effect: 'allow', when: 'sql.bounded' }])).toThrow('do')
  })
})

describe('limits', () => {
  it('are the smallest of each of the rules that allow it, and of no others', () => {
    const rules: Omit<Rule, 'name'>[] = [
      { effect: 'allow', do: ['postgres.read'], limits: { rows: 10, time: 500 } },
      { effect: 'allow', do: ['postgres.*'], limits: { rows: 20, bytes: 1000 } },
      { effect: 'allow', do: ['postgres.write'], limits: { rows: 1 } },
      { effect: 'allow', do: ['postgres.read'], when: 'sql.bounded', limits: { rows: 2 } },
    ]
    expect(decide(rules, [select]).limits).toEqual({ rows: 10, bytes: 1000, time: 500 })
    expect(decide(rules, [select], { bounded: true }).limits).toEqual({ rows: 2, bytes: 1000, time: 500 })
    expect(decide([{ effect: 'allow' }], [select]).limits).toBeUndefined()
    expect(decide([rules[0]!, { effect: 'deny' }], [select]).limits).toBeUndefined()
  })

  it('of the statement make a rule permit nothing longer', () => {
    const rules: Omit<Rule, 'name'>[] = [
      { effect: 'allow', do: ['postgres.read'], limits: { statementBytes: 100 } },
      { effect: 'allow', do: ['postgres.read'], limits: { statementBytes: 200, rows: 5 } },
    ]
    const policy = createPolicy(rules.map((rule, at) => ({ name: `r${at}`, ...rule })))
    const who = asker()
    const facts: Facts = { effects: [select], sql: { statements: 1 } }
    const asked = [100, 101, 200, 201, 50, 201, 150].map((bytes) => policy.decide(who, operation(facts, bytes), 0).rules.join(' '))
    expect(asked).toEqual(['r0 r1', 'r1', 'r1', '', 'r0 r1', '', 'r1'])
    expect(answer(rules, [begin], {}, 300)).toBe('deny')
  })

  it('of time go with session, limits of rows and bytes do not: drivers read the catalog', () => {
    const rules: Omit<Rule, 'name'>[] = [{ effect: 'allow', do: ['postgres.read'], limits: { rows: 1, bytes: 1, time: 500 } }]
    expect(decide(rules, [begin]).limits).toEqual({ time: 500 })
    expect(decide([{ effect: 'allow', limits: { rows: 1 } }], [begin]).limits).toEqual({ rows: 1 })
  })

  it('that hold for everybody are counted in, and a statement that is too long is told apart', () => {
    const rules: Omit<Rule, 'name'>[] = [{ effect: 'allow', do: ['postgres.read'], limits: { rows: 10 } }]
    expect(decide(rules, [select], {}, 5, { rows: 7 }).limits).toEqual({ rows: 7 })
    expect(decide(rules, [begin], {}, 5, { rows: 7 }).limits).toEqual({ rows: 7 })
    expect(decide(rules, [select], {}, 5, { rows: 70, statementBytes: 5 }).limits).toEqual({ rows: 10 })
    expect(decide(rules, [select], {}, 6, { statementBytes: 5 })).toMatchObject({ effect: 'deny', rules: [], exceeds: 'statementBytes' })
    expect(createPolicy([], { rows: 1 }).digest).not.toBe(createPolicy([]).digest)
  })
})

describe('what could ever be permitted', () => {
  const could = (...rules: Omit<Rule, 'name'>[]) =>
    [...createPolicy(rules.map((rule, at) => ({ name: `r${at}`, ...rule }))).couldPermit(asker(), 0)].sort().join(' ')

  it('is what rules that allow or ask name, conditions aside, with session', () => {
    expect(could({ effect: 'allow', do: ['postgres.read'], when: 'false' })).toBe('read session')
    expect(could({ effect: 'ask', do: ['postgres.create table'] })).toBe('define session')
    expect(could({ effect: 'allow', do: ['postgres.*'] })).toBe('admin define opaque read session write')
    expect(could({ effect: 'allow', do: ['postgres.credential'] }, { effect: 'allow', do: ['postgres.read'], until: 0 })).toBe(
      'credential session',
    )
    expect(could({ effect: 'allow', do: ['postgres.*'], who: { groups: ['github/repo:b'] } })).toBe('')
  })

  it('is not what is denied without condition and for good', () => {
    const all = { effect: 'allow', do: ['postgres.*'] } as const
    expect(could(all, { effect: 'deny', do: ['postgres.write', 'postgres.opaque', 'postgres.admin', 'postgres.create table'] })).toBe(
      'define read session',
    )
    expect(could(all, { effect: 'deny', do: ['postgres.write'], when: 'sql.bounded' })).toContain('write')
    expect(could(all, { effect: 'deny', do: ['postgres.write'], until: 10 })).toContain('write')
    expect(could(all, { effect: 'deny', do: ['postgres.*'] })).toBe('')
  })
})

/** Written from docs/rules.md, without index, cache or short cuts. `when` is one of those below. */
const conditions: Readonly<Record<string, boolean | undefined>> = {
  'sql.bounded': true,
  '!sql.bounded': false,
  'size(sql.reads) == 0': undefined,
  'size(sql.reads) == 0 || sql.bounded': true,
}
function oracle(rules: readonly Rule[], effects: readonly Effect[], bytes: number): Pick<Decision, 'effect' | 'rules'> {
  const free = new Set(['credential', 'backend', 'statistics'])
  const names = (rule: Rule, { class: name, action }: Effect) =>
    rule.do!.includes(`postgres.${name}`) || rule.do!.includes(`postgres.${action}`)
  const permits = (rule: Rule, effect: Effect) => names(rule, effect) || (rule.do!.includes('postgres.*') && !free.has(effect.class))
  const speaks = (rule: Rule) => effects.some((effect) => names(rule, effect) || rule.do!.includes('postgres.*'))
  const said = (rule: Rule) => (rule.when === undefined ? true : conditions[rule.when])
  const fits = (rule: Rule) => bytes <= (rule.limits?.statementBytes ?? bytes)

  const denying = rules.filter(
    (rule) => rule.effect !== 'allow' && speaks(rule) && (said(rule) === undefined || (rule.effect === 'deny' && said(rule))),
  )
  if (denying.length > 0) return { effect: 'deny', rules: denying.map(({ name }) => name) }
  const may = rules.filter((rule) => rule.effect !== 'deny' && fits(rule) && said(rule) === true)
  const inForce = rules.filter((rule) => rule.effect !== 'deny')
  const bringing = (inForce.some(({ effect }) => effect === 'allow') ? inForce.filter(({ effect }) => effect === 'allow') : inForce).filter(
    fits,
  )
  const permitted = (effect: Effect) => may.some((rule) => permits(rule, effect)) || (effect.class === 'session' && bringing.length > 0)
  if (!effects.every(permitted)) return { effect: 'deny', rules: [] }
  const asking = rules.filter((rule) => rule.effect === 'ask' && speaks(rule) && said(rule))
  if (asking.length > 0) return { effect: 'ask', rules: asking.map(({ name }) => name) }
  const spoke = may.filter((rule) => effects.some((effect) => permits(rule, effect)))
  return { effect: 'allow', rules: (spoke.length > 0 ? spoke : bringing).map(({ name }) => name) }
}

it('agrees with a reading of the documentation on any rules and effects, and explains what it decides', () => {
  const someActions = [...POSTGRES_ACTIONS.keys()]
  const anyEffect = fc.constantFrom(...someActions).map(of)
  const anyDo = fc.uniqueArray(
    fc.oneof(fc.constant('*'), fc.constantFrom(...POSTGRES_CLASSES), fc.constantFrom(...someActions.filter((_, at) => at % 7 === 0))),
    { minLength: 1, maxLength: 4 },
  )
  const anyRule = fc.record({
    effect: fc.constantFrom('allow' as const, 'allow' as const, 'ask' as const, 'deny' as const),
    do: anyDo.map((items) => items.map((item) => `postgres.${item}`)),
    when: fc.option(fc.constantFrom(...Object.keys(conditions)), { nil: undefined, freq: 2 }),
    limits: fc.option(fc.record({ statementBytes: fc.constantFrom(5, 10) }), { nil: undefined }),
  })
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 6 }),
      fc.array(
        fc.tuple(fc.uniqueArray(anyEffect, { minLength: 1, maxLength: 3, selector: ({ action }) => action }), fc.constantFrom(1, 7, 12)),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      (drafts, questions) => {
        const rules = drafts.map(
          ({ when, limits, ...rule }, at): Rule => ({ name: `r${at}`, ...rule, ...(when && { when }), ...(limits && { limits }) }),
        )
        const policy = createPolicy(rules)
        const who = asker()
        for (const [effects, bytes] of [...questions, ...questions]) {
          const asked = operation({ effects, sql: { statements: 1, bounded: true } }, bytes)
          const expected = oracle(rules, effects, bytes)
          const decision = policy.decide(who, asked, 0)
          expect(decision).toMatchObject(expected)
          const explained = policy.explain(who, asked, 0)
          expect(explained.decision).toBe(decision)
          expect(explained.rules.filter(({ decides }) => decides).map(({ name }) => name)).toEqual(decision.rules)
          if (decision.effect !== 'deny') expect(explained.unpermitted).toEqual([])
          else if (decision.rules.length === 0) expect(explained.unpermitted).not.toEqual([])
          if (decision.effect !== 'deny') {
            const could = policy.couldPermit(who, 0)
            for (const effect of effects) expect(could.has(effect.class)).toBe(true)
          }
          const kind = `${decision.effect} ${decision.rules.length > 0}`
          seen.set(kind, (seen.get(kind) ?? 0) + 1)
        }
      },
    ),
    { numRuns: 2000, seed: 4 },
  )
  for (const kind of ['allow true', 'ask true', 'deny true', 'deny false']) expect(seen.get(kind)).toBeGreaterThan(200)
})
