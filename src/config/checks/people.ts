import { checkPeopleIssuer, isEncodedName } from '../../identity/people/checks/index.ts'
import { nearest } from '../nearest.ts'
import { type PeopleIssuer, peopleSettings, signsInPeople } from '../people-settings.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent } from './check.ts'
import { mayGive } from './group-template.ts'

const HOLDS = { would: 'hold this role', does: 'holds this role', never: 'holds a role' }
const ACTS = { would: 'do this', does: 'does this', never: 'does this' }

/** Issuers that sign in people, and the roles that their groups give. */
export const checkPeople: Check = function* ({ issuers, roles = {} }, { folder }) {
  for (const [index, issuer] of issuers.entries()) {
    if (!signsInPeople(issuer)) continue
    const path = ['issuers', index]
    for (const { level, field, sentence } of checkPeopleIssuer(peopleSettings(issuer, folder))) {
      // Of plain http more is said elsewhere.
      const isSaid = field === 'issuer' && !(URL.canParse(issuer.issuer) && issuer.issuer.startsWith('https:'))
      if (level === 'refused' && !isSaid)
        yield inconsistent([...path, ...fieldPath(field)], 'An issuer of people cannot be used like this.', `${capital(sentence)}.`)
    }
    for (const name of Object.keys(issuer.people.link ?? {})) yield* linked(name, [...path, 'people', 'link', name], issuer, issuers)
  }
  for (const [role, holders] of Object.entries(roles)) {
    for (const [at, group] of (holders?.groups ?? []).entries())
      yield* groupOfPeople(group, ['roles', role, 'groups', at], issuers.filter(signsInPeople), issuers, HOLDS)
  }
}

type Issuers = Parameters<Check>[0]['issuers']

function* linked(name: string, path: Path, own: PeopleIssuer, issuers: Issuers): Iterable<Finding> {
  const names = issuers.map((issuer) => issuer.name).filter((other) => other !== own.name)
  if (names.includes(name)) return
  const meant = nearest(name, names)
  yield inconsistent(
    path,
    name === own.name ? 'An account here is this person already.' : `No issuer is called ${name}, so this links nobody.`,
    meant === undefined ? 'Name an issuer that proves the jobs which these people start.' : `Did you mean ${meant}?`,
  )
}

/** Finds a group that no person can be in. @param may what its members may do, and what a job never does */
export function* groupOfPeople(
  group: string,
  path: Path,
  people: readonly PeopleIssuer[],
  all: Issuers,
  may: typeof ACTS = ACTS,
): Iterable<Finding> {
  const slash = group.indexOf('/')
  const [name, rest] = [group.slice(0, slash), group.slice(slash + 1)]
  const issuer = people.find((one) => one.name === name)
  if (issuer === undefined) {
    const ofJobs = all.some((one) => one.name === name)
    yield inconsistent(
      path,
      ofJobs
        ? `The issuer ${name} proves jobs, and a job never ${may.never}.`
        : `No issuer is called ${name}, so nobody would ${may.would} by it.`,
      people.length === 0
        ? 'Configure an issuer that signs in people first.'
        : `Write a group of ${people.map((one) => one.name).join(' or ')}.`,
    )
    return
  }
  const templates = [issuer.people.groups ?? []].flat()
  if (templates.length === 0) {
    yield doubtful(path, `The issuer ${name} gives no groups, so nobody ${may.does} by it.`, `Give ${name} people.groups.`)
  } else if (!templates.some((template) => (/^\{[^{}]+\}$/.test(template) ? isEncodedName(rest) : mayGive(template, rest)))) {
    yield doubtful(
      path,
      `No template of ${name} gives this group, so nobody ${may.does} by it.`,
      'Write the group as the trail shows it, percent-encoded where its name is not plain: okta/Platform%20Team.',
    )
  }
}

/** Claims may hold dots themselves: only the first two separate. */
function fieldPath(field: string): readonly string[] {
  const [first, second, ...rest] = field.split('.')
  return [first!, ...(second === undefined ? [] : [second]), ...(rest.length === 0 ? [] : [rest.join('.')])]
}

const capital = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1)
