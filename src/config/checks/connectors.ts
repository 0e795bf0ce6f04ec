import { immutableClaims } from '../../identity/index.ts'
import { provesJobs } from '../people-settings.ts'
import type { Document } from '../schema/document.ts'
import type { Finding } from '../source.ts'
import { type Check, inconsistent, repeated } from './check.ts'
import { neverSub, pinnedClaims } from './issuers.ts'

/** A door for connectors, their names, and what is behind them: each needs the others. */
export const checkConnectors: Check = function* ({ gateway, connectors = [], issuers, resources }) {
  yield* repeated(
    connectors.map(({ name }, index) => [['connectors', index, 'name'], name]),
    'connector',
  )
  if (gateway.listen.connectors === undefined && connectors.length > 0) {
    const next = 'Write for example connectors: 0.0.0.0:8446 under gateway.listen.'
    yield inconsistent(['connectors'], 'Connectors dial in, and there is no door for them.', next)
  }
  if (gateway.listen.connectors !== undefined && connectors.length === 0) {
    const next = 'Write for example connectors: [ { name: plant-a } ], or leave this out.'
    yield inconsistent(['gateway', 'listen', 'connectors'], 'No connector has a name, so none could dial in.', next)
  }
  for (const [index, { workload }] of connectors.entries()) if (workload) yield* proven(workload, index, issuers)
  const names = connectors.map(({ name }) => name)
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'egress' || resource.via === undefined || names.includes(resource.via)) continue
    const next = names.length > 0 ? `Write one of ${names.slice(0, 16).join(', ')}.` : `Write connectors: [ { name: ${resource.via} } ].`
    yield inconsistent(['resources', index, 'via'], 'No connector is called so.', next)
  }
}

type Workload = NonNullable<NonNullable<Document['connectors']>[number]['workload']>

/** As for an issuer: what lets a connector in decides who sees where targets are. */
function* proven({ issuer: name, accept, immutable }: Workload, index: number, issuers: Document['issuers']): Iterable<Finding> {
  const path = ['connectors', index, 'workload']
  const issuer = issuers.find((each) => each.name === name)
  if (issuer === undefined || !provesJobs(issuer)) {
    const jobs = issuers.filter(provesJobs).map((each) => each.name)
    const next = jobs.length > 0 ? `Write one of ${jobs.join(', ')}.` : 'Configure one with audience, accept and run.'
    yield inconsistent([...path, 'issuer'], 'No issuer that proves jobs is called so.', next)
  }
  const known = immutable ?? (issuer && provesJobs(issuer) ? issuer.immutable : undefined) ?? immutableClaims
  yield* neverSub(accept, [...path, 'accept'])
  yield* pinnedClaims(accept, known, [...path, 'accept'])
  for (const [at, claim] of (immutable ?? []).entries()) {
    if (/^\/?(iss|aud)$/.test(claim))
      yield inconsistent(
        [...path, 'immutable', at],
        `The claim ${claim} is the same in every token for this gateway.`,
        'Name one that tells its owners apart.',
      )
    else if (!Object.hasOwn(accept, claim))
      yield inconsistent(
        [...path, 'immutable', at],
        `The claim ${claim} is not matched in accept.`,
        `Add ${claim} to accept, or remove it here.`,
      )
  }
}
