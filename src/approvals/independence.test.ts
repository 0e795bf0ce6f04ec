import { describe, expect, it } from 'vitest'
import type { Principal, RunFacts } from '../operations/index.ts'
import { areIndependent, type Independence, independenceOf, isSamePerson, type LinkedPerson } from './independence.ts'

const job: Principal = { kind: 'job', issuer: 'github', subject: 'repo:acme/shop', groups: [] }
const alice: Principal = { kind: 'person', issuer: 'okta', subject: 'alice', groups: [] }
const by = (issuer: string, subject: string, accounts: Record<string, string> = {}): LinkedPerson => ({
  person: { issuer, subject },
  accounts,
})

describe('independence', () => {
  it.each<[string, Principal, RunFacts, LinkedPerson, Independence]>([
    ['linked, and another account than the launcher', job, { launcher: '1' }, by('okta', 'bob', { github: '2' }), 'proven'],
    ['linked, and the launcher', job, { launcher: '2' }, by('okta', 'bob', { github: '2' }), 'launcher'],
    ['linked, and who started it again', job, { launcher: '1', rerunner: '2' }, by('okta', 'bob', { github: '2' }), 'rerunner'],
    ['linked, and who wrote its code', job, { launcher: '1', author: '2' }, by('okta', 'bob', { github: '2' }), 'author'],
    [
      'linked, and the launcher, spelled otherwise',
      job,
      { launcher: 'Bob@Acme.org' },
      by('okta', 'bob', { github: 'bob@acme.org' }),
      'launcher',
    ],
    [
      'linked, and the launcher, in composed letters',
      job,
      { launcher: 'Zo\u0065\u0308' },
      by('okta', 'bob', { github: 'zo\u00eb' }),
      'launcher',
    ],
    ['linked, and none of the three', job, { launcher: '1', rerunner: '3', author: '4' }, by('okta', 'bob', { github: '2' }), 'proven'],
    ['not linked at all', job, { launcher: '1' }, by('okta', 'bob'), 'unproven'],
    ['linked elsewhere only', job, { launcher: '1' }, by('okta', 'bob', { gitlab: '2' }), 'unproven'],
    ['with the same id at another issuer', job, { launcher: '1' }, by('okta', 'bob', { gitlab: '1' }), 'unproven'],
    ['linked, of a run of which nobody says who started it', job, {}, by('okta', 'bob', { github: '2' }), 'unproven'],
    ['linked to what every object has', job, { launcher: '1' }, by('okta', 'bob', JSON.parse('{"__proto__": "2"}')), 'unproven'],
    ['the person whose run it is', alice, {}, by('okta', 'alice'), 'principal'],
    ['another person of the same issuer', alice, {}, by('okta', 'bob'), 'proven'],
    ['the same person, linked from another issuer', alice, {}, by('entra', '77', { okta: 'alice' }), 'principal'],
    ['another person, linked from another issuer', alice, {}, by('entra', '77', { okta: 'bob' }), 'proven'],
    ['somebody of another issuer, not linked', alice, {}, by('entra', '77'), 'unproven'],
    ['who started the run of another person', alice, { launcher: 'bob' }, by('okta', 'bob'), 'launcher'],
  ])('of somebody %s', (_, principal, facts, approver, expected) => {
    expect(independenceOf({ principal, facts }, approver)).toBe(expected)
  })
})

it('of a run of a person’s own counts every account that their sign-in named', () => {
  const run = { principal: alice, facts: {}, accounts: { entra: '77', github: '2' } }
  expect(independenceOf(run, by('entra', '77'))).toBe('principal')
  expect(independenceOf(run, by('google', 'a', { github: '2' }))).toBe('principal')
  expect(independenceOf(run, by('entra', '78'))).toBe('proven')
  expect(independenceOf(run, by('google', 'a'))).toBe('unproven')
})

describe('one person', () => {
  it.each<[string, LinkedPerson, LinkedPerson, boolean]>([
    ['the same account', by('okta', 'bob'), by('okta', 'bob'), true],
    ['an account that is linked to the other', by('okta', 'bob', { entra: '77' }), by('entra', '77'), true],
    ['the same, the other way round', by('entra', '77'), by('okta', 'bob', { entra: '77' }), true],
    ['two that are linked to the same account', by('okta', 'bob', { github: '2' }), by('entra', '77', { github: '2' }), true],
    ['the same account, spelled otherwise', by('okta', 'bob', { github: 'Bob' }), by('entra', '77', { github: 'bob' }), true],
    ['two accounts', by('okta', 'bob'), by('okta', 'carol'), false],
    ['the same id at two issuers', by('okta', '1'), by('entra', '1'), false],
    ['two that are linked to two accounts', by('okta', 'bob', { github: '2' }), by('entra', '77', { github: '3' }), false],
  ])('is %s', (_, a, b, expected) => {
    expect(isSamePerson(a, b)).toBe(expected)
  })
})

describe('two persons', () => {
  it.each<[string, LinkedPerson, LinkedPerson, boolean]>([
    ['two accounts of one issuer', by('okta', 'bob'), by('okta', 'carol'), true],
    ['one account', by('okta', 'bob'), by('okta', 'bob'), false],
    ['accounts of two issuers that nobody linked', by('okta', 'bob'), by('entra', '77'), false],
    ['one that is linked to another account of the other’s issuer', by('okta', 'bob'), by('entra', '77', { okta: 'carol' }), true],
    ['the same, the other way round', by('entra', '77', { okta: 'carol' }), by('okta', 'bob'), true],
    ['one that is linked to the other', by('okta', 'bob'), by('entra', '77', { okta: 'bob' }), false],
    ['two accounts of a third issuer', by('okta', 'bob', { github: '2' }), by('entra', '77', { github: '3' }), true],
    ['links to different issuers', by('okta', 'bob', { github: '2' }), by('entra', '77', { gitlab: '3' }), false],
  ])('are known to be so by %s', (_, a, b, expected) => {
    expect(areIndependent(a, b)).toBe(expected)
  })
})
