import type { Run } from '../operations/index.ts'
import type { InForce } from './in-force.ts'

/** A PostgreSQL resource, and the names of databases that its clients may ask for; none: any that the target has. */
export interface ReachableDatabase {
  readonly name: string
  readonly databases: readonly string[]
}

/** Those that some rule could permit the run something on, now; in the order of the configuration. */
export function reachableDatabases({ taken: { policy, resources } }: InForce, run: Run): readonly ReachableDatabase[] {
  const now = Date.now()
  return resources.all
    .filter((resource) => resource.kind === 'postgres')
    .filter((resource) => policy.mayOpen({ principal: run.principal, run, resource }, now))
    .map(({ name, databases }) => ({ name, databases: [...databases.keys()] }))
}
