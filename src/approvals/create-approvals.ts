import type { ApprovalId, RunId, Sealer } from '../operations/index.ts'
import type { LogPlace, RunAccount, RunView } from '../runs/index.ts'
import type { Trail } from '../trail/index.ts'
import type { ApprovalStore, StoredRequest } from './approval-store.ts'
import type { Approvals, CardContent, RequestView } from './approvals.ts'
import { Asking, aadOf } from './asking.ts'
import { recordedCard, unpackCard } from './card.ts'
import { Deciding, unsealNames } from './deciding.ts'
import { endedEntry } from './entries.ts'
import { type Expected, OpenRequest } from './open-request.ts'
import { OpenRequests } from './open-requests.ts'
import { progressOf } from './requirements.ts'
import type { ApprovalSettings } from './settings.ts'
import { Spending } from './spending.ts'
import { StoreWriter } from './store-writer.ts'

export interface ApprovalsOptions {
  readonly store: ApprovalStore
  readonly sealer: Sealer
  readonly trail: Pick<Trail, 'append' | 'note' | 'whenDurable' | 'durable' | 'subjectKey' | 'pseudonym' | 'name' | 'state' | 'hasKey'>
  /** Asked whenever it matters, so that they may be made later. */
  readonly runs: {
    run(id: RunId): Pick<RunView, 'run' | 'state'> | undefined
    /** An entry of a run that is live is to come; undefined where it is not. */
    expect(id: RunId): Expected | undefined
  }
  /** In force now. */
  readonly settings: () => Pick<ApprovalSettings, 'unlinkedLauncher'>
  /** Where a person answers a request. */
  readonly link: (id: ApprovalId) => string
  /** The payloads of an `approval.asked`, by name, as far as they are there. */
  readonly recorded: (place: LogPlace) => Promise<ReadonlyMap<string, Uint8Array>>
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

/** What the gateway besides does with approvals. */
export interface RunningApprovals extends Approvals {
  /** How many are pending, or approved and not used yet. */
  readonly open: number
  /** When the oldest was asked that nobody has answered, ms since the epoch; undefined where there is none. */
  readonly oldestPending: number | undefined
  /**
   * Takes up what an earlier process left: tickets go on, whoever held a connection is gone. Once, when runs can be asked.
   * @param policy digest of the one in force
   * @param people the same of whatever else decides who may say yes: issuers of people, their links, roles, and how people are asked
   */
  start(policy: string, people: string): void
  /**
   * Another configuration is in force. Where the policy is another, nobody says yes to what it may not ask, and what was approved under another one is
   * void. Where either is, whoever says yes may have made the rules for it, for 24 hours.
   */
  usePolicy(policy: string, people: string): void
  /** To be called when a run is over, before its end is recorded: its requests end, in entries that its account expects. */
  runEnded(run: RunId, account: RunAccount): void
  /** Payload keys were destroyed: what was asked under them cannot be looked at any more, so it cannot be approved. */
  erased(keys: readonly string[]): void
  /** Holds end, tickets stay. Before the trail is closed. */
  close(): void
}

/** Approvals over one store and one trail. */
export function createApprovals(options: ApprovalsOptions): RunningApprovals {
  const { store, sealer, trail, link, now = Date.now } = options
  const writer = new StoreWriter(store)
  const listeners = new Set<(request: RequestView) => void>()
  const expect = (run: RunId) => options.runs.expect(run)
  const viewOf = (request: StoredRequest) => view(request, link(request.id))
  const changed = (request: StoredRequest) => {
    if (listeners.size === 0) return
    const seen = viewOf(request)
    for (const listener of listeners) listener(seen)
  }
  // Keyed like principals: what somebody may have asked for cannot be tried out against the store.
  const operationOf = (digest: string) => trail.pseudonym('effective operation', digest)
  const requests = new OpenRequests({ writer, trail, now, expect, changed })
  const shared = { store, writer, requests, sealer, trail, now, expect, operationOf }
  const asking = new Asking({ ...shared, link, policy: () => inForce })
  const deciding = new Deciding({ ...shared, settings: options.settings })
  const spending = new Spending(shared)
  let inForce = ''

  /** Over in the store, and perhaps not in the trail: a crash came in between. */
  function tell(stored: StoredRequest): void {
    const expected = expect(stored.run)
    trail.note(endedEntry(stored, stored.state, { why: 'interrupted' }, expected !== undefined), (index) => {
      expected?.(index)
      if (index !== undefined) writer.later({ what: 'told', id: stored.id })
    })
  }

  function takeUp(stored: StoredRequest): void {
    const known = options.runs.run(stored.run)
    // Of a run that nobody knows any more nothing can be said but that it is over.
    const run = known?.run ?? { id: stored.run, principal: { kind: 'job', issuer: '', subject: '', groups: [] }, facts: {}, startedAt: 0 }
    const request = new OpenRequest(stored, run, true)
    requests.add(request)
    if (known?.state !== 'live') requests.end(request, 'run-ended')
    else if (!trail.hasKey(stored.key)) requests.end(request, 'erased')
    else if (stored.mode === 'hold') requests.end(request, 'interrupted')
    else if (request.dueAt <= now()) requests.expire(request)
  }

  function usePolicy(policy: string, people: string): void {
    inForce = policy
    const digest = JSON.stringify([policy, people])
    if (store.policy()?.digest !== digest) store.usePolicy({ digest, since: now() })
    for (const request of requests.all()) if (request.stored.policy !== policy) requests.end(request, 'changed')
  }

  async function contentOf(stored: StoredRequest): Promise<CardContent | undefined> {
    if (!trail.hasKey(stored.key)) return undefined
    const sealed = store.content(stored.id)
    if (!sealed) {
      const content = stored.place && recordedCard(await options.recorded(stored.place))
      return content && { ...content, names: [] }
    }
    const names = sealed.names ? unsealNames(sealer, stored.id, sealed.names) : []
    return {
      ...unpackCard(sealer.open(sealed.content, aadOf(stored.id))),
      names: names.map(({ who, displayName }) => ({ who, displayName })),
    }
  }

  /** Newer than the store knows, while it is open. Undefined for what is not recorded yet. */
  function find(id: ApprovalId): StoredRequest | undefined {
    writer.flush()
    const open = requests.find(id)
    if (open) return open.isVisible ? open.stored : undefined
    return store.find(id)
  }

  return {
    get open() {
      return requests.size
    },
    get oldestPending() {
      const pending = requests.all().filter(({ stored, isVisible }) => isVisible && stored.state === 'pending')
      return pending.length === 0 ? undefined : Math.min(...pending.map(({ stored }) => stored.askedAt))
    },
    ask: (asked, mode) => asking.ask(asked, mode),
    spend: (grant, at) => spending.spend(grant, at),
    list(filter = {}) {
      writer.flush()
      return store
        .list(filter)
        .filter(({ id }) => requests.find(id)?.isVisible !== false)
        .map((stored) => viewOf(requests.find(stored.id)?.stored ?? stored))
    },
    async view(id) {
      const stored = find(id)
      return stored && { request: viewOf(stored), content: await contentOf(stored) }
    },
    decide: async (id, person, verdict, channel, reason) => viewOf(await deciding.decide(id, { person, verdict, channel, reason })),
    revoke: async (id, by, channel, reason) => viewOf(await deciding.revoke(id, by, channel, reason)),
    withdraw(id, why) {
      const request = requests.find(id)
      if (!request) return false
      requests.end(request, why)
      return true
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    start(policy, people) {
      for (const stored of store.untold()) tell(stored)
      for (const stored of store.open()) takeUp(stored)
      usePolicy(policy, people)
      writer.flush()
    },
    usePolicy,
    runEnded(run, account) {
      for (const request of requests.all()) if (request.stored.run === run) requests.end(request, 'run-ended', account)
    },
    erased(keys) {
      const gone = new Set(keys)
      for (const request of requests.all()) if (gone.has(request.stored.key)) requests.end(request, 'erased')
      writer.flush()
    },
    close() {
      for (const request of requests.all()) if (request.stored.mode === 'hold') requests.end(request, 'interrupted')
      requests.stop()
      writer.close()
    },
  }
}

function view(request: StoredRequest, link: string): RequestView {
  const { id, state, why, mode, run, session, resource, protocol, policy, terms, decisions, askedAt, expiresAt, usableUntil, endedAt } =
    request
  return {
    id,
    link,
    state,
    ...(why !== undefined && { why }),
    mode,
    run,
    session,
    resource,
    protocol,
    policy,
    stream: terms.stream,
    requirements: progressOf(terms, decisions),
    decisions: decisions.map(({ meets, ...decision }) => decision),
    askedAt,
    expiresAt,
    ...(usableUntil !== undefined && { usableUntil }),
    ...(endedAt !== undefined && { endedAt }),
  }
}
