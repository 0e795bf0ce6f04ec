import { resolve } from 'node:path'
import { checkIssuer, immutableClaims } from '../../identity/index.ts'
import { isLoopback } from '../address.ts'
import { issuerSettings } from '../issuer-settings.ts'
import { readJwks, UnusableJwks } from '../jwks.ts'
import { type JobIssuer, type PeopleIssuer, provesJobs, signsInPeople } from '../people-settings.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'

type Issuer = JobIssuer

export const checkIssuers: Check = function* ({ issuers }, { folder }) {
  yield* repeated(
    issuers.map(({ name }, index) => [['issuers', index, 'name'], name]),
    'issuer',
  )
  const byUrl = new Map<string, (JobIssuer | PeopleIssuer)[]>()
  for (const [index, issuer] of issuers.entries()) {
    const others = byUrl.get(issuer.issuer) ?? []
    yield* sameUrl(issuer, others, index)
    byUrl.set(issuer.issuer, [...others, issuer])
    if (signsInPeople(issuer)) {
      yield* url(issuer, index)
      continue
    }
    const found = [...url(issuer, index), ...accepted(issuer, index), ...keys(issuer, index, folder)]
    yield* found
    yield* unusable(issuer, index, new Set(found.map(({ path }) => path.join('\0'))))
  }
}

/** One URL may stand for jobs and for people, where their tokens are told apart by what they are made for. */
function* sameUrl(issuer: JobIssuer | PeopleIssuer, others: readonly (JobIssuer | PeopleIssuer)[], index: number): Iterable<Finding> {
  const path = ['issuers', index, 'issuer']
  for (const other of others) {
    if (signsInPeople(issuer) === signsInPeople(other)) {
      const belong = signsInPeople(issuer) ? 'one person would be two' : 'a token would belong to both'
      yield inconsistent(path, `The issuer ${other.name} has the same URL, so ${belong}.`, 'Keep one of the two.')
    } else {
      const jobs = [issuer, other].find(provesJobs)
      const clients = [issuer, other].filter(signsInPeople).flatMap(({ people }) => [people.clientId, people.device?.clientId])
      if (jobs && clients.includes(jobs.audience))
        yield inconsistent(
          path,
          `The issuers ${issuer.name} and ${other.name} take tokens made for the same audience, so a person's token could start a run.`,
          'Give jobs an audience of their own.',
        )
    }
  }
}

function* url(issuer: JobIssuer | PeopleIssuer, index: number): Iterable<Finding> {
  const jwks = provesJobs(issuer) && issuer.jwks?.startsWith('http') ? [['jwks', issuer.jwks] as const] : []
  const places = [['issuer', issuer.issuer] as const, ...jwks]
  for (const [field, text] of places) {
    const path = ['issuers', index, field]
    if (!URL.canParse(text)) {
      yield { code: 'GS_CONFIG_WRONG_VALUE', path, message: 'This is no URL.', next: 'Write for example https://issuer.example.org.' }
    } else if (text.startsWith('http:')) {
      if (!isLoopback(new URL(text).hostname)) {
        yield inconsistent(
          path,
          'Plain http is accepted only on this machine: whoever is in between could mint any identity.',
          'Write https://….',
        )
      } else if (issuer.insecureLoopback !== true) {
        yield inconsistent(
          path,
          'Plain http needs an explicit word, even on this machine.',
          'Add insecureLoopback: true, for tests and demos only.',
        )
      }
    }
  }
}

/** What identity would refuse at the start, unless it was said already, in more words, of the same field. */
function* unusable(issuer: Issuer, index: number, said: ReadonlySet<string>): Iterable<Finding> {
  for (const { level, field, sentence } of checkIssuer(issuerSettings(issuer))) {
    const path = ['issuers', index, ...fieldPath(field)]
    if (level !== 'refused' || said.has(path.join('\0'))) continue
    yield inconsistent(path, 'An issuer cannot be used like this.', `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`)
  }
}

/** Claims may hold dots themselves: only the first one separates. */
function fieldPath(field: string): readonly string[] {
  if (field.startsWith('keys')) return ['jwks']
  const dot = field.indexOf('.')
  return dot < 0 ? [field] : [field.slice(0, dot), field.slice(dot + 1)]
}

/** Claims that say which code runs; without one, whoever can push a branch decides. */
const pins = ['job_workflow_ref', 'environment', 'ref_protected', 'ci_config_ref_uri']
const ciClaims = ['repository_id', 'repository_owner_id', 'enterprise_id', 'project_id', 'namespace_id']

function* accepted(issuer: Issuer, index: number): Iterable<Finding> {
  const path = ['issuers', index, 'accept']
  const claims = Object.keys(issuer.accept)
  yield* neverSub(issuer.accept, path)
  for (const [at, claim] of (issuer.immutable ?? []).entries()) {
    if (!claims.includes(claim)) {
      yield inconsistent(
        ['issuers', index, 'immutable', at],
        `The claim ${claim} is not matched in accept.`,
        `Add ${claim} to accept, or remove it here.`,
      )
    }
  }
  yield* pinnedClaims(issuer.accept, issuer.immutable ?? immutableClaims, path)
  if (claims.some((claim) => ciClaims.includes(claim)) && !claims.some((claim) => pins.includes(claim))) {
    yield doubtful(
      path,
      'Any branch and any workflow of these repositories is accepted.',
      'Pin job_workflow_ref, environment or ref_protected: "true".',
    )
  }
}

type Accept = JobIssuer['accept']

export function* neverSub(accept: Accept, path: Path): Iterable<Finding> {
  for (const claim of Object.keys(accept).filter((name) => name === 'sub' || name === '/sub')) {
    yield inconsistent(
      [...path, claim],
      'The claim sub is never matched: it packs several facts into one string whose form its owner can change.',
      'Match its parts as claims of their own, such as repository_id.',
    )
  }
}

/** @param immutable claims that can never be given to somebody else */
export function* pinnedClaims(accept: Accept, immutable: readonly string[], path: Path): Iterable<Finding> {
  const held = Object.keys(accept).filter((claim) => immutable.includes(claim))
  if (held.length === 0) {
    yield inconsistent(
      path,
      'Nothing here is immutable: names can be given up and taken over by somebody else.',
      'Match an id: repository_owner_id or repository_id (GitHub), project_id or namespace_id (GitLab); for another issuer, match its own and name it in immutable: [claim].',
    )
  }
  // A glob over an immutable id holds nothing.
  for (const claim of held) {
    if ([accept[claim]].flat().some((value) => typeof value === 'string' && value.includes('*'))) {
      yield inconsistent([...path, claim], 'An immutable id must be matched exactly.', 'Write the ids out, as a list if there are several.')
    }
  }
}

function* keys(issuer: Issuer, index: number, folder: string): Iterable<Finding> {
  if (!issuer.jwks?.startsWith('file:')) return
  try {
    readJwks(resolve(folder, issuer.jwks.slice('file:'.length)))
  } catch (error) {
    if (!(error instanceof UnusableJwks)) throw error
    yield {
      code: 'GS_CONFIG_WRONG_VALUE',
      path: ['issuers', index, 'jwks'],
      message: error.message,
      next: 'Name a file with the public keys of the issuer.',
    }
  }
}
