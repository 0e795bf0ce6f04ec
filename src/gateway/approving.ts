import type { ApprovalOperator } from '../api/local/index.ts'
import type { Approvals } from '../approvals/index.ts'
import type { LiveRuns } from '../runs/index.ts'
import { GatewayError } from './errors.ts'
import type { Viewer } from './operator.ts'
import type { Records } from './records.ts'

export interface ApprovingParts {
  /** Undefined where nobody can be asked. */
  readonly approvals: Approvals | undefined
  readonly runs: Pick<LiveRuns, 'run'>
  readonly records: Pick<Records, 'approvalOpened'>
}

/** Requests for approval as one caller may see and answer them: only a person answers. */
export function approvalOperator({ approvals, runs, records }: ApprovingParts, { name, person }: Viewer): ApprovalOperator {
  const asked = () => {
    if (approvals === undefined) throw new GatewayError('GS_GATEWAY_NO_APPROVALS')
    return approvals
  }
  return {
    approvals: async (filter) => asked().list(filter),
    async approval(id) {
      const card = await asked().view(id)
      if (card === undefined) return undefined
      await records.approvalOpened(name, id)
      return { ...card, run: runs.run(card.request.run)?.run }
    },
    async decideApproval(id, verdict, reason, channel) {
      const all = asked()
      if (person === undefined) throw new GatewayError('GS_GATEWAY_PERSONS_ONLY')
      return all.decide(id, person, verdict, channel, reason)
    },
    revokeApproval: async (id, reason, channel) => asked().revoke(id, person ?? name, channel, reason),
  }
}
