import { effectiveDigest } from '../approvals/index.ts'
import { type ApprovalId, type Decided, Refusal, type RunId } from '../operations/index.ts'
import type { Asker, Policy } from '../policy/index.ts'
import type { BudgetAccount, Reservation } from '../runs/index.ts'
import type { AskingParts } from './asking.ts'
import type { Approved } from './guard.ts'
import { anotherRefused } from './refusals.ts'
import { isPrepared, termsOf } from './terms.ts'

/** What may be done, and the room that was taken for it. */
export interface Judged {
  readonly decided: readonly Decided[]
  readonly reservations: readonly (Reservation | undefined)[]
  /** What was spent for those that ask. */
  readonly approval?: ApprovalId
}

/** Takes room in the budgets for what may be done. @param covered whether what asks may be done too */
export function reserve(asked: readonly Decided[], budget: BudgetAccount, covered: boolean): Judged {
  const { suspended } = budget
  const reservations: (Reservation | undefined)[] = []
  let decided: Decided[] | undefined
  for (let at = 0; at < asked.length; at++) {
    const each = asked[at] as Decided
    let refusal = suspended
    const { effect } = each.decision
    if (!refusal && !each.refusal && (effect === 'allow' || (covered && effect === 'ask')) && !isPrepared(each.operation)) {
      const room = budget.reserve(each.operation.cost)
      if (room instanceof Refusal) refusal = room
      else reservations[at] = room
    }
    if (!refusal) continue
    decided ??= [...asked]
    decided[at] = { ...each, decision: { effect: 'deny', rules: [], policy: each.decision.policy }, refusal }
  }
  return { decided: decided ?? asked, reservations }
}

/** In which session, and by what, an approval is spent. */
export interface Spender {
  readonly session: string
  readonly run: RunId
  readonly asker: Asker
  readonly budget: BudgetAccount
  readonly policy: Policy
  readonly approvals: AskingParts['approvals']
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * What was approved, decided anew and spent: all of it or nothing. `approval.used` is staged here; the intents must follow in the same turn, so that they
 * are durable together.
 */
export function spend(asked: readonly Decided[], { grant, effective }: Approved, spender: Spender): Judged {
  const { session, run, asker, budget, policy, approvals, now } = spender
  const decided = asked.map((each) => ({ ...each, decision: policy.decide(asker, each.operation, now) }))
  if (decided.some(({ refusal, decision }) => refusal ?? decision.effect === 'deny')) return refusedAll(decided, anotherRefused(grant))
  const judged = reserve(decided, budget, true)
  const release = { policy: policy.digest, terms: termsOf(decided), digest: effectiveDigest(run, effective), session }
  const refusal = judged.decided === decided ? approvals.spend(grant, release) : anotherRefused(grant)
  if (refusal === undefined) return { ...judged, approval: grant.id }
  for (const reservation of judged.reservations) reservation?.release()
  return refusedAll(judged.decided, refusal)
}

/** Those that are refused already keep their own reason; what the rules say of the others stays what they say. */
function refusedAll(decided: readonly Decided[], refusal: Refusal): Judged {
  const all = decided.map((each) => (each.refusal || each.decision.effect === 'deny' ? each : { ...each, refusal }))
  return { decided: all, reservations: [] }
}
