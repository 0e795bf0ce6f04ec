import { expect, it } from 'vitest'
import { brief, EXAMPLE, EXAMPLE_WITH_PEOPLE, judge } from '../../test/parts/judged-config.ts'

const roles = 'roles: { approver: { groups: [okta/sre] } }\n'
const withGlass = (breakGlass: string, more = roles) => `${EXAMPLE_WITH_PEOPLE}\n${more}breakGlass: ${breakGlass}\n`

it('says who may break the glass, on what, for how long, and who confirms it', () => {
  expect(judge(EXAMPLE_WITH_PEOPLE).config?.breakGlass).toBeUndefined()
  const least = judge(withGlass('{ who: { groups: [okta/sre] }, on: { resources: [orders-db] } }'))
  expect(least.findings).toEqual([])
  expect(least.config?.breakGlass).toEqual({ who: { groups: ['okta/sre'] }, on: { resources: ['orders-db'] }, longest: 3_600_000 })
  const all = judge(withGlass('{ who: { groups: [okta/sre] }, on: { tags: [prod] }, longest: 20m, confirm: { groups: [okta/dba] } }', ''))
  expect(all.findings).toEqual([])
  expect(all.config?.breakGlass).toMatchObject({ on: { tags: ['prod'] }, longest: 1_200_000, confirm: { groups: ['okta/dba'] } })
})

it.each<[string, string, readonly string[]]>([
  ['for longer than an hour', '{ who: { groups: [okta/sre] }, on: { tags: [prod] }, longest: 61m }', ['INCONSISTENT breakGlass.longest']],
  ['for less than a minute', '{ who: { groups: [okta/sre] }, on: { tags: [prod] }, longest: 59s }', ['INCONSISTENT breakGlass.longest']],
  ['to jobs', '{ who: { groups: ["github/repo:acme/reports"] }, on: { tags: [prod] } }', ['INCONSISTENT breakGlass.who.groups[0]']],
  [
    'with a confirmation by jobs',
    '{ who: { groups: [okta/sre] }, on: { tags: [prod] }, confirm: { groups: ["github/x"] } }',
    ['INCONSISTENT breakGlass.confirm.groups[0]'],
  ],
  [
    'on what is not there',
    '{ who: { groups: [okta/sre] }, on: { resources: [order-db] } }',
    ['INCONSISTENT breakGlass.on.resources[0]', 'DOUBTFUL breakGlass.on'],
  ],
  ['on nothing', '{ who: { groups: [okta/sre] }, on: { tags: [nothing] } }', ['DOUBTFUL breakGlass.on']],
  ['on everything unsaid', '{ who: { groups: [okta/sre] } }', ['MISSING_FIELD breakGlass.on']],
  ['to everybody unsaid', '{ on: { tags: [prod] } }', ['MISSING_FIELD breakGlass.who']],
])('is not given %s', (_, written, expected) => {
  expect([...brief(withGlass(written))].sort()).toEqual([...expected].sort())
})

it('is nothing where nobody signs in, and doubtful where nobody could be the second person', () => {
  const written = '{ who: { groups: [okta/sre] }, on: { tags: [prod] } }'
  expect(brief(withGlass(written, ''))).toEqual(['DOUBTFUL breakGlass'])
  expect(brief(`${EXAMPLE}\nbreakGlass: ${written}\n`)).toContain('INCONSISTENT breakGlass')
})
