import { isSafeUrl } from '../../channels/settings.ts'
import { PLANE_KINDS } from '../../operations/index.ts'
import { milliseconds } from '../duration.ts'
import { signsInPeople } from '../people-settings.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent } from './check.ts'

/** Nobody decides within a second, and no run is as old as a day. */
const [SHORTEST, LONGEST] = [10_000, 86_400_000]

/** Whom rules ask: people, of issuers that sign them in. */
export const checkApprovals: Check = function* ({ gateway, rules, issuers, roles, approvals }) {
  const people = issuers.filter(signsInPeople).map(({ name }) => name)
  for (const [index, rule] of rules.entries()) {
    const path = ['rules', index]
    if (rule.effect !== 'ask') {
      yield* onlyAsks(rule, path)
      continue
    }
    for (const [at, group] of (rule.approvers?.groups ?? []).entries()) {
      const issuer = group.slice(0, group.indexOf('/'))
      if (people.includes(issuer)) continue
      const next = people.length > 0 ? `Write a group of ${people.join(' or ')}.` : 'Configure an issuer with people.'
      yield inconsistent([...path, 'approvers', 'groups', at], `No issuer of people is called ${issuer}, so nobody could approve.`, next)
    }
    if (rule.approvers?.groups === undefined && people.length > 0 && roles?.approver === undefined) {
      const why = 'Nobody could approve: the rule names no group, and no group has the role approver.'
      yield doubtful([...path, 'effect'], why, 'Add approvers: { groups: […] }, or roles: { approver: … }.')
    }
    if (rule.for !== undefined) yield* within(rule.for, [...path, 'for'])
  }
  for (const kind of PLANE_KINDS) {
    const hold = approvals?.hold?.[kind]
    if (hold !== undefined) yield* within(hold, ['approvals', 'hold', kind])
  }
  if (approvals?.channels === undefined) return
  if (gateway.listen.admin === undefined) {
    const why = 'Nobody signs in here, so nobody is asked, and no channel is told.'
    yield inconsistent(['approvals', 'channels'], why, 'Give gateway.listen.admin, or leave the channels out.')
  }
  yield* channelsCanBeUsed(approvals.channels, people)
}

function* channelsCanBeUsed(
  channels: NonNullable<NonNullable<Document['approvals']>['channels']>,
  people: readonly string[],
): Iterable<Finding> {
  for (const [index, { webhook, slack }] of channels.entries()) {
    const path = ['approvals', 'channels', index]
    const { url = 'https://slack.com', insecureLoopback = false } = webhook ?? slack ?? {}
    if (!isSafeUrl(url, insecureLoopback)) {
      const why = 'What is sent there could be read or changed on the way.'
      const next = 'Write a URL with https; http is for this machine, with insecureLoopback: true.'
      yield inconsistent([...path, webhook ? 'webhook' : 'slack', 'url'], why, next)
    }
    if (!slack) continue
    if (channels.findIndex((each) => each.slack) !== index) {
      const why = 'There is a channel of Slack already, and what Slack sends here does not say which it means.'
      yield inconsistent([...path, 'slack'], why, 'Keep one of them.')
    }
    for (const [user, person] of Object.entries(slack.users ?? {})) {
      const issuer = person.slice(0, person.indexOf('/'))
      if (people.includes(issuer)) continue
      const next = people.length > 0 ? `Write a person of ${people.join(' or ')}.` : 'Configure an issuer with people.'
      yield inconsistent([...path, 'slack', 'users', user], `No issuer of people is called ${issuer}.`, next)
    }
  }
}

function* onlyAsks(rule: Document['rules'][number], path: Path): Iterable<Finding> {
  for (const field of ['approvers', 'for', 'stream'] as const) {
    if (rule[field] === undefined) continue
    yield inconsistent(
      [...path, field],
      `Nobody is asked by a rule whose effect is ${rule.effect}.`,
      `Write effect: ask, or leave ${field} out.`,
    )
  }
}

function* within(duration: string, path: Path): Iterable<Finding> {
  const ms = milliseconds(duration)
  if (ms >= SHORTEST && ms <= LONGEST) return
  yield inconsistent(path, 'People are asked for 10 seconds to a day.', 'Write for example 15m.')
}
