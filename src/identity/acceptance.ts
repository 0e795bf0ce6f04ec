import { type Claims, claimAt } from './claims.ts'
import type { AcceptedScalar, AcceptedValue } from './settings.ts'

/** Whether a claim is what the configuration accepts: same type, whole value, `*` for one segment. A list in a token matches nothing. */
export function matches(accepted: AcceptedValue, value: unknown): boolean {
  const choices = isList(accepted) ? accepted : [accepted]
  return choices.some((choice) => matchesOne(choice, value))
}

/** The first claim that is not accepted, if any. */
export function unacceptedClaim(accept: Readonly<Record<string, AcceptedValue>>, claims: Claims): string | undefined {
  return Object.keys(accept).find((path) => !matches(accept[path]!, claimAt(claims, path)))
}

/** Events whose trigger, or whose code, may come from somebody without write access to the repository. */
const strangersEvents: ReadonlySet<unknown> = new Set([
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
  'workflow_run',
  'issue_comment',
  'issues',
  'discussion',
  'discussion_comment',
  'fork',
  'watch',
  'gollum',
])

/** An event that strangers can trigger passes only where the configuration names it in full: a glob does not name it. */
export function isEventRefused(accept: Readonly<Record<string, AcceptedValue>>, claims: Claims): boolean {
  const event = claimAt(claims, 'event_name')
  if (!strangersEvents.has(event)) return false
  const accepted = Object.hasOwn(accept, 'event_name') ? accept.event_name! : []
  return isList(accepted) ? !accepted.includes(event as string) : accepted !== event
}

function matchesOne(accepted: AcceptedScalar, value: unknown): boolean {
  if (typeof accepted !== 'string' || !accepted.includes('*')) return accepted === value
  return typeof value === 'string' && globMatches(accepted, value)
}

/** Segment by segment, and within a segment part by part from left to right: linear, nothing to backtrack into. */
function globMatches(glob: string, value: string): boolean {
  const wanted = glob.split('/')
  const given = value.split('/')
  return wanted.length === given.length && wanted.every((segment, at) => segmentMatches(segment, given[at]!))
}

function segmentMatches(glob: string, segment: string): boolean {
  const [head, ...parts] = glob.split('*')
  const tail = parts.pop()
  if (tail === undefined) return segment === head
  if (!segment.startsWith(head!)) return false
  let at = head!.length
  for (const part of parts) {
    // Each `*` stands for at least one character.
    const found = segment.indexOf(part, at + 1)
    if (found < 0) return false
    at = found + part.length
  }
  return segment.length - tail.length > at && segment.endsWith(tail)
}

function isList(accepted: AcceptedValue): accepted is readonly AcceptedScalar[] {
  return Array.isArray(accepted)
}
