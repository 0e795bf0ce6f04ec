import { coveredClasses } from '../covered-classes.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'
import { reach } from './shadows.ts'

type Resource = Document['resources'][number]
type Target = Exclude<Resource, { kind: 'egress' }>
type Credential = Target['credentials'][number]

const EXAMPLE = {
  postgres: 'postgres.read',
  kubernetes: 'kubernetes.get',
  http: 'http.get',
  model: 'model.call',
  mcp: 'mcp.list',
} as const

/** Credentials that open nothing, and rules that nothing is opened for. */
export const checkCredentials: Check = function* ({ resources, rules }) {
  const permitting = rules.filter(({ effect }) => effect !== 'deny').map((rule) => ({ rule, reached: reach(rule, resources) }))
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'egress') continue
    const { name, kind, credentials } = resource
    const path = ['resources', index, 'credentials']
    yield* repeated(
      credentials.map(({ as }, at) => [[...path, at, 'as'], as]),
      'credential of this resource',
    )
    yield* shadowed(kind, credentials, path)
    const here = permitting
      .filter(({ reached }) => reached.has(name))
      .map(({ rule }) => ({ name: rule.name, classes: coveredClasses(kind, rule.do) }))
    for (const [at, credential] of credentials.entries()) {
      if (here.length === 0 || here.some(({ classes }) => covers(kind, credential, classes))) continue
      const why = 'Every rule that permits something here permits more than this credential is for, so it is never used.'
      yield doubtful([...path, at, 'for'], why, 'Widen its for, narrow a rule, or remove it.')
    }
    for (const { name: rule, classes } of here) {
      if (credentials.some((credential) => covers(kind, credential, classes))) continue
      const why = `No credential is for everything that the rule ${rule} permits here (${classes.join(', ')}), so its runs are refused.`
      yield doubtful(path, why, 'Add a credential without for, widen one, or narrow the rule.')
    }
  }
}

function* shadowed(kind: Target['kind'], credentials: readonly Credential[], path: Path): Iterable<Finding> {
  for (const [at, credential] of credentials.entries()) {
    const needed = credential.for && coveredClasses(kind, credential.for)
    const first = credentials
      .slice(0, at)
      .find((before) => before.for === undefined || (needed !== undefined && covers(kind, before, needed)))
    if (first === undefined) continue
    const why = `The credential ${first.as} stands before it and is for all of the same, so this one is never used.`
    yield inconsistent([...path, at, 'as'], why, `Put the one that may do less first, with for: [${EXAMPLE[kind]}].`)
  }
}

function covers(kind: Resource['kind'], credential: Credential, classes: readonly string[]): boolean {
  if (credential.for === undefined) return true
  const covered = new Set(coveredClasses(kind, credential.for))
  return classes.every((name) => covered.has(name))
}
