import { randomBytes } from 'node:crypto'
import { type ApprovalId, type EffectiveOperation, type Grant, Refusal, type Sealer } from '../operations/index.ts'
import type { Trail } from '../trail/index.ts'
import type { ApprovalStore, StoredRequest } from './approval-store.ts'
import type { Asked, AskedFor, AskMode } from './approvals.ts'
import { packCard } from './card.ts'
import { effectiveDigest } from './effective-digest.ts'
import { askedEntry } from './entries.ts'
import { type Expected, type Holder, OpenRequest } from './open-request.ts'
import type { OpenRequests } from './open-requests.ts'
import { notRecorded, pendingRefusal, refusalOf } from './refusals.ts'
import { sameTerms } from './requirements.ts'
import type { StoreWriter } from './store-writer.ts'

/** Nobody reads more than that before saying yes, bytes. */
const MOST_BYTES = 4 * 1024 * 1024
/** Parts of one request; each is a payload of its entry. */
const MOST_PARTS = 256
/** Requests that are open at once, of all runs. */
const MOST_OPEN = 10_000

export interface AskingOptions {
  readonly store: ApprovalStore
  readonly writer: StoreWriter
  readonly requests: OpenRequests
  readonly sealer: Sealer
  readonly trail: Pick<Trail, 'durable' | 'name'>
  readonly now: () => number
  /** Of what is asked for, keyed. */
  readonly operationOf: (digest: string) => string
  readonly expect: (run: AskedFor['run']['id']) => Expected | undefined
  readonly link: (id: ApprovalId) => string
  /** Digest of the policy in force. */
  readonly policy: () => string
}

/** From an operation to a request that a person can answer, or to the one that was made before. */
export class Asking {
  readonly #options: AskingOptions

  constructor(options: AskingOptions) {
    this.#options = options
  }

  /** @throws Refusal */
  async ask(asked: AskedFor, mode: AskMode): Promise<Asked> {
    refuseUnreadable(asked.effective)
    // Decided under one that was replaced a moment ago: nobody may say yes to it any more.
    if (asked.policy !== this.#options.policy()) throw new Refusal('GS_APPROVAL_VOID')
    const { requests } = this.#options
    const { run, terms, policy, effective } = asked
    const digest = effectiveDigest(run.id, effective)
    const operation = this.#options.operationOf(digest)
    for (;;) {
      const before = requests.of(run.id, operation)
      if (before === undefined) {
        const refused = this.#refused(run.id, operation)
        if (refused) throw refused
        return this.#handle(await this.#begin(asked, operation, mode), digest, mode)
      }
      if (before.busy) await before.busy
      else if (before.stored.policy !== policy || !sameTerms(before.stored.terms, terms)) requests.end(before, 'changed')
      else if (before.dueAt <= this.#options.now()) requests.expire(before)
      else return this.#handle(before, digest, mode)
    }
  }

  /** What a person said no to, for the life of the run; where nobody can say whether one did, nothing is asked. */
  #refused(run: AskedFor['run']['id'], operation: string): Refusal | undefined {
    try {
      const refused = this.#options.store.refused(run, operation)
      return refused && refusalOf(refused)
    } catch (error) {
      return notRecorded(error)
    }
  }

  /** The row first, so that what was asked has an end in the trail after a crash too: until it is known to be a ticket it is a hold. */
  async #begin(asked: AskedFor, operation: string, mode: AskMode): Promise<OpenRequest> {
    const { requests, now, expect } = this.#options
    const { run, session, key, resource, policy, terms } = asked
    const taken = requests.size < MOST_OPEN ? asked.budget.reserveAsk() : tooMany()
    if (taken instanceof Refusal) throw taken
    // Nothing of a run comes behind its end.
    const expected = expect(run.id)
    if (!expected) {
      taken.release()
      throw new Refusal('GS_RUN_ENDED')
    }
    const id: ApprovalId = `apr_${randomBytes(15).toString('hex')}`
    const askedAt = now()
    const about = { id, run: run.id, session, key: key.id, operation, resource: resource.name, protocol: resource.kind, policy, terms }
    const stored: StoredRequest = { ...about, state: 'pending', mode, askedAt, expiresAt: askedAt + terms.for, decisions: [] }
    const request = new OpenRequest(stored, run, false)
    requests.add(request)
    let refusal: Refusal | undefined
    await requests.whileBusy(request, async () => {
      try {
        await this.#record(request, asked, expected)
      } catch (error) {
        taken.release()
        requests.drop(request)
        refusal = notRecorded(error)
      }
    })
    if (refusal) throw refusal
    return request
  }

  /** @throws what store or trail throw: then neither has it */
  async #record(request: OpenRequest, asked: AskedFor, expected: Expected): Promise<void> {
    const { writer, trail, sealer, requests } = this.#options
    const { stored } = request
    const { id, mode } = stored
    let index: number | undefined
    try {
      const content = sealer.seal(packCard(asked), aadOf(id))
      await writer.written({ what: 'insert', request: { ...stored, mode: 'hold' }, content })
      try {
        const recorded = await trail.durable(askedEntry(stored, asked))
        index = recorded.index
      } catch (error) {
        writer.later({ what: 'remove', id })
        throw error
      }
    } finally {
      expected(index)
    }
    const place = { log: trail.name, index }
    writer.later({ what: 'update', id, to: { place, ...(mode === 'ticket' && { mode }) } })
    request.isVisible = true
    requests.become(request, { ...stored, place })
  }

  #handle(request: OpenRequest, digest: string, mode: AskMode): Asked {
    const { requests, link, writer } = this.#options
    const { id, expiresAt, terms } = request.stored
    const answer = Promise.withResolvers<Grant | Refusal>()
    const holder: Holder = { digest, settle: answer.resolve }
    const become = () => {
      if (request.stored.mode === 'ticket') return
      writer.later({ what: 'update', id, to: { mode: 'ticket' } })
      requests.become(request, { ...request.stored, mode: 'ticket' })
    }
    const isOpen = () => requests.find(id) === request
    if (!isOpen()) answer.resolve(refusalOf(request.stored))
    else {
      request.holders.add(holder)
      if (mode === 'ticket') become()
      if (request.stored.state === 'approved') answer.resolve(request.grantFor(digest))
    }
    return {
      id,
      link: link(id),
      expiresAt,
      get state() {
        return request.stored.state
      },
      decided: answer.promise,
      becomeTicket: () => {
        if (!isOpen()) return refusalOf(request.stored)
        become()
        const refusal = pendingRefusal(id, terms, link(id), request.stored.protocol)
        request.holders.delete(holder)
        answer.resolve(refusal)
        return refusal
      },
      leave: (why) => {
        if (!request.holders.has(holder) || !isOpen()) return
        if (request.holders.size === 1 && request.stored.mode === 'hold') return requests.end(request, why)
        request.holders.delete(holder)
        answer.resolve(refusalOf({ ...request.stored, state: 'withdrawn', why }))
      },
    }
  }
}

/** What a card is sealed for. */
export function aadOf(id: ApprovalId): string {
  return `approval card ${id}`
}

/** @throws Refusal */
function refuseUnreadable({ parts }: EffectiveOperation): void {
  const bytes = parts.reduce((sum, { content }) => sum + content.byteLength, 0)
  if (bytes <= MOST_BYTES && parts.length <= MOST_PARTS) return
  throw new Refusal('GS_LIMIT_EXCEEDED', {
    reason: 'This needs an approval, and is too long for a person to read.',
    next: 'Ask for it in smaller parts.',
  })
}

function tooMany(): Refusal {
  return new Refusal('GS_APPROVAL_UNAVAILABLE', {
    reason: 'Too many requests wait for an answer already.',
    next: 'Wait, then ask for the same again.',
  })
}
