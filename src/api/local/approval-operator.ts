import type { ApprovalChannel, RequestCard, RequestFilter, RequestView } from '../../approvals/index.ts'
import type { ApprovalId, Run } from '../../operations/index.ts'

/** Requests for approval, and the answers to them: docs/approvals.md. */
export interface ApprovalOperator {
  /** Newest first, one page. @throws CodedError GS_GATEWAY_NO_APPROVALS where nobody can be asked here */
  approvals(filter: RequestFilter): Promise<readonly RequestView[]>
  /** With the exact content. That it is looked at is recorded first, as `log.read`. Undefined where there is no such request. */
  approval(id: ApprovalId): Promise<ShownRequest | undefined>
  /**
   * The caller's answer. The same answer twice is one.
   * @throws CodedError GS_GATEWAY_PERSONS_ONLY where it is not known which person the caller is; ApprovalError
   */
  decideApproval(id: ApprovalId, verdict: 'approve' | 'deny', reason: string | undefined, channel: ApprovalChannel): Promise<RequestView>
  /** Takes back what was approved and not used. @throws ApprovalError */
  revokeApproval(id: ApprovalId, reason: string | undefined, channel: ApprovalChannel): Promise<RequestView>
}

export interface ShownRequest extends RequestCard {
  /** Undefined where it is not known any more. */
  readonly run: Run | undefined
}
