import type { RunningApprovals } from '../../approvals/index.ts'
import type { People } from '../../identity/people/index.ts'
import type { ErasureRequestStore, HoldStore, RetentionStore } from '../../retention/index.ts'
import type { LiveRuns } from '../../runs/index.ts'
import type { Trail } from '../../trail/index.ts'
import type { InForce } from '../in-force.ts'
import type { GatewayLog } from '../log.ts'
import type { Records } from '../records.ts'
import type { Searching } from '../searching/index.ts'

/** What retention works with. */
export interface RetentionParts {
  /** `gateway.data`. */
  readonly folder: string
  readonly trail: Trail
  readonly runs: LiveRuns
  readonly searching: Pick<Searching, 'forget' | 'forgetAged' | 'prune'>
  readonly approvals?: Pick<RunningApprovals, 'erased'> | undefined
  readonly records: Pick<Records, 'withReason'>
  readonly holds: HoldStore
  readonly state: RetentionStore
  readonly requests: ErasureRequestStore
  /** Whoever signs in here; undefined where nobody can: then the local operator erases alone. */
  readonly people?: { readonly signIn: Pick<People, 'isRevoked'> } | undefined
  readonly inForce: Pick<InForce, 'config'>
  readonly log: Pick<GatewayLog, 'info' | 'warn'>
  /** ms since the epoch; for tests */
  readonly now?: () => number
}
