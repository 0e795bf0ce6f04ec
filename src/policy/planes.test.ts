import { describe, expect, it } from 'vitest'
import type { Effect, Facts, Resource } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { coverageOf, kindsOf } from './coverage.ts'
import { createPolicy } from './create-policy.ts'
import { RuleError } from './errors.ts'
import type { Rule } from './rule.ts'

const askerOf = (kind: Resource['kind']): Asker => ({
  principal: { kind: 'job', issuer: 'github', subject: 's', groups: [] },
  resource: { name: 'it', kind, tags: ['prod'] },
  run: { id: 'run_1', facts: {} },
})
const rulesOf = (rules: readonly Omit<Rule, 'name'>[]) => createPolicy(rules.map((rule, at) => ({ name: `r${at}`, ...rule })))
const statement = { text: Buffer.from('GET /') }

function answer(
  rules: readonly Omit<Rule, 'name'>[],
  kind: Resource['kind'],
  effects: readonly Effect[] | undefined,
  more: Partial<Facts> = {},
): string {
  const operation = { protocol: kind, form: 'request' as const, statement, ...(effects && { facts: { effects, ...more } }) }
  const { effect, rules: spoke } = rulesOf(rules).decide(askerOf(kind), operation, 0)
  return [effect, ...spoke].join(' ')
}

const list: Effect = { class: 'list', action: 'list' }
const discover: Effect = { class: 'session', action: 'discover' }
const roles: Effect = { class: 'credential', action: 'change roles' }
const create: Effect = { class: 'create', action: 'create object' }
const read: Effect = { class: 'read', action: 'select' }

describe('a rule', () => {
  it('that names one plane says nothing of another, though they have words in common', () => {
    const rules = [{ effect: 'allow', do: ['http.delete'] }] as const
    expect(answer(rules, 'http', [{ class: 'delete', action: 'delete' }])).toBe('allow r0')
    expect(answer(rules, 'kubernetes', [{ class: 'delete', action: 'delete object' }])).toBe('deny')
    expect(answer([{ effect: 'allow' }, { effect: 'deny', do: ['kubernetes.patch'] }], 'http', [{ class: 'patch', action: 'patch' }])).toBe(
      'allow r0',
    )
  })

  it('that allows something here brings session along, and one that allows something elsewhere does not', () => {
    expect(answer([{ effect: 'allow', do: ['kubernetes.logs'] }], 'kubernetes', [discover])).toBe('allow r0')
    expect(answer([{ effect: 'allow', do: ['postgres.*', 'http.*'] }], 'kubernetes', [discover])).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['kubernetes.get'] }], 'postgres', [{ class: 'session', action: 'begin' }])).toBe('deny')
  })

  it('with a star permits all but what must be named there, and denies that too', () => {
    const star = [{ effect: 'allow', do: ['kubernetes.*'] }] as const
    expect(answer(star, 'kubernetes', [create])).toBe('allow r0')
    expect(answer(star, 'kubernetes', [create, roles])).toBe('deny')
    expect(answer([...star, { effect: 'allow', do: ['kubernetes.change roles'] }], 'kubernetes', [create, roles])).toBe('allow r0 r1')
    expect(
      answer(
        [
          { effect: 'allow', do: ['kubernetes.credential'] },
          { effect: 'deny', do: ['kubernetes.*'] },
        ],
        'kubernetes',
        [roles],
      ),
    ).toBe('deny r1')
    expect(answer([{ effect: 'allow', do: ['http.*'] }], 'http', [{ class: 'other', action: 'upgrade' }])).toBe('allow r0')
  })

  it('without a do is about every plane', () => {
    for (const [kind, effect] of [
      ['kubernetes', list],
      ['postgres', read],
      ['http', { class: 'get', action: 'get' }],
    ] as const)
      expect(answer([{ effect: 'allow' }], kind, [effect])).toBe('allow r0')
  })

  it('permits nothing of what is not understood, unless it permits that', () => {
    expect(answer([{ effect: 'allow', do: ['kubernetes.get', 'kubernetes.list'] }], 'kubernetes', undefined)).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['kubernetes.opaque'] }], 'kubernetes', undefined)).toBe('allow r0')
    expect(answer([{ effect: 'allow', do: ['http.get'] }], 'http', undefined)).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['http.other'] }], 'http', undefined)).toBe('allow r0')
  })
})

describe('a condition', () => {
  const k8s = { verb: 'list', group: '', resource: 'pods', namespace: 'shop', name: '' }

  it('over facts of a plane decides there', () => {
    const rules = [{ effect: 'allow', do: ['kubernetes.list'], when: 'k8s.namespace == "shop" && k8s.resource == "pods"' }] as const
    expect(answer(rules, 'kubernetes', [list], { k8s })).toBe('allow r0')
    expect(answer(rules, 'kubernetes', [list], { k8s: { ...k8s, namespace: '' } })).toBe('deny')
    // Unknown is not empty.
    expect(answer(rules, 'kubernetes', [list], { k8s: { verb: 'list', resource: 'pods' } })).toBe('deny')
    expect(
      answer([{ effect: 'allow' }, { effect: 'deny', do: ['kubernetes.*'], when: 'k8s.namespace == "x"' }], 'kubernetes', [list], {
        k8s: { verb: 'list' },
      }),
    ).toBe('deny r1')
  })

  it.each([
    [{ when: 'k8s.verb == "get"' }, 'Kubernetes'],
    [{ when: 'k8s.verb == "get"', do: ['kubernetes.get', 'http.get'] }, 'Kubernetes'],
    [{ when: 'http.method == "GET"', do: ['kubernetes.get'] }, 'HTTP'],
    [{ when: 'sql.bounded', do: ['postgres.read', 'kubernetes.get'] }, 'PostgreSQL'],
    [{ when: 'k8s.object.spec.x == 1 || sql.bounded', do: ['postgres.read'] }, 'Kubernetes'],
  ] as const)('over facts of a plane needs a do of that plane alone: %j', (rule, title) => {
    expect(() => rulesOf([{ effect: 'allow', ...rule }])).toThrow(RuleError)
    expect(() => rulesOf([{ effect: 'allow', ...rule }])).toThrow(title)
  })

  it('over who asks is about every plane', () => {
    const rules = [{ effect: 'allow', when: 'principal.issuer == "github"' }] as const
    expect(answer(rules, 'kubernetes', [list])).toBe('allow r0')
    expect(answer(rules, 'postgres', [read])).toBe('allow r0')
  })
})

describe('what comes along with a class of its plane', () => {
  const call: Effect = { class: 'call', action: 'chat' }
  const toolCall: Effect = { class: 'answer', action: 'tool call' }
  const model = { provider: 'openai', endpoint: 'chat', model: 'a', toolCalls: ['drop_table'] } as const
  const deny = { effect: 'deny', do: ['model.answer'], when: '"drop_table" in model.toolCalls' } as const

  it('is permitted with that class, whatever the conditions of its rules and whether they allow or ask', () => {
    expect(answer([{ effect: 'allow', do: ['model.call'], when: 'model.model == "b"' }], 'model', [toolCall], { model })).toBe('allow r0')
    expect(answer([{ effect: 'ask', do: ['model.chat'] }], 'model', [toolCall], { model })).toBe('allow r0')
    expect(
      answer(
        [
          { effect: 'ask', do: ['model.chat'] },
          { effect: 'allow', do: ['model.session'] },
        ],
        'model',
        [toolCall],
      ),
    ).toMatch(/^allow/)
  })

  it('is not permitted by what permits something else', () => {
    expect(answer([{ effect: 'allow', do: ['model.session', 'model.other'] }], 'model', [toolCall], { model })).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['http.*'] }], 'model', [toolCall], { model })).toBe('deny')
    expect(answer([{ effect: 'allow', do: ['model.answer'] }], 'model', [call], { model })).toBe('deny')
  })

  it('may be denied on its own', () => {
    const allow = { effect: 'allow', do: ['model.call'] } as const
    expect(answer([allow, deny], 'model', [toolCall], { model })).toBe('deny r1')
    expect(answer([allow, deny], 'model', [toolCall], { model: { ...model, toolCalls: ['search'] } })).toBe('allow r0')
    expect(answer([allow, deny], 'model', [call], { model: { ...model, toolCalls: undefined } as never })).toBe('allow r0')
  })
})

describe('a condition over arguments of a tool', () => {
  const effects: readonly Effect[] = [{ class: 'call', action: 'call tool' }]
  const tool = { server: 'tickets', method: 'tools/call', name: 'search', uri: '' }
  const rules = [
    { effect: 'allow', do: ['mcp.call'], when: 'tool.name == "search" && tool.arguments.tables.all(t, t.startsWith("staging."))' },
  ] as const

  it('goes through them as they were sent', () => {
    expect(answer(rules, 'mcp', effects, { tool: { ...tool, arguments: { tables: ['staging.a'] } } })).toBe('allow r0')
    expect(answer(rules, 'mcp', effects, { tool: { ...tool, arguments: { tables: ['staging.a', 'b'] } } })).toBe('deny')
    expect(answer(rules, 'mcp', effects, { tool: { ...tool, arguments: { tables: 'staging.a' } } })).toBe('deny')
  })

  it('is not answered where they are not known, or too many to go through', () => {
    expect(answer(rules, 'mcp', effects, { tool })).toBe('deny')
    const many = Array.from({ length: 20_000 }, () => 'staging.a')
    expect(answer(rules, 'mcp', effects, { tool: { ...tool, arguments: { tables: many } } })).toBe('deny')
  })
})

it('says for which classes a connection to the target is needed, by the plane of the target', () => {
  const policy = rulesOf([{ effect: 'allow', do: ['kubernetes.get', 'kubernetes.evict', 'postgres.read'] }])
  expect([...policy.couldPermit(askerOf('kubernetes'), 0)].sort()).toEqual(['delete', 'get', 'session'])
  expect([...policy.couldPermit(askerOf('postgres'), 0)].sort()).toEqual(['read', 'session'])
  expect(policy.mayOpen(askerOf('http'), 0)).toBe(false)
})

it('is held to the limit of a statement by statements only; the limit of a rule holds for requests with their bodies', () => {
  const policy = createPolicy([{ name: 'a', effect: 'allow', limits: { statementBytes: 100 } }], { statementBytes: 10 })
  const ask = (kind: Resource['kind'], bytes: number | undefined, effect: Effect) => {
    const asked = { text: Buffer.alloc(50), ...(bytes !== undefined && { bytes }) }
    return policy.decide(askerOf(kind), { protocol: kind, form: 'request', statement: asked, facts: { effects: [effect] } }, 0)
  }
  expect(ask('postgres', undefined, read)).toMatchObject({ effect: 'deny', exceeds: 'statementBytes' })
  expect(ask('kubernetes', undefined, list)).toMatchObject({ effect: 'allow' })
  expect(ask('kubernetes', 5_000_000, list)).toMatchObject({ effect: 'deny', rules: [] })
})

it('explains rules of other planes as rules that are not about it', () => {
  const policy = rulesOf([
    { effect: 'allow', do: ['postgres.*'] },
    { effect: 'allow', do: ['kubernetes.list'] },
  ])
  const { rules, unpermitted } = policy.explain(askerOf('kubernetes'), { statement, facts: { effects: [list, discover] } }, 0)
  expect(rules.map(({ name, misses, permits }) => [name, misses, permits.map(({ action }) => action)])).toEqual([
    ['r0', ['do'], []],
    ['r1', [], ['list', 'discover']],
  ])
  expect(unpermitted).toEqual([])
})

it('names what is called so in a rule, and nothing else', () => {
  expect(kindsOf(['http.get', 'kubernetes.evict'])).toEqual(['kubernetes', 'http'])
  expect(coverageOf('postgres', ['http.get'])).toBeUndefined()
  for (const wrong of ['kubernetes.read', 'http.evict', 'postgres.', 'kubernetes', 'model.evict', 'kubernetes.constructor', '.get'])
    expect(() => kindsOf([wrong]), wrong).toThrow(RuleError)
})
