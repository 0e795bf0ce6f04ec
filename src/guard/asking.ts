import type { Approvals } from '../approvals/index.ts'
import { type ApprovalId, type Decided, type EffectiveOperation, Refusal, type Resource, type Run } from '../operations/index.ts'
import type { BudgetAccount } from '../runs/index.ts'
import type { PayloadKey, TrailWriter } from '../trail/index.ts'
import type { SessionEnd, Waiting } from './guard.ts'
import { HeldRequest, type HoldMeter, isEndOfRun } from './held-request.ts'
import { redactRequest } from './redacted-parts.ts'
import { refusalOf, unseenContent } from './refusals.ts'
import { termsOf } from './terms.ts'

/** Whom the guard asks. */
export interface AskingParts {
  readonly approvals: Pick<Approvals, 'ask' | 'spend'>
  /** How long a connection may wait for an answer, ms. */
  readonly hold: (protocol: Resource['kind']) => number
}

/** What one session asks. */
export interface AskingSession {
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  readonly signal: AbortSignal
  readonly key: PayloadKey
  readonly budget: BudgetAccount
  readonly trail: Pick<TrailWriter, 'note'>
  readonly meter?: HoldMeter | undefined
}

/** What persons are asked on behalf of one session: it ends with the session, unless it is a ticket. */
export class Asking {
  readonly #session: AskingSession
  readonly #parts: AskingParts
  readonly #held = new Set<HeldRequest>()
  #ended: 'disconnected' | 'session-ended' | undefined

  constructor(session: AskingSession, parts: AskingParts) {
    this.#session = session
    this.#parts = parts
  }

  /** As `Guard.ask`. @param policy digest of the one in force. @throws Refusal */
  async ask(
    decided: readonly Decided[],
    effective: EffectiveOperation,
    claimed: { readonly message?: string } | undefined,
    policy: string,
  ): Promise<Waiting> {
    const { id, run, resource, signal, key, budget, trail } = this.#session
    signal.throwIfAborted()
    if (budget.suspended) throw budget.suspended
    const denied = decided.find(({ refusal, decision }) => refusal ?? decision.effect === 'deny')
    if (denied) throw denied.refusal ?? (refusalOf(denied.decision, resource.kind) as Refusal)
    if (decided.some(({ decision }) => decision.policy !== policy)) throw new Refusal('GS_APPROVAL_VOID')
    const terms = termsOf(decided)
    if (!terms) throw new TypeError('nothing of this asks')
    if (effective.stream && !terms.stream) throw unseenContent(terms.requirements[0]?.rule)
    const redacted = redactRequest(id, effective.parts, claimed)
    for (const leak of redacted.leaks) trail.note(leak)
    const asked = await this.#parts.approvals.ask(
      {
        ...{ run, session: id, resource, key, budget, terms, policy, effective },
        ...(redacted.parts && { redacted: redacted.parts }),
        ...(redacted.claimed && { claimed: redacted.claimed }),
        taken: redacted.rows,
      },
      'hold',
    )
    const { protocol } = effective
    const hold = this.#parts.hold(protocol)
    const request = new HeldRequest(asked, protocol, hold, signal, (each) => this.#held.delete(each), this.#session.meter)
    this.#held.add(request)
    // It ended while this was recorded.
    if (this.#ended) request.leave(this.#ended)
    return request
  }

  /** What was approved is admitted. */
  spent(id: ApprovalId): void {
    for (const request of this.#held) if (request.id === id) this.#held.delete(request)
  }

  /** The session is over. */
  end(reason: SessionEnd): void {
    this.#ended = reason === 'client-closed' || reason === 'client-lost' ? 'disconnected' : 'session-ended'
    if (isEndOfRun(this.#session.signal.reason)) return
    for (const request of [...this.#held]) request.leave(this.#ended)
  }
}
