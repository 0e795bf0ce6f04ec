import type { ApprovalId, RunId, Sealer } from '../operations/index.ts'
import { redactText } from '../redaction/index.ts'
import type { TrailWriter } from '../trail/index.ts'
import type { ApprovalStore, StoredRequest } from './approval-store.ts'
import type { ApprovalChannel, ApprovingPerson } from './approvals.ts'
import { decidedEntry, endedEntry, personPayloads } from './entries.ts'
import { ApprovalError } from './errors.ts'
import { type Independence, independenceOf, isSamePerson } from './independence.ts'
import type { Approver, Expected, OpenRequest } from './open-request.ts'
import type { OpenRequests } from './open-requests.ts'
import { type Decision, isMet, progressOf, requirementsMetBy } from './requirements.ts'
import type { ApprovalSettings } from './settings.ts'
import type { StoreWriter } from './store-writer.ts'

/** So long after a change of the policy, nobody is known not to approve under rules of their own; ms. */
const SEPARATED_AFTER = 24 * 3_600_000
/** Characters of a reason that are kept. */
const REASON_LENGTH = 2_000

export interface DecidingOptions {
  readonly store: ApprovalStore
  readonly writer: StoreWriter
  readonly requests: OpenRequests
  readonly sealer: Sealer
  readonly trail: Pick<TrailWriter, 'durable' | 'note' | 'whenDurable' | 'subjectKey' | 'pseudonym'>
  readonly settings: () => Pick<ApprovalSettings, 'unlinkedLauncher'>
  readonly now: () => number
  readonly expect: (run: RunId) => Expected | undefined
}

export interface Answer {
  readonly person: ApprovingPerson
  readonly verdict: 'approve' | 'deny'
  readonly channel: ApprovalChannel
  readonly reason: string | undefined
}

/** What persons say to a request. A no counts before it is recorded, a yes only behind that: whatever a crash loses, it approves nothing. */
export class Deciding {
  readonly #options: DecidingOptions

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  /** @throws ApprovalError */
  async decide(id: ApprovalId, answer: Answer): Promise<StoredRequest> {
    for (let busy = this.#busy(id); busy; busy = this.#busy(id)) await busy
    // From here on nothing comes in between until it is busy with this.
    const request = this.#options.requests.find(id)
    const who = this.#pseudonymOf(answer.person)
    if (!request) return this.#alreadySaid(id, who, answer.verdict)
    const { stored } = request
    if (request.dueAt <= this.#options.now()) {
      this.#options.requests.expire(request)
      throw new ApprovalError('GS_APPROVALS_EXPIRED')
    }
    const meets = requirementsMetBy(stored.terms, answer.person)
    if (meets.length === 0) throw new ApprovalError('GS_APPROVALS_NOT_YOURS')
    const { person, accounts } = answer.person
    const approver: Approver = { who, displayName: answer.person.displayName, person, accounts }
    if (answer.verdict === 'approve' && this.#approversOf(request).some((before) => isSamePerson(before, approver))) return stored
    if (stored.state === 'approved') throw over(stored)
    const independence = independenceOf(request.run, approver)
    if (answer.verdict === 'approve') this.#refuseDependent(independence)
    const decision: Decision = {
      who,
      verdict: answer.verdict,
      channel: answer.channel,
      at: this.#options.now(),
      independence: independence === 'proven' ? 'proven' : 'unproven',
      separation: this.#separation(),
      meets,
    }
    return answer.verdict === 'approve' ? this.#approve(request, approver, decision, answer) : this.#deny(request, decision, answer)
  }

  /** @param by a person, or as entries name who it is. @throws ApprovalError */
  async revoke(id: ApprovalId, by: ApprovingPerson | string, channel: ApprovalChannel, reason: string | undefined): Promise<StoredRequest> {
    const { requests, writer, now } = this.#options
    for (let busy = this.#busy(id); busy; busy = this.#busy(id)) await busy
    const request = requests.find(id)
    if (!request) {
      const stored = this.#known(id)
      if (stored.state === 'revoked') return stored
      throw over(stored)
    }
    const { stored } = request
    if (stored.state !== 'approved')
      throw new ApprovalError('GS_APPROVALS_OVER', { reason: 'This request is not approved; deny it instead.' })
    const person = typeof by === 'string' ? undefined : by
    if (person && !person.roles.has('admin') && requirementsMetBy(stored.terms, person).length === 0)
      throw new ApprovalError('GS_APPROVALS_NOT_YOURS')
    const who = person ? this.#pseudonymOf(person) : (by as string)
    const payloads = this.#payloads(who, person, reason)
    const expected = this.#options.expect(stored.run)
    const endedAt = now()
    this.#writeNow(() => writer.now({ what: 'end', id, to: { state: 'revoked', endedAt, told: false } }), expected)
    const revoked: StoredRequest = { ...stored, state: 'revoked', endedAt }
    requests.over(request, revoked)
    await this.#tell(id, endedEntry(stored, 'revoked', { by: who, channel }, expected !== undefined, payloads), expected)
    return revoked
  }

  /** What is being recorded of it; undefined where nothing is. @throws ApprovalError where nobody may see it yet */
  #busy(id: ApprovalId): Promise<void> | undefined {
    const request = this.#options.requests.find(id)
    if (request && !request.isVisible) throw new ApprovalError('GS_APPROVALS_UNKNOWN')
    return request?.busy
  }

  /** The same answer again is no error, however often it comes and whatever has become of the request. */
  #alreadySaid(id: ApprovalId, who: string, verdict: Answer['verdict']): StoredRequest {
    const stored = this.#known(id)
    if (stored.decisions.some((decision) => decision.who === who && decision.verdict === verdict)) return stored
    throw over(stored)
  }

  #known(id: ApprovalId): StoredRequest {
    this.#options.writer.flush()
    const stored = this.#options.store.find(id)
    if (!stored) throw new ApprovalError('GS_APPROVALS_UNKNOWN')
    return stored
  }

  #refuseDependent(independence: Independence): void {
    if (independence === 'proven') return
    if (independence !== 'unproven') throw new ApprovalError('GS_APPROVALS_OWN')
    if (this.#options.settings().unlinkedLauncher === 'refuse') throw new ApprovalError('GS_APPROVALS_NOT_INDEPENDENT')
  }

  async #approve(request: OpenRequest, approver: Approver, decision: Decision, answer: Answer): Promise<StoredRequest> {
    const { requests, writer, trail, now, sealer } = this.#options
    const { id, run, terms, decisions } = request.stored
    const complete = isMet(progressOf(terms, [...decisions, decision]))
    const payloads = this.#payloads(decision.who, answer.person, answer.reason)
    const expected = this.#options.expect(run)
    if (!expected) throw over({ ...request.stored, state: 'withdrawn' })
    let failed: unknown
    await requests.whileBusy(request, async () => {
      let index: number | undefined
      try {
        const recorded = await trail.durable(decidedEntry(request.stored, decision, complete, payloads))
        index = recorded.index
        // Revoked, withdrawn or changed meanwhile: then it is only on record.
        if (request.ending) return
        const approvers = [...this.#approversOf(request), approver]
        const names = sealer.seal(Buffer.from(JSON.stringify(approvers)), namesOf(id))
        const approved = complete ? ({ state: 'approved', usableUntil: now() + terms.for } as const) : {}
        writer.now({ what: 'update', id, to: { ...approved, decided: { decision, names } } })
        request.approvers = approvers
        requests.become(request, { ...request.stored, ...approved, decisions: [...request.stored.decisions, decision] })
      } catch (error) {
        failed = error
      } finally {
        expected(index)
      }
    })
    if (failed !== undefined) throw new ApprovalError('GS_APPROVALS_NOT_RECORDED', { cause: failed })
    if (requests.find(id) !== request) throw over(request.stored)
    if (complete) request.settle(undefined)
    return request.stored
  }

  async #deny(request: OpenRequest, decision: Decision, answer: Answer): Promise<StoredRequest> {
    const { requests, writer, expect } = this.#options
    const { stored } = request
    const { id } = stored
    const payloads = this.#payloads(decision.who, answer.person, answer.reason)
    const expected = expect(stored.run)
    this.#writeNow(() => writer.now({ what: 'end', id, to: { state: 'denied', endedAt: decision.at, decision, told: false } }), expected)
    const denied: StoredRequest = { ...stored, state: 'denied', endedAt: decision.at, decisions: [...stored.decisions, decision] }
    requests.over(request, denied)
    await this.#tell(id, decidedEntry(stored, decision, true, payloads), expected)
    return denied
  }

  /** @throws ApprovalError */
  #writeNow(write: () => void, expected: Expected | undefined): void {
    try {
      write()
    } catch (cause) {
      expected?.(undefined)
      throw new ApprovalError('GS_APPROVALS_NOT_RECORDED', { cause })
    }
  }

  /** It holds already: where there is no room for its entry, that is kept until there is. */
  #tell(id: ApprovalId, entry: Parameters<TrailWriter['note']>[0], expected: Expected | undefined): Promise<void> {
    const { trail, writer } = this.#options
    trail.note(entry, (index) => {
      expected?.(index)
      if (index !== undefined) writer.later({ what: 'told', id })
    })
    return new Promise((resolve, reject) =>
      trail.whenDurable((error) => {
        if (!error) return resolve()
        const reason = 'The answer holds, and its record is written once there is room for it.'
        reject(new ApprovalError('GS_APPROVALS_NOT_RECORDED', { reason, cause: error }))
      }),
    )
  }

  #payloads(who: string, person: ApprovingPerson | undefined, reason: string | undefined) {
    if (!person) return []
    const kept = reason === undefined || reason.trim() === '' ? undefined : Buffer.from(reason.slice(0, REASON_LENGTH))
    try {
      return personPayloads(this.#options.trail, who, person, kept && redactText(kept).content)
    } catch (cause) {
      throw new ApprovalError('GS_APPROVALS_NOT_RECORDED', { cause })
    }
  }

  #separation(): Decision['separation'] {
    const policy = this.#options.store.policy()
    return policy && this.#options.now() - policy.since >= SEPARATED_AFTER ? 'proven' : 'unproven'
  }

  #pseudonymOf({ person: { issuer, subject } }: ApprovingPerson): string {
    return this.#options.trail.pseudonym(issuer, subject)
  }

  #approversOf(request: OpenRequest): readonly Approver[] {
    if (!request.approvers) {
      const sealed = this.#options.store.content(request.stored.id)?.names
      request.approvers = sealed ? unsealNames(this.#options.sealer, request.stored.id, sealed) : []
    }
    return request.approvers
  }
}

/** What the names of those who said yes are sealed for. */
export function namesOf(id: ApprovalId): string {
  return `approval names ${id}`
}

export function unsealNames(sealer: Sealer, id: ApprovalId, sealed: Uint8Array): readonly Approver[] {
  return JSON.parse(Buffer.from(sealer.open(sealed, namesOf(id))).toString()) as Approver[]
}

function over({ state }: Pick<StoredRequest, 'state'>): ApprovalError {
  if (state === 'expired') return new ApprovalError('GS_APPROVALS_EXPIRED')
  return new ApprovalError('GS_APPROVALS_OVER', { reason: `This request is ${state === 'void' ? 'not valid any more' : state} already.` })
}
