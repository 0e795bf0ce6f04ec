import type { CodedError } from '../operations/index.ts'
import { RunError } from '../runs/index.ts'
import { type Trail, TrailError } from '../trail/index.ts'

/** Why no operation can be admitted now, undefined while they can: for whoever sends work elsewhere meanwhile. */
export function unavailable({ state }: Pick<Trail, 'state'>, draining: boolean): CodedError | undefined {
  if (state === 'full') return new TrailError('GS_TRAIL_FULL')
  if (state === 'failed') return new TrailError('GS_TRAIL_FAILED')
  if (draining) return new RunError('GS_RUNS_DRAINING')
  return state === 'closed' ? new TrailError('GS_TRAIL_CLOSED') : undefined
}
