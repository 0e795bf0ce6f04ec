import { PLANES, type Resource } from '../operations/index.ts'
import { coverageOf } from '../policy/index.ts'

/** What may stand in `for` of a credential of a resource of this kind. `session` comes with every log-in. */
export function covering(kind: Resource['kind']): readonly string[] {
  return ['*', ...PLANES[kind].classes.filter((name) => name !== 'session')].map((name) => `${kind}.${name}`)
}

/**
 * Classes of effects that need to be covered by the credential of a session at a resource of this kind, or that are.
 * @param items as in `do` of a rule or `for` of a credential
 * @returns bare classes, sorted; none where none of the items is about this kind
 */
export function coveredClasses(kind: Resource['kind'], items: readonly string[]): readonly string[] {
  return [...(coverageOf(kind, items)?.permitted ?? [])].filter((name) => name !== 'session').sort()
}
