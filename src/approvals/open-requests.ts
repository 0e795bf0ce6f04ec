import type { ApprovalId, RunId } from '../operations/index.ts'
import type { RunAccount } from '../runs/index.ts'
import type { TrailWriter } from '../trail/index.ts'
import { Alarm } from './alarm.ts'
import type { StoredRequest } from './approval-store.ts'
import type { WithdrawnBecause } from './approvals.ts'
import { endedEntry } from './entries.ts'
import type { Ending, Expected, OpenRequest } from './open-request.ts'
import { refusalOf } from './refusals.ts'
import type { StoreWriter } from './store-writer.ts'

export interface OpenRequestsOptions {
  readonly writer: StoreWriter
  readonly trail: Pick<TrailWriter, 'note'>
  readonly now: () => number
  /** An entry of a run that is live is to come; undefined where it is not. */
  readonly expect: (run: RunId) => Expected | undefined
  readonly changed: (request: StoredRequest) => void
}

/** What is pending or approved: by id, by what is asked for, and until when. */
export class OpenRequests {
  readonly #options: OpenRequestsOptions
  readonly #byId = new Map<ApprovalId, OpenRequest>()
  readonly #byOperation = new Map<string, OpenRequest>()
  readonly #alarm: Alarm

  constructor(options: OpenRequestsOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.now, () => this.#expire())
  }

  get size(): number {
    return this.#byId.size
  }

  all(): readonly OpenRequest[] {
    return [...this.#byId.values()]
  }

  find(id: ApprovalId): OpenRequest | undefined {
    return this.#byId.get(id)
  }

  /** @param operation the keyed hash */
  of(run: RunId, operation: string): OpenRequest | undefined {
    return this.#byOperation.get(place(run, operation))
  }

  add(request: OpenRequest): void {
    const { id, run, operation } = request.stored
    this.#byId.set(id, request)
    this.#byOperation.set(place(run, operation), request)
    this.#alarm.noLaterThan(request.dueAt)
  }

  /** It is in another state, and still open. */
  become(request: OpenRequest, to: StoredRequest): void {
    request.stored = to
    this.#alarm.noLaterThan(request.dueAt)
    this.#options.changed(to)
  }

  /** It is over; store and trail know. */
  over(request: OpenRequest, to: StoredRequest): void {
    this.drop(request)
    request.stored = to
    request.settle(refusalOf(to))
    this.#options.changed(to)
  }

  /** It was never asked. */
  drop({ stored: { id, run, operation } }: OpenRequest): void {
    this.#byId.delete(id)
    this.#byOperation.delete(place(run, operation))
  }

  /** It ends because of what happened, now or when what is being recorded of it is. */
  end(request: OpenRequest, why: WithdrawnBecause, account?: RunAccount): void {
    this.#end(request, { state: request.stored.state === 'approved' ? 'void' : 'withdrawn', why }, account)
  }

  /** Its time is over. */
  expire(request: OpenRequest): void {
    this.#end(request, { state: 'expired' })
  }

  /** While this is recorded, nothing else happens to the request. `record` must not reject. */
  whileBusy(request: OpenRequest, record: () => Promise<void>): Promise<void> {
    request.busy = record().finally(() => {
      request.busy = undefined
      const { ending } = request
      request.ending = undefined
      const isOpen = this.#byId.get(request.stored.id) === request
      if (ending && isOpen) this.#endNow(request, ending.ending, ending.expected)
      else if (ending) ending.expected?.(undefined)
      // The alarm may have passed it by.
      else if (isOpen && request.dueAt <= this.#options.now()) this.expire(request)
    })
    return request.busy
  }

  stop(): void {
    this.#alarm.stop()
  }

  #end(request: OpenRequest, ending: Ending, account?: RunAccount): void {
    if (request.ending) return
    const expected = account ? account.expect() : this.#options.expect(request.stored.run)
    if (request.busy) request.ending = { ending, expected }
    else this.#endNow(request, ending, expected)
  }

  /** The trail first: an end that is told twice is better than one that is not. */
  #endNow(request: OpenRequest, { state, why }: Ending, expected: Expected | undefined): void {
    const { stored } = request
    const { writer, trail, now } = this.#options
    // It may have been approved while this waited.
    const by = state === 'withdrawn' && stored.state === 'approved' ? 'void' : state
    const endedAt = now()
    trail.note(endedEntry(stored, by, { why }, expected !== undefined), expected)
    writer.later({ what: 'end', id: stored.id, to: { state: by, why, endedAt, told: true } })
    this.over(request, { ...stored, state: by, endedAt, ...(why !== undefined && { why }) })
  }

  #expire(): number | undefined {
    const now = this.#options.now()
    let next: number | undefined
    for (const request of [...this.#byId.values()]) {
      if (request.dueAt > now) next = Math.min(next ?? request.dueAt, request.dueAt)
      // What is being decided is decided in time; if it is not, whoever decides it looks at the time again.
      else if (!request.busy) this.expire(request)
    }
    return next
  }
}

function place(run: RunId, operation: string): string {
  return `${run}\n${operation}`
}
