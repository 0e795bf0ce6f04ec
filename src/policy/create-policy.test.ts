import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision, Operation, Principal, Resource } from '../operations/index.ts'
import { createPolicy } from './create-policy.ts'
import type { Rule } from './rule.ts'

const operation: Operation = {
  protocol: 'postgres',
  form: 'query',
  statement: { text: new Uint8Array() },
  facts: { effects: [{ class: 'read', action: 'select' }], sql: { statements: 1 } },
}
const job = (...groups: string[]): Principal => ({ kind: 'job', issuer: 'github', subject: 's', groups })
const orders: Resource = { name: 'orders-db', kind: 'postgres', tags: ['prod', 'pii'] }

describe('a policy', () => {
  it('denies what no rule matches, and names no rule', () => {
    expect(createPolicy([]).decide({ principal: job(), resource: orders }, operation, 0)).toMatchObject({ effect: 'deny', rules: [] })
  })

  it('lets deny win over ask, and ask over allow, wherever they stand', () => {
    const allow: Rule = { name: 'a', effect: 'allow' }
    const ask: Rule = { name: 'b', effect: 'ask' }
    const deny: Rule = { name: 'c', effect: 'deny', say: 'Stop.' }
    for (const rules of [
      [allow, ask, deny],
      [deny, ask, allow],
    ]) {
      expect(createPolicy(rules).decide({ principal: job(), resource: orders }, operation, 0)).toMatchObject({
        effect: 'deny',
        rules: ['c'],
        say: 'Stop.',
      })
    }
    expect(createPolicy([allow, ask]).decide({ principal: job(), resource: orders }, operation, 0)).toMatchObject({
      effect: 'ask',
      rules: ['b'],
    })
  })

  it('names every rule that spoke in the order of the configuration', () => {
    const rules: Rule[] = [
      { name: 'z', effect: 'allow', who: { groups: ['github/repo:a'] } },
      { name: 'a', effect: 'allow' },
      { name: 'm', effect: 'allow', on: { tags: ['pii'] }, say: 'second' },
    ]
    expect(createPolicy(rules).decide({ principal: job('github/repo:a'), resource: orders }, operation, 0)).toMatchObject({
      rules: ['z', 'a', 'm'],
      say: 'second',
    })
  })

  it('says whom to ask: all of the rules that ask, for the shortest time that one of them gives', () => {
    const decide = (...rules: Rule[]) => createPolicy(rules).decide({ principal: job(), resource: orders }, operation, 0)
    const sre: Rule = { name: 'sre', effect: 'ask', approvers: { groups: ['okta/sre'], count: 2 }, for: 60_000, stream: true }
    const approver = { rule: 'any', count: 1 }
    expect(decide({ name: 'any', effect: 'ask' }).ask).toEqual({ requirements: [approver], for: 900_000, stream: false })
    expect(decide(sre).ask).toEqual({ requirements: [{ rule: 'sre', groups: ['okta/sre'], count: 2 }], for: 60_000, stream: true })
    expect(decide(sre, { name: 'any', effect: 'ask' }, { name: 'may', effect: 'allow' }).ask).toEqual({
      requirements: [{ rule: 'sre', groups: ['okta/sre'], count: 2 }, approver],
      for: 60_000,
      stream: false,
    })
    for (const effect of ['allow', 'deny'] as const) expect(decide({ name: 'a', effect }).ask).toBeUndefined()
    expect(createPolicy([sre]).digest).not.toBe(createPolicy([{ ...sre, approvers: { groups: ['okta/sre'] } }]).digest)
  })

  it('matches groups exactly: a longer name, another case or another issuer is somebody else', () => {
    const policy = createPolicy([{ name: 'a', effect: 'allow', who: { groups: ['github/repo:acme/reports'] } }])
    for (const group of [
      'github/repo:acme/reports-evil',
      'github/repo:acme/Reports',
      'gitlab/repo:acme/reports',
      'repo:acme/reports',
      '',
    ]) {
      expect(policy.decide({ principal: job(group), resource: orders }, operation, 0).effect).toBe('deny')
    }
    expect(policy.decide({ principal: job('github/other', 'github/repo:acme/reports'), resource: orders }, operation, 0).effect).toBe(
      'allow',
    )
  })

  it('does not confuse names with what every object inherits', () => {
    const policy = createPolicy([{ name: 'a', effect: 'allow', who: { groups: ['github/x'] } }])
    expect(policy.decide({ principal: job('constructor', '__proto__', 'toString'), resource: orders }, operation, 0).effect).toBe('deny')
  })

  it('says nothing any more at the moment of until, though it answered the same question before', () => {
    const policy = createPolicy([
      { name: 'weekend', effect: 'allow', until: 1000 },
      { name: 'frozen', effect: 'deny', until: 500 },
    ])
    const who = job()
    expect([0, 499, 500, 999, 1000, 750].map((now) => policy.decide({ principal: who, resource: orders }, operation, now).effect)).toEqual([
      'deny',
      'deny',
      'allow',
      'allow',
      'deny',
      'allow',
    ])
    expect([
      policy.mayOpen({ principal: who, resource: orders }, 0),
      policy.mayOpen({ principal: who, resource: orders }, 600),
      policy.mayOpen({ principal: who, resource: orders }, 1000),
    ]).toEqual([false, true, false])
  })

  it('gives one frozen decision to all who share it', () => {
    const policy = createPolicy([{ name: 'a', effect: 'allow' }])
    const decision = policy.decide({ principal: job('x'), resource: orders }, operation, 0)
    expect(policy.decide({ principal: job('y'), resource: { ...orders } }, operation, 5)).toBe(decision)
    expect(Object.isFrozen(decision) && Object.isFrozen(decision.rules)).toBe(true)
  })

  it('has a digest that depends on what the rules say, not on how their fields are ordered', () => {
    const one = createPolicy([{ name: 'a', effect: 'allow', say: 'x' }]).digest
    expect(createPolicy([{ say: 'x', effect: 'allow', name: 'a' }]).digest).toBe(one)
    expect(createPolicy([{ name: 'a', effect: 'allow', say: 'y' }]).digest).not.toBe(one)
    expect(one).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('explains each rule: which selector missed, and which rule decided', () => {
    const policy = createPolicy([
      {
        name: 'other',
        effect: 'deny',
        who: { kind: 'person', groups: ['okta/x'] },
        on: { resources: ['billing'], tags: ['dev'] },
        until: 1,
      },
      { name: 'may', effect: 'allow' },
      { name: 'first-ask', effect: 'ask', do: ['postgres.*'] },
    ])
    const { decision, rules } = policy.explain({ principal: job(), resource: orders }, operation, 10)
    expect(decision).toEqual(policy.decide({ principal: job(), resource: orders }, operation, 10))
    expect(rules).toEqual([
      {
        name: 'other',
        effect: 'deny',
        matches: false,
        misses: ['who.kind', 'who.groups', 'on.resources', 'on.tags', 'until'],
        permits: [],
        decides: false,
      },
      { name: 'may', effect: 'allow', matches: true, misses: [], permits: operation.facts?.effects, decides: false },
      { name: 'first-ask', effect: 'ask', matches: true, misses: [], permits: operation.facts?.effects, decides: true },
    ])
  })
})

/** Written from the documentation's sentences, without index or cache. */
function oracle(rules: readonly Rule[], principal: Principal, resource: Resource, now: number): Pick<Decision, 'effect' | 'rules'> {
  const matching: Rule[] = []
  for (const rule of rules) {
    const groups = rule.who?.groups
    if (groups && !groups.some((one) => principal.groups.some((other) => one === other))) continue
    if (rule.who?.kind && rule.who.kind !== principal.kind) continue
    if (rule.on?.resources && !rule.on.resources.some((one) => one === resource.name)) continue
    if (rule.on?.tags && !rule.on.tags.some((one) => resource.tags.some((other) => one === other))) continue
    if (rule.until !== undefined && now >= rule.until) continue
    matching.push(rule)
  }
  for (const effect of ['deny', 'ask', 'allow'] as const) {
    const spoke = matching.filter((rule) => rule.effect === effect).map((rule) => rule.name)
    if (spoke.length > 0) return { effect, rules: spoke }
  }
  return { effect: 'deny', rules: [] }
}

const someOf = (...words: string[]) => fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 })
const optional = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: undefined })
const anyRule = fc
  .record({
    effect: fc.constantFrom('allow', 'ask', 'deny'),
    groups: optional(someOf('github/a', 'github/b', 'gitlab/a')),
    kind: optional(fc.constantFrom('job', 'person')),
    resources: optional(someOf('r1', 'r2', 'r3')),
    tags: optional(someOf('t1', 't2', 't3')),
    until: optional(fc.integer({ min: 0, max: 5 })),
  })
  .map(
    ({ effect, groups, kind, resources, tags, until }): Omit<Rule, 'name'> => ({
      effect: effect as Rule['effect'],
      who: { ...(groups && { groups }), ...(kind && { kind: kind as 'job' | 'person' }) },
      on: { ...(resources && { resources }), ...(tags && { tags }) },
      ...(until !== undefined && { until }),
    }),
  )
const anyPrincipal = fc.record({
  kind: fc.constantFrom('job', 'person'),
  issuer: fc.constant('github'),
  subject: fc.constant('s'),
  groups: fc.uniqueArray(fc.constantFrom('github/a', 'github/b', 'gitlab/a', 'github/c')),
}) as fc.Arbitrary<Principal>
const anyResource = fc.record({
  name: fc.constantFrom('r1', 'r2', 'r3'),
  kind: fc.constant('postgres' as const),
  tags: fc.uniqueArray(fc.constantFrom('t1', 't2', 't3')),
})

it('agrees with a reading of the documentation that has no index and no cache, whatever was asked before', () => {
  const effects = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 8 }),
      fc.array(anyPrincipal, { minLength: 1, maxLength: 3 }),
      fc.array(anyResource, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.integer({ min: -1, max: 6 })), { minLength: 1, maxLength: 20 }),
      (drafts, principals, resources, questions) => {
        const rules = drafts.map((rule, index) => ({ ...rule, name: `rule-${index}` }))
        const policy = createPolicy(rules)
        for (const [p, r, now] of questions) {
          const principal = principals[p % principals.length]!
          const resource = resources[r % resources.length]!
          const expected = oracle(rules, principal, resource, now)
          const decision = policy.decide({ principal, resource }, operation, now)
          effects.add(decision.effect + (decision.rules.length > 0))
          expect(decision).toMatchObject(expected)
          expect(policy.explain({ principal, resource }, operation, now).decision).toEqual(decision)
          expect(policy.mayOpen({ principal, resource }, now)).toBe(expected.effect !== 'deny')
        }
      },
    ),
    { numRuns: 500 },
  )
  // The property is worth nothing where it only ever saw the default.
  expect([...effects].sort()).toEqual(['allowtrue', 'asktrue', 'denyfalse', 'denytrue'])
})
