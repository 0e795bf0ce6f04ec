import { POSTGRES_CLASSES } from '../operations/index.ts'
import { coverageOf } from '../policy/index.ts'

/** What may stand in `for` of a credential. `session` comes with every log-in. */
export const COVERING: readonly string[] = ['*', ...POSTGRES_CLASSES.filter((name) => name !== 'session')].map((name) => `postgres.${name}`)

/**
 * Classes of effects that need to be covered by the credential of a session, or that are.
 * @param items as in `do` of a rule or `for` of a credential
 * @returns bare classes, sorted
 */
export function coveredClasses(items: readonly string[]): readonly string[] {
  return [...coverageOf(items).permitted].filter((name) => name !== 'session').sort()
}
