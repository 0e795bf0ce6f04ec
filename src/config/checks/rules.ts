import { PLANES } from '../../operations/index.ts'
import { kindsOf } from '../../policy/index.ts'
import { nearest } from '../nearest.ts'
import { signsInPeople } from '../people-settings.ts'
import type { Document } from '../schema/document.ts'
import type { Finding } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'
import { mayGive } from './group-template.ts'
import { reach, shadowOf } from './shadows.ts'

export const checkRules: Check = function* ({ rules, issuers, resources }) {
  yield* repeated(
    rules.map(({ name }, index) => [['rules', index, 'name'], name]),
    'rule',
  )
  for (const [index, rule] of rules.entries()) {
    for (const [at, group] of (rule.who?.groups ?? []).entries())
      yield* unknownIssuer(group, ['rules', index, 'who', 'groups', at], issuers)
    for (const [at, name] of (rule.on?.resources ?? []).entries())
      yield* unknownResource(name, ['rules', index, 'on', 'resources', at], resources)
  }
}

/** Finds a selector that names a group of an issuer which is not there. */
export function* unknownIssuer(group: string, path: Finding['path'], issuers: Document['issuers']): Iterable<Finding> {
  const issuer = group.slice(0, group.indexOf('/'))
  const names = issuers.map(({ name }) => name)
  if (!names.includes(issuer)) yield unknown(path, `No issuer is called ${issuer}`, issuer, names)
}

/** Finds a selector that names a resource which is not there. */
export function* unknownResource(name: string, path: Finding['path'], resources: Document['resources']): Iterable<Finding> {
  const names = resources.map((resource) => resource.name)
  if (!names.includes(name)) yield unknown(path, `No resource is called ${name}`, name, names)
}

function unknown(path: Finding['path'], message: string, word: string, known: readonly string[]): Finding {
  const meant = nearest(word, known)
  const next =
    meant !== undefined ? `Did you mean ${meant}?` : known.length > 0 ? `Write one of ${known.join(', ')}.` : 'Configure it first.'
  return inconsistent(path, `${message}, so this would never match.`, next)
}

/** Rules that can never change an answer. */
export const checkReach: Check = function* (document, { now }) {
  const { rules, issuers, resources } = document
  for (const [index, rule] of rules.entries()) {
    const path = ['rules', index]
    if (rule.until !== undefined && Date.parse(rule.until) <= now) {
      yield doubtful([...path, 'until'], 'This rule has expired.', 'Remove the rule, or give it a later moment.')
      continue
    }
    if (rule.who?.kind === 'person' && !issuers.some(signsInPeople)) {
      yield doubtful(
        [...path, 'who', 'kind'],
        'No issuer signs in people, so this rule never matches.',
        'Write kind: job, or leave it out.',
      )
    }
    for (const [at, group] of (rule.who?.groups ?? []).entries()) {
      const issuer = issuers.find(({ name }) => name === group.slice(0, group.indexOf('/')))
      const templates = issuer && (signsInPeople(issuer) ? [issuer.people.groups ?? []].flat() : (issuer.groups ?? []))
      if (issuer && templates?.length === 0) {
        yield doubtful(
          [...path, 'who', 'groups', at],
          `The issuer ${issuer.name} gives no groups, so this never matches.`,
          `Give ${issuer.name} a groups: template.`,
        )
      } else if (issuer && !templates?.some((template) => mayGive(template, group.slice(issuer.name.length + 1)))) {
        yield doubtful(
          [...path, 'who', 'groups', at],
          `No groups: template of ${issuer.name} gives this group, so this never matches.`,
          'Write the group as the trail shows it: its kind first, and percent-encoded where a claim is not plain.',
        )
      }
    }
    const reached = reach(rule, resources)
    if (reached.size === 0 && rule.on === undefined && resources.length > 0) {
      const kinds = kindsOf(rule.do).map((kind) => PLANES[kind].title)
      yield doubtful(
        [...path, 'do'],
        `No resource is of ${kinds.join(' or ')}, so this never matches.`,
        'Configure one, or remove the rule.',
      )
      continue
    }
    if (reached.size === 0 && rule.on !== undefined) {
      yield doubtful(
        [...path, 'on'],
        'No resource matches this rule and its do.',
        'Give a resource one of these tags, or correct the rule.',
      )
      continue
    }
    const shadow = shadowOf(index, document)
    if (shadow !== undefined) {
      const why =
        shadow.effect === rule.effect ? 'already says the same' : `already answers ${shadow.effect}, which overrides ${rule.effect},`
      yield doubtful(
        [...path, 'name'],
        `The rule ${shadow.name} ${why} wherever this rule matches, so this rule never changes an answer.`,
        'Remove one of the two, or narrow the other.',
      )
    }
  }
}
