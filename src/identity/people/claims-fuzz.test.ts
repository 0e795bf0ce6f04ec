import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseTemplate } from '../template.ts'
import { groupsFrom, isEncodedName } from './groups.ts'
import { personFrom } from './identify.ts'
import { PeopleError } from './index.ts'
import { preparePeopleIssuer } from './people-issuer.ts'

const name = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', '/', ':', '%', ',', ' ', '.', '2', 'F', "'", '\u0000', 'é', '😀'), minLength: 1, maxLength: 12 }),
)

it('gives each name of a list a group of its own, in characters that separate nothing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
      const groups = groupsFrom({ groups: names }, [parseTemplate('{groups}')])
      expect(groups).toHaveLength(names.length)
      expect(new Set(groups).size).toBe(names.length)
      for (const [at, group] of groups.entries()) {
        expect(isEncodedName(group)).toBe(true)
        // Nothing is lost: the name can be read back.
        expect(decodeURIComponent(group)).toBe(names[at])
      }
    }),
    { numRuns: 500 },
  )
})

it('never lets a name pass for a group of a template with a kind', () => {
  fc.assert(
    fc.property(name, (text) => {
      const [group] = groupsFrom({ groups: [text] }, [parseTemplate('{groups}'), parseTemplate('domain:{hd}')])
      expect(group).not.toContain(':')
      expect(group).not.toContain('/')
    }),
    { numRuns: 500 },
  )
})

const issuer = preparePeopleIssuer({
  name: 'okta',
  issuer: 'https://acme.okta.com',
  clientId: 'x',
  groups: ['{groups}', 'domain:{hd}', 'team:{/a~1b/c}.{n}'],
  link: { github: '{github_id}' },
  accept: { hd: 'acme.example' },
})
const claims = fc.record(
  {
    groups: fc.oneof(fc.array(name), fc.anything(), fc.constant(['sre'])),
    hd: fc.oneof({ weight: 8, arbitrary: fc.constant('acme.example') }, { weight: 1, arbitrary: fc.anything() }),
    n: fc.anything(),
    'a/b': fc.oneof(fc.record({ c: name }), fc.anything()),
    github_id: fc.oneof(name, fc.anything()),
    name: fc.anything(),
    hasgroups: fc.anything(),
    _claim_names: fc.anything(),
    __proto__: fc.anything(),
  },
  { requiredKeys: ['hd'] },
)

it('makes a person of any claims, or refuses them with a code of its own', () => {
  const outcomes = { persons: 0, refused: 0 }
  fc.assert(
    fc.property(claims, (given) => {
      try {
        const { person, displayName, accounts } = personFrom({ ...given, sub: 'ann' }, issuer, 1)
        outcomes.persons++
        for (const group of person.groups) expect(group).toMatch(/^okta\/(domain:|team:)?[A-Za-z0-9._@+=~%/-]+$/)
        expect(displayName.length).toBeLessThanOrEqual(200)
        expect(typeof (accounts.github ?? '')).toBe('string')
      } catch (error) {
        if (!(error instanceof PeopleError)) throw error
        outcomes.refused++
      }
    }),
    { numRuns: 2_000 },
  )
  // Neither of the two may be all that it ever comes to.
  expect(outcomes.persons).toBeGreaterThan(200)
  expect(outcomes.refused).toBeGreaterThan(200)
})
