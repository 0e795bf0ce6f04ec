import { randomBytes } from 'node:crypto'
import type { ErasureAsked, ErasureReport, ErasureRequestView, ShownErasureRequest } from '../../api/local/index.ts'
import { isSamePerson, type LinkedPerson, personSaid, saidOf } from '../../approvals/index.ts'
import { PeopleError } from '../../identity/people/errors.ts'
import { type ErasureRequest, type ErasureRequestId, RetentionError } from '../../retention/index.ts'
import { TrailError } from '../../trail/index.ts'
import { payloadsAt } from '../payloads-at.ts'
import { type Erasing, said } from './erasing.ts'
import type { RetentionParts } from './parts.ts'
import { type ErasingPerson, refuseWhoApproved } from './two-persons.ts'

/** How long a request waits for the second person, ms. */
const WAITS_FOR = 24 * 3_600_000
/** Requests that may wait at once. */
const MOST = 20
/** Where the log refused an entry for one of these, it has nothing of it. */
const NOT_WRITTEN: readonly string[] = ['GS_TRAIL_FULL', 'GS_TRAIL_ENTRY']

/** Erasure by two persons: one asks, another approves, and then it is carried out. Each call comes after the one before it is done. */
export class ErasureRequests {
  readonly #parts: RetentionParts
  readonly #erasing: Erasing

  constructor(parts: RetentionParts, erasing: Erasing) {
    this.#parts = parts
    this.#erasing = erasing
  }

  async list(): Promise<readonly ErasureRequestView[]> {
    this.expire()
    return this.#parts.requests.recent().map(viewOf)
  }

  /** @param viewer as entries name them. @throws RetentionError GS_RETENTION_NOT_ASKED */
  async show(id: string, viewer: string): Promise<ShownErasureRequest> {
    this.expire()
    const request = this.#find(id)
    const { trail } = this.#parts
    await trail.durable({ kind: 'log.read', fields: { erasure: request.id, opened: true, viewer } })
    const payloads = await payloadsAt(trail, request.place)
    const asker = personSaid(payloads.get('person'))
    const reason = payloads.get('reason')
    return {
      ...viewOf(request),
      ...(asker && { asker: { displayName: asker.displayName } }),
      ...(reason && { reason: Buffer.from(reason).toString() }),
    }
  }

  /** Recorded, and durable, before anybody can approve it. @throws RetentionError, TrailError */
  async ask({ scope: asked, reason }: ErasureAsked, person: ErasingPerson | undefined): Promise<ErasureReport> {
    if (!person) throw new RetentionError('GS_RETENTION_TWO_PERSONS')
    this.expire()
    const { trail, records, requests } = this.#parts
    const scope = this.#erasing.scopeOf(asked)
    const open = requests.open()
    const before = open.find((request) => JSON.stringify(said(request.scope)) === JSON.stringify(said(scope)))
    if (before) throw new RetentionError('GS_RETENTION_ASKED', `This erasure is asked for already, as ${before.id}.`)
    if (open.length >= MOST) throw new RetentionError('GS_RETENTION_TOO_MANY')
    const { report, approvers } = await this.#erasing.survey(scope)
    refuseWhoApproved(trail, person, approvers)
    const id: ErasureRequestId = `erq_${randomBytes(8).toString('hex')}`
    const by = this.#pseudonymOf(person)
    const counts = { runs: report.runs.length, sessions: report.sessions.length, keys: report.keys }
    const draft = records.withReason('erasure.asked', { request: id, erases: { ...said(scope), ...counts }, by }, reason)
    const payloads = [...(draft.payloads ?? []), { name: 'person', key: trail.subjectKey(by), content: saidOf(person) }]
    const { index } = await trail.durable({ ...draft, payloads })
    const askedAt = this.#now()
    const place = { log: trail.name, index }
    const request: ErasureRequest = { id, scope, by, askedAt, expiresAt: askedAt + WAITS_FOR, place, state: 'asked' }
    requests.put(request)
    return { ...report, request: viewOf(request) }
  }

  /** @throws RetentionError; TrailError GS_TRAIL_ERASING where it goes on by itself later */
  async approve(id: string, person: ErasingPerson | undefined): Promise<ErasureReport> {
    if (!person) throw new RetentionError('GS_RETENTION_TWO_PERSONS')
    this.expire()
    const { trail, requests } = this.#parts
    const request = this.#open(id)
    const payloads = await payloadsAt(trail, request.place)
    const [asker, reason] = [personSaid(payloads.get('person')), payloads.get('reason')]
    if (!asker || !reason) throw new RetentionError('GS_RETENTION_ASKER_UNKNOWN')
    const approvedBy = this.#pseudonymOf(person)
    if (approvedBy === request.by || isSamePerson(asker, person)) throw new RetentionError('GS_RETENTION_SAME_PERSON')
    await this.#refuseRevoked(request, asker, person)
    const surveyed = await this.#erasing.survey(request.scope)
    for (const one of [asker, person]) refuseWhoApproved(trail, one, surveyed.approvers)
    const approved: ErasureRequest = { ...request, state: 'approved', endedAt: this.#now(), endedBy: approvedBy }
    // Before it is carried out: whatever a crash leaves, nobody carries it out twice.
    requests.put(approved)
    const who = { request: request.id, by: request.by, approvedBy, persons: 'proven' }
    try {
      const report = await this.#erasing.carryOut(surveyed, who, Buffer.from(reason).toString())
      requests.put({ ...approved, ...(report.entry !== undefined && { entry: report.entry }) })
      return report
    } catch (error) {
      // Nothing was recorded, so nothing goes: it waits for an answer again.
      if (error instanceof TrailError && NOT_WRITTEN.includes(error.code)) requests.put(request)
      throw error
    }
  }

  /** @param by as entries name them. @throws RetentionError, TrailError */
  async deny(id: string, by: string, reason: string | undefined): Promise<ErasureRequestView> {
    this.expire()
    const request = this.#open(id)
    return viewOf(await this.#end(request, request.by === by ? 'withdrawn' : 'denied', by, reason))
  }

  /** @param by who revoked them, as entries name them. @throws TrailError */
  async withdrawOf(pseudonym: string, by: string): Promise<void> {
    for (const request of this.#parts.requests.open()) if (request.by === pseudonym) await this.#end(request, 'withdrawn', by, undefined)
  }

  /** Ends what nobody answered in time. */
  expire(): void {
    const { requests, trail } = this.#parts
    const now = this.#now()
    for (const request of requests.open()) {
      if (request.expiresAt > now) continue
      trail.note({ kind: 'erasure.ended', fields: { request: request.id, state: 'expired' } })
      requests.put({ ...request, state: 'expired', endedAt: now })
    }
  }

  /** Somebody may have been revoked, by another account, since they asked, or while this waited for its turn. @throws RetentionError, PeopleError */
  async #refuseRevoked(request: ErasureRequest, asker: LinkedPerson, approver: ErasingPerson): Promise<void> {
    const { people } = this.#parts
    if (people?.signIn.isRevoked(approver)) throw new PeopleError('GS_PEOPLE_REVOKED')
    if (!people?.signIn.isRevoked(asker)) return
    await this.#end(request, 'withdrawn', this.#pseudonymOf(approver), undefined)
    throw new RetentionError('GS_RETENTION_REQUEST_OVER', 'Who asked for this erasure was revoked since.')
  }

  async #end(request: ErasureRequest, state: 'denied' | 'withdrawn', by: string, reason: string | undefined): Promise<ErasureRequest> {
    const { trail, records, requests } = this.#parts
    const fields = { request: request.id, state, by }
    await trail.durable(reason === undefined ? { kind: 'erasure.ended', fields } : records.withReason('erasure.ended', fields, reason))
    const ended: ErasureRequest = { ...request, state, endedAt: this.#now(), endedBy: by }
    requests.put(ended)
    return ended
  }

  #find(id: string): ErasureRequest {
    const request = this.#parts.requests.find(id)
    if (!request) throw new RetentionError('GS_RETENTION_NOT_ASKED')
    return request
  }

  #open(id: string): ErasureRequest {
    const request = this.#find(id)
    if (request.state !== 'asked')
      throw new RetentionError('GS_RETENTION_REQUEST_OVER', `This request for erasure is ${request.state} already.`)
    return request
  }

  #pseudonymOf({ person: { issuer, subject } }: ErasingPerson): string {
    return this.#parts.trail.pseudonym(issuer, subject)
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }
}

function viewOf({ place: _, ...request }: ErasureRequest): ErasureRequestView {
  return request
}
