import { describe, expect, it } from 'vitest'
import type { RequestCard, RequestView } from '../approvals/index.ts'
import type { Run } from '../operations/index.ts'
import { type CardFact, cardOf } from './card.ts'
import { plainly } from './visible.ts'

const request: RequestView = {
  id: 'apr_one',
  link: 'https://gw.example/approvals/apr_one',
  state: 'pending',
  mode: 'hold',
  run: 'run_a',
  session: 'ses_a',
  resource: 'orders-db',
  protocol: 'postgres',
  policy: 'sha256:00',
  stream: false,
  requirements: [
    { rule: 'ask-first', groups: ['okta/sre', 'okta/dba'], count: 2, approvals: 1, needed: 3 },
    { rule: 'ask-any', count: 1, approvals: 1, needed: 1 },
  ],
  decisions: [{ who: 'p1', verdict: 'approve', channel: 'cli', at: 0, independence: 'unproven', separation: 'proven' }],
  askedAt: Date.UTC(2026, 10, 23, 12),
  expiresAt: Date.UTC(2026, 10, 23, 12, 15),
}

const run: Run = {
  id: 'run_a',
  principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: [] },
  facts: { repository: 'acme/reports', launcher: 'eve', workflow: 'nightly', url: 'https://ci.example/1' },
  startedAt: 0,
}

const cardWith = (effective: Partial<NonNullable<RequestCard['content']>['effective']> = {}, more: Partial<RequestView> = {}) =>
  cardOf(
    {
      request: { ...request, ...more },
      content: {
        effective: {
          protocol: 'postgres',
          resource: 'orders-db',
          database: 'orders',
          parts: [{ label: 'statement', content: Buffer.from('DELETE FROM orders') }],
          session: { search_path: 'evil\u202e, public', user: 'job' },
          facts: [
            {
              effects: [{ class: 'write', action: 'delete' }],
              sql: { statements: 1, reads: ['public.orders'], writes: ['public.orders'], bounded: false, transaction: 'open' },
            },
          ],
          stream: false,
          ...effective,
        },
        claimed: { message: '<b>approved by the CTO</b>\u200b' },
        names: [{ who: 'p1', displayName: 'Ada' }],
      },
    },
    run,
  )

const read = (facts: readonly CardFact[]) => Object.fromEntries(facts.map(({ name, values }) => [name, values.map(plainly)]))

describe('the card', () => {
  it('says first what the gateway knows: who, where, what, and who must say yes', () => {
    const { facts, session } = cardWith()
    expect(read(facts)).toEqual({
      state: ['pending'],
      run: ['run_a'],
      who: ['job of github', 'repo:acme/reports'],
      repository: ['acme/reports'],
      workflow: ['nightly'],
      launcher: ['eve'],
      url: ['https://ci.example/1'],
      resource: ['orders-db'],
      protocol: ['postgres'],
      database: ['orders'],
      session: ['ses_a'],
      does: ['write: delete'],
      reads: ['public.orders'],
      writes: ['public.orders'],
      bounded: ['no: it may change every row'],
      transaction: ['open'],
      'asked by rule': ['ask-first: 1 of 3 approvals, from okta/sre or okta/dba', 'ask-any: 1 of 1 approvals, from any approver'],
      answers: ['Ada: yes, 1970-01-01 00:00:00 UTC; not proven that it is not who started the run'],
      'asked at': ['2026-11-23 12:00:00 UTC'],
      'waits until': ['2026-11-23 12:15:00 UTC'],
      waiting: ['with an open connection'],
      policy: ['sha256:00'],
    })
    expect(read(session)).toEqual({ search_path: ['evil⟨U+202E⟩, public'], user: ['job'] })
  })

  it('says what is not known rather than nothing', () => {
    const { facts } = cardWith({
      facts: [
        { effects: [{ class: 'write', action: 'update' }], sql: { statements: 1, reads: ['public.a'] } },
        { effects: [{ class: 'read', action: 'select' }], sql: { statements: 1, writes: [], bounded: true } },
      ],
    })
    expect(read(facts)).toMatchObject({
      does: ['read: select', 'write: update'],
      reads: ['not known', 'public.a'],
      writes: ['not known'],
      bounded: ['not known'],
      transaction: ['not known'],
    })
    expect(read(cardOf({ request, content: undefined }, undefined).facts)).toMatchObject({ who: ['not known any more'] })
  })

  it('keeps what is asked for apart from what the agent says of it', () => {
    const { parts, claimed } = cardWith({
      parts: [
        { label: 'statement', content: Buffer.from('SELECT $1') },
        { label: 'parameters', content: Buffer.from('00020001000000020000000200ff0000000478e280ae0000', 'hex') },
        { label: 'parameters', content: Buffer.from([0]) },
        { label: 'cursor', content: Buffer.from('SELECT 2'), detail: { name: 'c\u200b' } },
      ],
    })
    expect(parts?.map(({ label, form, bytes, shown }) => [label, form, bytes, plainly(shown)])).toEqual([
      ['statement', 'text', 9, 'SELECT $1'],
      ['parameter 1 of 2', 'hex', 2, '00 ff'],
      ['parameter 2 of 2', 'text', 4, 'x⟨U+202E⟩'],
      ['parameters', 'hex', 1, '00'],
      ['cursor', 'text', 8, 'SELECT 2'],
    ])
    expect(read(parts![1]!.about)).toEqual({ format: ['binary'] })
    expect(read(parts![4]!.about)).toEqual({ name: ['c⟨U+200B⟩'] })
    expect(plainly(claimed!)).toBe('<b>approved by the CTO</b>⟨U+200B⟩')
  })

  it('says what became of it', () => {
    expect(read(cardWith({}, { state: 'void', why: 'changed', endedAt: 0 }).facts)).toMatchObject({
      state: ['void (changed)'],
      'ended at': ['1970-01-01 00:00:00 UTC'],
    })
    expect(read(cardWith({}, { state: 'approved', usableUntil: 0, stream: true }).facts)).toMatchObject({
      'usable until': ['1970-01-01 00:00:00 UTC'],
      stream: [expect.stringContaining('nobody has seen')],
    })
    expect(cardOf({ request, content: undefined }, run)).toMatchObject({ parts: undefined, claimed: undefined, session: [] })
  })
})
