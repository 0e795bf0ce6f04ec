import type {
  ConnectorView,
  ErasureAsked,
  ErasureRequestView,
  Finding,
  HoldAsked,
  HoldView,
  Operator,
  PastSessionAnswer,
  ReindexStep,
  ReplayAsked,
  ReplayStep,
  RunTranscriptLine,
  ScanAsked,
  ScanLine,
  SecretView,
  ShownRequest,
  TrailReading,
  TrailSearch,
  TranscriptLine,
} from '../../src/api/local/index.ts'
import { ApprovalError, type RequestView } from '../../src/approvals/index.ts'
import { BreakGlassError, type ShownBreakGlass } from '../../src/breakglass/index.ts'
import type { ExportState } from '../../src/exports/index.ts'
import type { ToolView } from '../../src/pins/index.ts'
import type { RunView, SessionView } from '../../src/runs/index.ts'
import type { CheckStep, EntryFields, EntryKind, LogKey, StoredEntry, StoredPayload } from '../../src/trail/index.ts'

/**
 * An Operator over plain arrays: a fake, for the local API and the commands, whose business is to pass on what any Operator
 * says. The real one is tested in test/gateway.
 */
export interface InMemoryOperator extends Operator {
  readonly trail: StoredEntry[]
  readonly live: { runs: RunView[]; sessions: SessionView[] }
  readonly sealed: Map<string, { value: string; view: SecretView }>
  /** What was asked of the trail. */
  readonly readings: TrailReading[]
  readonly findings: Finding[]
  /** What was searched for; the answer is entries of the kind that is asked for. */
  readonly searches: TrailSearch[]
  readonly reindexing: ReindexStep[]
  /** What bundles were asked for; the pieces of the next one, or where it breaks off. */
  readonly exported: { scope: object; payloads: boolean }[]
  readonly evidence: (Buffer | Error)[]
  /** What was asked to be erased; what is held. */
  readonly erasures: ErasureAsked[]
  /** Requests for erasure; the answers that came, in order. */
  readonly askedErasures: ErasureRequestView[]
  readonly erasureAnswers: { id: string; verdict: string; reason: string | undefined }[]
  /** Persons who were revoked or restored. */
  readonly revocations: { person: object; reason: string | undefined }[]
  /** What MCP servers offered; what was to be pinned or not any more. */
  readonly offered: ToolView[]
  readonly pinning: { resource: string; names: readonly string[]; digest?: string }[]
  /** Exports, and what was asked of them. */
  readonly receivers: ExportState[]
  readonly exporting: object[]
  /** Connectors that are enrolled, and names that have none; what was asked of them. */
  readonly enrolled: ConnectorView[]
  readonly enrolling: object[]
  readonly held: HoldView[]
  readonly keys: LogKey[]
  readonly checking: CheckStep[]
  /** What was asked to be judged again; the answer. */
  readonly replays: ReplayAsked[]
  readonly replaying: ReplayStep[]
  /** What was asked to be looked at; the answer. */
  readonly scans: ScanAsked[]
  /** Sessions that the trail tells of; what happened in any of them; what was asked. */
  readonly past: PastSessionAnswer[]
  readonly happened: TranscriptLine[]
  readonly ran: RunTranscriptLine[]
  readonly transcripts: object[]
  readonly scanning: ScanLine[]
  /** Requests for approval; the answers that came, in order. */
  readonly requests: ShownRequest[]
  readonly answers: { id: string; verdict: string; reason: string | undefined; channel: string }[]
  /** Requests to break the glass; what was asked of them, in order. */
  readonly glasses: ShownBreakGlass[]
  readonly brokenBy: { readonly step: string; readonly said: unknown }[]
  /** Appends an entry and wakes whoever follows. */
  append(kind: EntryKind, fields: EntryFields, payloads?: readonly StoredPayload[]): StoredEntry
  /** The next call of this name throws it. */
  fail(call: keyof Operator, error: Error): void
}

export function inMemoryOperator(namesCa = ''): InMemoryOperator {
  const failures = new Map<string, Error>()
  const waiting = new Set<() => void>()
  const throwPlanted = (call: keyof Operator) => {
    const error = failures.get(call)
    failures.delete(call)
    if (error) throw error
  }
  const glass = (id: string) => {
    const found = operator.glasses.find((one) => one.id === id)
    if (!found) throw new BreakGlassError('GS_BREAKGLASS_UNKNOWN')
    return found
  }
  const step = async (name: string, said: unknown, id: string) => {
    operator.brokenBy.push({ step: name, said })
    throwPlanted(`${name}BreakGlass` as keyof Operator)
    return glass(id)
  }
  const operator: InMemoryOperator = {
    trail: [],
    live: { runs: [], sessions: [] },
    sealed: new Map(),
    readings: [],
    findings: [],
    exported: [],
    evidence: [],
    erasures: [],
    askedErasures: [],
    revocations: [],
    erasureAnswers: [],
    offered: [],
    pinning: [],
    receivers: [],
    exporting: [],
    enrolled: [],
    enrolling: [],
    held: [],
    searches: [],
    reindexing: [],
    keys: [{ vkey: 'example.org/test/one+0a1b2c3d+AAAA', state: 'signs', since: Date.UTC(2026, 10, 23) }],
    checking: [],
    replays: [],
    replaying: [],
    past: [],
    happened: [],
    ran: [],
    transcripts: [],
    scans: [],
    scanning: [],
    requests: [],
    answers: [],
    glasses: [],
    brokenBy: [],
    append(kind, fields, payloads = []) {
      const index = operator.trail.length
      const entry: StoredEntry = {
        index,
        id: `boot.${index}`,
        kind,
        at: '2026-11-23T12:00:00.000000000Z',
        fields,
        commitments: Object.fromEntries(payloads.map(({ name }) => [name, `commitment to ${name}`])),
        bytes: new TextEncoder().encode(JSON.stringify(fields)),
        payloads: () => payloads,
      }
      operator.trail.push(entry)
      for (const wake of waiting) wake()
      return entry
    },
    fail: (call, error) => failures.set(call, error),
    status() {
      throwPlanted('status')
      return {
        version: '0.1.0',
        origin: 'example.org/test/one',
        process: 4711,
        startedAt: Date.UTC(2026, 10, 23, 12),
        draining: false,
        configPath: '/etc/gatescribe/gatescribe.yaml',
        policy: 'sha256:00',
        trail: 'open',
        log: { name: 'example.org/test/one', size: 3, minimum: 0, checkpointAge: 0 },
        listening: { postgres: '127.0.0.1:5432', token: '127.0.0.1:8444' },
      }
    },
    runs: () => operator.live.runs,
    async revokeRun(id) {
      return remove(operator.live.runs, ({ run }) => run.id === id)
    },
    async resumeRun(id) {
      throwPlanted('resumeRun')
      const at = operator.live.runs.findIndex(({ run, suspended }) => run.id === id && suspended !== undefined)
      if (at === -1) return false
      const { suspended: _, ...view } = operator.live.runs[at]!
      operator.live.runs[at] = view
      return true
    },
    sessions: () => operator.live.sessions,
    async killSession(id) {
      return remove(operator.live.sessions, (session) => session.id === id)
    },
    async *readTrail(reading, signal) {
      operator.readings.push(reading)
      throwPlanted('readTrail')
      let next = reading.from < 0 ? Math.max(0, operator.trail.length + reading.from) : reading.from
      for (const entry of operator.trail.slice(0, next)) reading.before?.(entry)
      for (;;) {
        while (next < operator.trail.length) yield operator.trail[next++]!
        if (!reading.follow || signal.aborted) return
        await woken(waiting, signal)
      }
    },
    async searchTrail(asked) {
      operator.searches.push(asked)
      throwPlanted('searchTrail')
      const { kind } = asked.query
      const found = operator.trail.filter((entry) => kind === undefined || entry.kind === kind)
      const from = asked.cursor === undefined ? 0 : Number(asked.cursor)
      const to = from + asked.limit
      const size = operator.trail.length
      return { entries: found.slice(from, to), next: to < found.length ? String(to) : undefined, first: 0, indexed: size, size }
    },
    async *reindex(checkOnly) {
      throwPlanted('reindex')
      yield* operator.reindexing.filter((step) => !checkOnly || !('phase' in step) || step.phase === 'check')
    },
    async exportTrail(scope, payloads) {
      operator.exported.push({ scope, payloads })
      throwPlanted('exportTrail')
      const { evidence } = operator
      return {
        bytes: (async function* () {
          for (const piece of evidence) {
            if (piece instanceof Error) throw piece
            yield piece
          }
        })(),
      }
    },
    async prove(ref) {
      throwPlanted('prove')
      return { index: 7, id: 'boot.7', entry: `entry ${ref}`, proof: `proof of ${ref}\n` }
    },
    async disclose(ref, payloads) {
      throwPlanted('disclose')
      return `${JSON.stringify({ ref, payloads: payloads ?? 'all' })}\n`
    },
    async receipt(run) {
      throwPlanted('receipt')
      return `${JSON.stringify({ run })}\n`
    },
    async eraseTrail(asked) {
      operator.erasures.push(asked)
      throwPlanted('eraseTrail')
      const { scope, dryRun } = asked
      const report = { runs: ['run_one'], sessions: ['ses_one', 'ses_two'], keys: 3, ...(dryRun ? {} : { entry: 12 }) }
      if ('session' in scope) return { scope: 'session', session: scope.session, remains: 'who it was', ...report }
      if ('run' in scope) return { scope: 'run', run: scope.run, remains: 'who it was', ...report }
      return { scope: 'person', pseudonym: 'pseudonym' in scope ? scope.pseudonym : `${scope.issuer}:${scope.subject}`, ...report }
    },
    breakGlasses: async () => operator.glasses,
    breakGlass: async (id) => glass(id),
    requestBreakGlass: (asked) => step('request', asked, operator.glasses[0]?.id ?? ''),
    confirmBreakGlass: (id) => step('confirm', id, id),
    closeBreakGlass: (id, reason) => step('close', { id, reason }, id),
    reviewBreakGlass: (id, note) => step('review', { id, note }, id),
    erasureRequests: async () => operator.askedErasures,
    async erasureRequest(id) {
      throwPlanted('erasureRequest')
      return { ...askedErasure(id), asker: { displayName: 'Ada' }, reason: 'request 17' }
    },
    async approveErasure(id) {
      throwPlanted('approveErasure')
      operator.erasureAnswers.push({ id, verdict: 'approve', reason: undefined })
      return { scope: 'run', run: 'run_one', runs: ['run_one'], sessions: ['ses_one', 'ses_two'], keys: 3, entry: 12 }
    },
    async denyErasure(id, reason) {
      throwPlanted('denyErasure')
      operator.erasureAnswers.push({ id, verdict: 'deny', reason })
      return { ...askedErasure(id), state: 'denied', endedAt: Date.UTC(2026, 10, 24), endedBy: 'somebody' }
    },
    async revokePerson(person, reason) {
      throwPlanted('revokePerson')
      operator.revocations.push({ person, reason })
      return { pseudonym: 'AbCdEfGhIjKlMnOpQrStUv', revokedAt: Date.UTC(2026, 10, 23), sessions: 2, approvals: 1 }
    },
    async restorePerson(person, reason) {
      throwPlanted('restorePerson')
      operator.revocations.push({ person, reason })
      return { pseudonym: 'AbCdEfGhIjKlMnOpQrStUv', revokedAt: Date.UTC(2026, 10, 23) }
    },
    revokedPersons: async () => [{ pseudonym: 'AbCdEfGhIjKlMnOpQrStUv', revokedAt: Date.UTC(2026, 10, 23) }],
    tools: async () => operator.offered,
    async toolsOf(resource, names) {
      throwPlanted('toolsOf')
      const tools = operator.offered.filter((tool) => tool.resource === resource && (names.length === 0 || names.includes(tool.name)))
      return { tools, ...(tools.some(({ offered }) => offered) && { digest: 'sha256:these' }) }
    },
    async pinTools(resource, names, digest) {
      throwPlanted('pinTools')
      operator.pinning.push({ resource, names, digest })
      return operator.offered
    },
    async unpinTools(resource, names) {
      operator.pinning.push({ resource, names })
      return operator.offered.filter(({ name }) => names.includes(name))
    },
    exports: () => operator.receivers,
    async testExport(name) {
      operator.exporting.push({ test: name })
      throwPlanted('testExport')
      return { taken: true, status: 200, tls: 'TLSv1.3', latency: 12 }
    },
    async rewindExport(name, to) {
      operator.exporting.push({ rewind: name, to })
      throwPlanted('rewindExport')
    },
    async skipExport(name, entry) {
      operator.exporting.push({ skip: name, entry })
      throwPlanted('skipExport')
    },
    connectors: () => operator.enrolled,
    async enrolConnector(name, ttl) {
      operator.enrolling.push({ name, ttl })
      throwPlanted('enrolConnector')
      const expiresAt = Date.UTC(2026, 10, 27, 12) + ttl
      return {
        ...{ id: 'off_one', name, token: 'gs_ce_0123456789', expiresAt, gateway: 'https://gw.example.org:8446', ownCa: true },
        targets: ['orders.internal:5432', '[fd00::7]:6443'],
      }
    },
    async revokeConnector(id, reason) {
      operator.enrolling.push({ id, reason })
      throwPlanted('revokeConnector')
    },
    holds: async () => operator.held,
    async placeHold({ run, reason, name }: HoldAsked) {
      throwPlanted('placeHold')
      const placedAt = Date.UTC(2026, 10, 23)
      const copy = { entries: 5, first: 3, last: 9, whole: true }
      const hold = {
        id: `hold_${operator.held.length}`,
        run,
        reason,
        ...(name && { name }),
        placedAt,
        log: 'example.org/test/one',
        entry: 10,
        copy,
      }
      operator.held.push(hold)
      return hold
    },
    async liftHold(id) {
      throwPlanted('liftHold')
      return operator.held.splice(
        operator.held.findIndex((hold) => hold.id === id),
        1,
      )[0] as HoldView
    },
    exportHold: (id, payloads) => operator.exportTrail({ run: id }, payloads, new AbortController().signal),
    async pruneTrail(dryRun) {
      throwPlanted('pruneTrail')
      return { entriesBelow: 512, payloadsBelow: 768, entries: dryRun ? 256 : 512, keys: 4, holds: 1 }
    },
    checkRules: (configuration) => ({ ok: configuration !== 'wrong', rules: 1, problems: [], warnings: [] }),
    testRules: async () => ({ passed: 1, failed: 0, cases: [] }),
    async replayPolicy(asked) {
      operator.replays.push(asked)
      throwPlanted('replayPolicy')
      const { replaying } = operator
      return (async function* () {
        yield* replaying
      })()
    },
    async explainEntry({ entry }) {
      throwPlanted('explainEntry')
      return { entry: Number(entry), at: '2026-11-23T12:00:00.000000000Z', session: 'ses_one', operations: [] }
    },
    async pastSessions(asked) {
      throwPlanted('pastSessions')
      operator.transcripts.push(asked)
      return { sessions: operator.past, next: 'on' }
    },
    requestsOf: async () => [],
    async transcript(asked) {
      throwPlanted('transcript')
      operator.transcripts.push(asked)
      const { happened } = operator
      return (async function* () {
        yield* happened
      })()
    },
    async runTranscript(asked) {
      throwPlanted('runTranscript')
      operator.transcripts.push(asked)
      const { ran } = operator
      return (async function* () {
        yield* ran
      })()
    },
    resources: () => [],
    async scanResource(asked) {
      operator.scans.push(asked)
      throwPlanted('scanResource')
      const { scanning } = operator
      return (async function* () {
        yield* scanning
      })()
    },
    async logKeys() {
      return { log: 'example.org/test/one', keys: operator.keys }
    },
    async rotateLogKey(overlap) {
      throwPlanted('rotateLogKey')
      const since = Date.UTC(2026, 10, 24)
      operator.keys[0] = { ...operator.keys[0]!, until: since + overlap }
      operator.keys.unshift({ vkey: 'example.org/test/one+4e5f6071+BBBB', state: 'signs', since })
      return operator.logKeys()
    },
    async checkLog() {
      throwPlanted('checkLog')
      const { checking } = operator
      return (async function* () {
        yield* checking
      })()
    },
    async approvals({ states, run, before, limit = 100 }) {
      throwPlanted('approvals')
      const all = operator.requests.map(({ request }) => request)
      const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1
      const matches = (request: RequestView) => (states?.includes(request.state) ?? true) && (run ?? request.run) === request.run
      return all.slice(from).filter(matches).slice(0, limit)
    },
    async approval(id) {
      throwPlanted('approval')
      return operator.requests.find(({ request }) => request.id === id)
    },
    async decideApproval(id, verdict, reason, channel) {
      operator.answers.push({ id, verdict, reason, channel })
      throwPlanted('decideApproval')
      return become(operator.requests, id, verdict === 'approve' ? 'approved' : 'denied')
    },
    async revokeApproval(id, reason, channel) {
      operator.answers.push({ id, verdict: 'revoke', reason, channel })
      throwPlanted('revokeApproval')
      return become(operator.requests, id, 'revoked')
    },
    async secrets() {
      return [...operator.sealed.values()].map(({ view }) => view)
    },
    async setSecret(name, value) {
      throwPlanted('setSecret')
      const view = { name, version: (operator.sealed.get(name)?.view.version ?? 0) + 1, changedAt: Date.UTC(2026, 10, 23) }
      operator.sealed.set(name, { value: Buffer.from(value).toString('utf8'), view })
      return view
    },
    async removeSecret(name) {
      throwPlanted('removeSecret')
      return operator.sealed.delete(name)
    },
    async interceptionCa() {
      return namesCa
    },
    async namesCa() {
      return namesCa
    },
    async reload() {
      throwPlanted('reload')
      return { changed: true, policy: 'sha256:01' }
    },
    async *doctor() {
      yield* operator.findings
    },
  }
  return operator
}

function become(requests: ShownRequest[], id: string, state: RequestView['state']): RequestView {
  const at = requests.findIndex(({ request }) => request.id === id)
  if (at === -1) throw new ApprovalError('GS_APPROVALS_UNKNOWN')
  const request = { ...requests[at]!.request, state }
  requests[at] = { ...requests[at]!, request }
  return request
}

function remove<T>(from: T[], matches: (item: T) => boolean): boolean {
  const index = from.findIndex(matches)
  if (index >= 0) from.splice(index, 1)
  return index >= 0
}

function woken(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
  })
}

/** A live run and one session of it, as the runs room shows them. */
export function liveRun(id: `run_${string}` = 'run_one', sessionId = 'ses_one'): { run: RunView; session: SessionView } {
  const run: RunView = {
    run: {
      id,
      principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: ['github/repo:acme/reports'] },
      facts: { repository: 'acme/reports', workflow: 'nightly', commit: 'c0ffee', attempt: '1' },
      startedAt: Date.UTC(2026, 10, 23, 12),
    },
    state: 'live',
    expiresAt: Date.UTC(2026, 10, 23, 12, 15),
    sessions: 1,
  }
  const session: SessionView = {
    id: sessionId,
    runId: id,
    resource: 'orders-db',
    client: { address: '127.0.0.1:50000', tls: true, user: 'alice', application: 'psql', database: 'orders' },
    openedAt: Date.UTC(2026, 10, 23, 12, 1),
    operations: 3,
  }
  return { run, session }
}

/** A request that waits, of a job that says hostile things. */
export function waitingRequest(id: `apr_${string}` = 'apr_one', more: Partial<RequestView> = {}, sql = 'DELETE FROM orders'): ShownRequest {
  const { run } = liveRun('run_one').run
  const request: RequestView = {
    id,
    link: `https://gw.example.org:8445/approvals/${id}`,
    state: 'pending',
    mode: 'ticket',
    run: run.id,
    session: 'ses_one',
    resource: 'orders-db',
    protocol: 'postgres',
    policy: 'sha256:00',
    stream: false,
    requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count: 1, approvals: 0, needed: 1 }],
    decisions: [],
    askedAt: Date.UTC(2026, 10, 23, 12),
    expiresAt: Date.UTC(2026, 10, 23, 12, 15),
    ...more,
  }
  const effective = {
    protocol: 'postgres' as const,
    resource: 'orders-db',
    database: 'orders',
    parts: [{ label: 'statement', content: Buffer.from(sql) }],
    session: { search_path: 'public' },
    facts: [{ effects: [{ class: 'write', action: 'delete' }], sql: { statements: 1, writes: ['public.orders'], bounded: false } }],
    stream: false,
  }
  return { request, content: { effective, names: [] }, run }
}

/** A request for erasure, of whatever id. */
export function askedErasure(id: string): ErasureRequestView {
  const askedAt = Date.UTC(2026, 10, 23)
  const scope = { run: 'run_one' }
  return {
    id: id as ErasureRequestView['id'],
    scope,
    by: 'AbCdEfGhIjKlMnOpQrStUv',
    askedAt,
    expiresAt: askedAt + 86_400_000,
    state: 'asked',
  }
}
