import { describe, expect, it } from 'vitest'
import type { Effect, Facts, Mask, Operation, Principal, SqlFacts } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { createPolicy } from './create-policy.ts'
import type { MaskRule } from './mask-rule.ts'

const mask = (name: string, more: Partial<Mask> = {}): Mask => ({
  name,
  columns: ['orders.public.customers.email'],
  detect: [],
  patterns: [],
  as: 'redact',
  unmaskedWrite: false,
  predicates: false,
  ...more,
})
const job = (...groups: string[]): Principal => ({ kind: 'job', issuer: 'github', subject: 's', groups })
const resource: Asker['resource'] = { name: 'orders-db', kind: 'postgres', tags: ['pii'], databases: new Map([['prod', 'orders']]) }
const asker = (more: Partial<Asker> = {}): Asker => ({
  principal: job('github/repo:acme/reports'),
  resource,
  session: { id: 's', database: 'prod' },
  ...more,
})
const anything = { name: 'anything', effect: 'allow' as const, do: ['postgres.*'] }
const READ: Effect = { class: 'read', action: 'select' }
const INSERT: Effect = { class: 'write', action: 'insert' }

const doing = (facts: Facts | undefined): Operation => ({
  protocol: 'postgres',
  form: 'query',
  statement: { text: new Uint8Array() },
  ...(facts && { facts }),
})
const NO_COLUMNS = { output: [], predicate: [], written: [], sources: [], tests: [] }
const known = (columns: Partial<NonNullable<SqlFacts['columns']>>, effect: Effect = READ): Facts => ({
  effects: [effect],
  sql: { statements: 1, reads: ['public.customers'], writes: [], columns: { ...NO_COLUMNS, ...columns } },
})
const decide = (facts: Facts | undefined, masks: readonly MaskRule[] = [{ mask: mask('contact') }], who = asker()) =>
  createPolicy([anything], {}, masks).decide(who, doing(facts), 0)

describe('a column that is masked', () => {
  it('may be selected, and the decision says how it is masked', () => {
    const rules = [{ mask: mask('contact') }, { mask: mask('cards', { columns: [], detect: ['card'] }) }]
    const decision = decide(known({ output: ['public.customers.email'] }), rules)
    expect(decision).toMatchObject({ effect: 'allow', rules: ['anything'], masks: [rules[0]!.mask, rules[1]!.mask] })
    expect(decision.masked).toBeUndefined()
  })

  it.each([
    ['filters, orders or groups by it', { predicate: ['public.customers.email'] }, 'predicate'],
    ['may fail by it', { tests: ['public.customers.email'] }, 'predicate'],
    ['orders by whole rows', { predicate: ['public.customers.*'] }, 'predicate'],
    ['stores it elsewhere', { sources: ['public.customers.email'] }, 'source'],
    ['stores whole rows', { sources: ['public.customers.*'] }, 'source'],
    ['writes it', { written: ['public.customers.email'] }, 'written'],
  ] as const)('is refused where a statement %s', (_, columns, masked) => {
    expect(decide(known(columns))).toMatchObject({ effect: 'deny', rules: ['mask:contact'], masked })
  })

  it.each([
    ['chooses by', { predicate: ['pg_catalog.pg_stats.most_common_vals'] }, 'predicate'],
    ['chooses by the length of', { predicate: ['pg_catalog.pg_stats.avg_width'] }, 'predicate'],
    ['chooses by the order of', { predicate: ['pg_catalog.pg_statistic.stanumbers3'] }, 'predicate'],
    ['stores', { sources: ['pg_catalog.pg_statistic.stavalues1'] }, 'source'],
    ['stores all of', { sources: ['pg_catalog.pg_stats_ext.*'] }, 'source'],
  ] as const)('may stand in statistics, so that a statement is refused which %s their values', (_, columns, masked) => {
    expect(decide(known(columns))).toMatchObject({ effect: 'deny', masked })
    expect(decide(known({ predicate: ['pg_catalog.pg_stats.tablename'] })).effect).toBe('allow')
  })

  it.each([
    ['another column', { predicate: ['public.customers.id'], sources: ['public.customers.id'], written: ['public.customers.name'] }],
    ['a relation whose name begins the same', { predicate: ['public.customers2.email'] }],
    ['another schema', { predicate: ['archive.customers.email'] }],
  ])('is not %s', (_, columns) => {
    expect(decide(known(columns)).effect).toBe('allow')
  })

  it('may be used where the mask is widened', () => {
    const wide = [{ mask: mask('contact', { predicates: true, unmaskedWrite: true }) }]
    expect(decide(known({ predicate: ['public.customers.email'] }), wide).effect).toBe('allow')
    expect(decide(known({ written: ['public.customers.email'] }, INSERT), wide).effect).toBe('allow')
    expect(decide(known({ sources: ['public.customers.email'] }, INSERT), wide)).toMatchObject({ masked: 'source' })
  })

  it('may be every column of a relation', () => {
    const whole = [{ mask: mask('contact', { columns: ['orders.public.customers.*'] }) }]
    expect(decide(known({ predicate: ['public.customers.anything'] }), whole)).toMatchObject({ masked: 'predicate' })
    expect(decide(known({ predicate: ['public.customer.anything'] }), whole).effect).toBe('allow')
  })

  it('is of one database, as the target calls it; of any, where it is not known which this is', () => {
    const facts = known({ predicate: ['public.customers.email'] })
    expect(decide(facts, undefined, asker({ session: { id: 's', database: 'other' } })).effect).toBe('allow')
    expect(decide(facts, undefined, asker({ session: { id: 's', database: 'orders' } })).effect).toBe('deny')
    expect(decide(facts, undefined, asker({ session: { id: 's' } })).effect).toBe('deny')
    const { databases: _, ...blind } = resource
    expect(decide(facts, undefined, asker({ resource: blind })).effect).toBe('deny')
  })

  it('names every mask that refuses, by the use of the first', () => {
    const masks = [{ mask: mask('a') }, { mask: mask('b', { columns: ['orders.public.customers.name'] }) }, { mask: mask('c') }]
    const decision = decide(known({ predicate: ['public.customers.name'], written: ['public.customers.email'] }, INSERT), masks)
    expect(decision).toMatchObject({ effect: 'deny', rules: ['mask:a', 'mask:b', 'mask:c'], masked: 'written' })
  })
})

describe('what is not known', () => {
  const written: SqlFacts = { statements: 1, columns: { output: [], predicate: [], written: [] } }
  it.each([
    ['nothing', undefined],
    ['no fact of SQL', { effects: [READ] }],
    ['no columns', { effects: [READ], sql: { statements: 1, reads: ['public.customers'], writes: [] } }],
    ['not even what is read', { effects: [READ], sql: { statements: 1, writes: [] } }],
    ['code of which nothing is known', { effects: [{ class: 'opaque', action: 'do' }], sql: { statements: 1 } }],
    ['where what is stored comes from', { effects: [INSERT], sql: written }],
  ] as const)('is refused: %s', (_, facts) => {
    expect(decide(facts)).toMatchObject(
      facts === undefined ? { effect: 'deny', masked: 'unknown' } : { effect: 'deny', rules: ['mask:contact'], masked: 'unknown' },
    )
  })

  it.each([
    ['what drivers do to be connected', { effects: [{ class: 'session', action: 'set' }] }],
    ['what reads and writes nothing', { effects: [READ], sql: { statements: 1, reads: [], writes: [] } }],
    ['where a statement that only reads would store from', { effects: [READ], sql: written }],
  ] as const)('is not: %s', (_, facts) => {
    expect(decide(facts).effect).toBe('allow')
  })

  it('does not matter to a mask of detectors, or of another database', () => {
    expect(decide(undefined, [{ mask: mask('cards', { columns: [], detect: ['card'] }) }]).effect).toBe('allow')
    expect(decide(undefined, [{ mask: mask('elsewhere', { columns: ['crm.public.people.email'] }) }]).effect).toBe('allow')
  })
})

describe('a mask', () => {
  const facts = known({ predicate: ['public.customers.email'] })
  const about = (more: Partial<MaskRule>) => decide(facts, [{ mask: mask('contact'), ...more }])

  it.each([
    ['these groups', { who: { groups: ['github/repo:acme/reports'] } }, true],
    ['other groups', { who: { groups: ['github/repo:acme/other'] } }, false],
    ['persons', { who: { kind: 'person' } }, false],
    ['everybody but these groups', { except: { groups: ['github/repo:acme/reports'] } }, false],
    ['everybody but other groups', { except: { groups: ['okta/fraud'] } }, true],
    ['another resource', { on: { resources: ['other-db'] } }, false],
    ['a tag', { on: { tags: ['pii'] } }, true],
    ['a tag that is not there', { on: { tags: ['prod'] } }, false],
  ] as const)('is about %s', (_, more, holds) => {
    expect(about(more).effect).toBe(holds ? 'deny' : 'allow')
  })

  it('takes back what rules permit, and never permits anything', () => {
    const decision = createPolicy([], {}, [{ mask: mask('contact') }]).decide(asker(), doing(facts), 0)
    expect(decision).toEqual({ effect: 'deny', rules: [], policy: decision.policy })
  })

  it('refuses before anybody is asked', () => {
    const ask = { name: 'ask', effect: 'ask' as const, do: ['postgres.*'] }
    const policy = createPolicy([ask], {}, [{ mask: mask('contact') }])
    expect(policy.decide(asker(), doing(facts), 0).effect).toBe('deny')
    expect(policy.decide(asker(), doing(known({})), 0)).toMatchObject({ effect: 'ask', masks: [{ name: 'contact' }] })
  })

  it('is in the digest, which stays what it was where there is none', () => {
    const digest = (...masks: MaskRule[]) => createPolicy([anything], {}, masks).digest
    expect(digest()).toBe(createPolicy([anything]).digest)
    const all = [
      digest(),
      digest({ mask: mask('a') }),
      digest({ mask: mask('a', { as: 'null' }) }),
      digest({ mask: mask('a'), on: { tags: ['pii'] } }),
    ]
    expect(new Set(all).size).toBe(4)
  })
})

it('gives the same list of masks to everybody about whom the same hold, and the same decision', () => {
  const policy = createPolicy([anything], {}, [{ mask: mask('contact') }])
  const first = policy.decide(asker(), doing(known({})), 0)
  const second = policy.decide(asker({ principal: job() }), doing(known({ output: ['public.customers.id'] })), 0)
  expect(second).toBe(first)
  expect(second.masks).toBe(first.masks)
  expect(Object.isFrozen(first.masks)).toBe(true)
})

it('says why a mask holds or does not, and what it refuses', () => {
  const policy = createPolicy([anything], {}, [
    { mask: mask('contact') },
    { mask: mask('fraud'), except: { groups: ['github/repo:acme/reports'] }, on: { tags: ['prod'] } },
  ])
  const explained = policy.explain(asker(), doing(known({ predicate: ['public.customers.email'] })), 0)
  expect(explained.decision).toMatchObject({ effect: 'deny', masked: 'predicate' })
  expect(explained.masks).toEqual([
    { name: 'contact', holds: true, misses: [], refuses: 'predicate' },
    { name: 'fraud', holds: false, misses: ['except', 'on.tags'] },
  ])
})

it('does not guess of the past what was not recorded then', () => {
  const policy = createPolicy([anything], {}, [{ mask: mask('contact') }])
  const past = (effect: Effect, columns: SqlFacts['columns']) =>
    policy.rejudge(
      asker(),
      { facts: { effects: [effect], sql: { statements: 1, ...(columns && { columns }) } }, bytes: 10, unrecorded: new Set() },
      0,
    )
  expect(past(INSERT, { output: [], predicate: [], written: [] })).toEqual({ needs: ['sql.columns.sources'] })
  expect(past(INSERT, NO_COLUMNS)).toMatchObject({ effect: 'allow' })
  expect(past(READ, { output: [], predicate: [], written: [] })).toMatchObject({ effect: 'allow' })
  const selected = { output: ['public.customers.email'], predicate: [], written: [] }
  expect(past(READ, selected)).toEqual({ needs: ['sql.columns.tests'] })
  expect(past(READ, { ...selected, tests: [] })).toMatchObject({ effect: 'allow' })
  expect(past(INSERT, undefined)).toMatchObject({ effect: 'deny', masked: 'unknown' })
})
