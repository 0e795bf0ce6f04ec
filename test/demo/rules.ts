import { ALLOW_ALL, JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { CLUSTER_RULES } from './cluster.ts'

export const BOUNDED: WrittenRule = {
  name: 'no-unbounded-writes',
  effect: 'deny',
  do: ['postgres.update', 'postgres.delete'],
  when: '!sql.bounded',
  say: 'Add a WHERE clause that limits the rows.',
}
export const ASKED: WrittenRule = {
  name: 'deleting-needs-a-person',
  effect: 'ask',
  do: ['postgres.delete'],
  approvers: { groups: ['okta/on-call'] },
}
export const SMALL: WrittenRule = {
  name: 'small-models',
  effect: 'allow',
  who: { groups: [JOB_GROUP] },
  do: ['model.call'],
  when: 'model.model == "gpt-4o-mini" && model.estimatedTokens < 2000',
}
/** What holds when the first job begins; where there is no cluster, nothing is said of one. */
export const firstRules = (cluster: boolean): readonly WrittenRule[] => [ALLOW_ALL, SMALL, ...(cluster ? CLUSTER_RULES : [])]
/** With what the owner adds meanwhile. */
export const rulesOf = (cluster: unknown) => [...firstRules(cluster !== undefined), BOUNDED, ASKED]
