import type { Readable } from 'node:stream'
import { z } from 'zod'
import {
  type ApprovalAnswer,
  type ApprovalsAnswer,
  requestSchema,
  requestsSchema,
  type ShownApprovalAnswer,
  shownRequestSchema,
} from './approval-schemas.ts'
import { answerOf, ask, collect, jsonRequests, parse, readJson } from './ask.ts'
import {
  type BreakGlassAnswer,
  breakGlassSchema,
  type RequestBreakGlass,
  type ShownBreakGlassAnswer,
  shownBreakGlassSchema,
} from './break-glass-schemas.ts'
import {
  type ConnectorAnswer,
  type ConnectorEnrolmentAnswer,
  connectorEnrolmentSchema,
  connectorSchema,
  type EnrolConnectorRequest,
  revokedConnectorSchema,
} from './connector-schemas.ts'
import { LocalError } from './errors.ts'
import { type ExportAnswer, type ExportTestedAnswer, exportDoneSchema, exportSchema, exportTestedSchema } from './export-schemas.ts'
import { type CheckAnswer, checkSchema, type LogKeysAnswer, logKeysSchema } from './log-schemas.ts'
import type { TrailFilter } from './operator.ts'
import { type RunTranscriptLine, runTranscriptSchema } from './past-run-schemas.ts'
import { type PastSessionsAnswer, pastSessionsSchema, type TranscriptLine, transcriptSchema } from './past-session-schemas.ts'
import type { PersonAsked } from './person-operator.ts'
import {
  type PersonRevokedAnswer,
  personRevokedSchema,
  type RestorePersonRequest,
  type RevokedPersonAnswer,
  revokedPersonSchema,
} from './person-schemas.ts'
import {
  type ExplainedEntry,
  type ExplainRequest,
  explainedEntrySchema,
  type ReplayRequest,
  type ReplayStep,
  replaySchema,
} from './policy-schemas.ts'
import {
  type EraseRequest,
  type ErasureAnswer,
  type ErasureRequestAnswer,
  erasureRequestSchema,
  erasureSchema,
  type HoldAnswer,
  holdSchema,
  type PlaceRequest,
  type PruningAnswer,
  pruningSchema,
  type ShownErasureRequestAnswer,
  shownErasureRequestSchema,
} from './retention-schemas.ts'
import { type ScanLine, type ScanRequest, scanSchema } from './scan-schemas.ts'
import {
  type CaAnswer,
  caSchema,
  type EntryAnswer,
  entrySchema,
  type FindingAnswer,
  type FoundAnswer,
  findingSchema,
  foundSchema,
  type ProofAnswer,
  problemSchema,
  proofSchema,
  type ReindexAnswer,
  type ReloadedAnswer,
  type RunAnswer,
  reindexSchema,
  reloadedSchema,
  runSchema,
  type SecretAnswer,
  type SessionAnswer,
  type StatusAnswer,
  secretSchema,
  sessionSchema,
  statusSchema,
} from './schemas.ts'
import { type ShownToolsAnswer, shownToolsSchema, type ToolAnswer, toolSchema } from './tool-schemas.ts'
import type { Transport } from './transport.ts'

/** The Operator as a command sees it. Every call throws what the gateway refused as GatewayAnswer, and LocalError where it did not answer. */
export interface LocalClient {
  status(): Promise<StatusAnswer>
  runs(): Promise<RunAnswer[]>
  revokeRun(id: string): Promise<void>
  resumeRun(id: string): Promise<void>
  sessions(): Promise<SessionAnswer[]>
  session(id: string): Promise<SessionAnswer>
  killSession(id: string): Promise<void>
  /** One page, the newest first. @param asked the query of the route, as text */
  pastSessions(asked: Readonly<Record<string, string>>): Promise<PastSessionsAnswer>
  /** What happened in a session, in order. @param asked the query of the route, as text */
  transcript(session: string, asked: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<TranscriptLine>
  /** The same of a run, over all its sessions. */
  runTranscript(run: string, asked: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<RunTranscriptLine>
  /** Ends without an error where the signal aborts. */
  trail(query: { from: number; follow: boolean; opened: boolean; filter: TrailFilter }, signal: AbortSignal): AsyncIterable<EntryAnswer>
  /** @param ref index or id; its payloads are opened */
  entry(ref: string): Promise<EntryAnswer>
  /** One page: entries in the order asked for, then what there is to say of the page. @param asked the query of the route, as text */
  search(asked: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<FoundAnswer>
  /** @param check compares only, and builds nothing */
  reindex(check: boolean, signal: AbortSignal): AsyncIterable<ReindexAnswer>
  /** An archive, in pieces. Throws where it breaks off. @param asked the query of the route, as text */
  exportTrail(asked: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** @param ref index or id */
  proof(ref: string, signal: AbortSignal): Promise<ProofAnswer>
  /** @param ref index or id. @param payloads names; undefined for all. @returns JSON, to be passed on as it is */
  disclosure(ref: string, payloads: readonly string[] | undefined, signal: AbortSignal): Promise<string>
  /** @returns JSON, to be passed on as it is */
  receipt(run: string): Promise<string>
  erase(asked: EraseRequest): Promise<ErasureAnswer>
  erasureRequests(): Promise<ErasureRequestAnswer[]>
  erasureRequest(id: string): Promise<ShownErasureRequestAnswer>
  approveErasure(id: string): Promise<ErasureAnswer>
  denyErasure(id: string, reason: string | undefined): Promise<ErasureRequestAnswer>
  holds(): Promise<HoldAnswer[]>
  placeHold(asked: PlaceRequest): Promise<HoldAnswer>
  liftHold(id: string, reason: string): Promise<HoldAnswer>
  /** An archive, in pieces. Throws where it breaks off. */
  exportHold(id: string, payloads: boolean, signal: AbortSignal): AsyncIterable<Uint8Array>
  prune(dryRun: boolean): Promise<PruningAnswer>
  logKeys(): Promise<LogKeysAnswer>
  /** @param overlap ms */
  rotateLogKey(overlap: number): Promise<LogKeysAnswer>
  /** @param payloads whether each is opened and held against its entry */
  checkLog(payloads: boolean, signal: AbortSignal): AsyncIterable<CheckAnswer>
  replayPolicy(asked: ReplayRequest, signal: AbortSignal): AsyncIterable<ReplayStep>
  explainEntry(asked: ExplainRequest): Promise<ExplainedEntry>
  /** One page, the newest first. @param asked the query of the route; `state` may be several */
  approvals(asked: Readonly<Record<string, string | readonly string[]>>): Promise<ApprovalsAnswer>
  approval(id: string): Promise<ShownApprovalAnswer>
  decideApproval(id: string, verdict: 'approve' | 'deny', reason: string | undefined): Promise<ApprovalAnswer>
  revokeApproval(id: string, reason: string | undefined): Promise<ApprovalAnswer>
  breakGlasses(): Promise<BreakGlassAnswer[]>
  breakGlass(id: string): Promise<ShownBreakGlassAnswer>
  requestBreakGlass(asked: RequestBreakGlass): Promise<BreakGlassAnswer>
  confirmBreakGlass(id: string): Promise<BreakGlassAnswer>
  closeBreakGlass(id: string, reason: string | undefined): Promise<BreakGlassAnswer>
  reviewBreakGlass(id: string, note: string): Promise<BreakGlassAnswer>
  revokePerson(person: PersonAsked, reason: string | undefined): Promise<PersonRevokedAnswer>
  restorePerson(asked: RestorePersonRequest): Promise<RevokedPersonAnswer>
  revokedPersons(): Promise<RevokedPersonAnswer[]>
  scanResource(resource: string, asked: ScanRequest, signal: AbortSignal): AsyncIterable<ScanLine>
  exports(): Promise<ExportAnswer[]>
  testExport(name: string): Promise<ExportTestedAnswer>
  rewindExport(name: string, to: number): Promise<void>
  skipExport(name: string, entry: number): Promise<void>
  connectors(): Promise<ConnectorAnswer[]>
  connector(id: string): Promise<ConnectorAnswer>
  enrolConnector(asked: EnrolConnectorRequest): Promise<ConnectorEnrolmentAnswer>
  /** @param id `con_…`, or `off_…` of a token that nobody used */
  revokeConnector(id: string, reason: string | undefined): Promise<void>
  tools(): Promise<ToolAnswer[]>
  /** @param names all where there are none */
  toolsOf(resource: string, names: readonly string[]): Promise<ShownToolsAnswer>
  pinTools(resource: string, names: readonly string[], digest: string): Promise<ToolAnswer[]>
  unpinTools(resource: string, names: readonly string[]): Promise<ToolAnswer[]>
  secrets(): Promise<SecretAnswer[]>
  setSecret(name: string, value: Uint8Array): Promise<SecretAnswer>
  removeSecret(name: string): Promise<void>
  ca(): Promise<CaAnswer>
  interceptionCa(): Promise<CaAnswer>
  reload(): Promise<ReloadedAnswer>
  doctor(signal: AbortSignal): AsyncIterable<FindingAnswer>
}

export function localClient(send: Transport): LocalClient {
  const { get, act, post } = jsonRequests(send)
  const part = encodeURIComponent
  return {
    status: () => get('/v1/status', statusSchema),
    runs: () => get('/v1/runs', z.array(runSchema)),
    revokeRun: (id) => act('POST', `/v1/runs/${part(id)}/revoke`),
    resumeRun: (id) => act('POST', `/v1/runs/${part(id)}/resume`),
    sessions: () => get('/v1/sessions', z.array(sessionSchema)),
    session: (id) => get(`/v1/sessions/${part(id)}`, sessionSchema),
    killSession: (id) => act('POST', `/v1/sessions/${part(id)}/kill`),
    pastSessions: (asked) => get(`/v1/trail/sessions?${new URLSearchParams(asked)}`, pastSessionsSchema),
    transcript: (session, asked, signal) =>
      readLines(send, `/v1/trail/sessions/${part(session)}/transcript?${new URLSearchParams(asked)}`, transcriptSchema, signal),
    runTranscript: (run, asked, signal) =>
      readLines(send, `/v1/trail/runs/${part(run)}/transcript?${new URLSearchParams(asked)}`, runTranscriptSchema, signal),
    trail: ({ from, follow, opened, filter }, signal) => {
      const query = new URLSearchParams({ from: String(from), follow: String(follow), opened: String(opened), ...filter })
      return readLines(send, `/v1/trail?${query}`, entrySchema, signal)
    },
    entry: (ref) => get(`/v1/trail/${part(ref)}`, entrySchema),
    search: (asked, signal) => readLines(send, `/v1/trail/search?${new URLSearchParams(asked)}`, foundSchema, signal),
    reindex: (check, signal) => readLines(send, `/v1/trail/reindex?check=${check}`, reindexSchema, signal, 'POST'),
    exportTrail: (asked, signal) => readPieces(send, `/v1/trail/export?${new URLSearchParams(asked)}`, signal),
    proof: async (ref, signal) => readJson(await ask(send, { method: 'GET', path: `/v1/trail/${part(ref)}/proof`, signal }), proofSchema),
    async disclosure(ref, payloads, signal) {
      const query = new URLSearchParams((payloads ?? []).map((name) => ['payload', name]))
      return collect(await ask(send, { method: 'GET', path: `/v1/trail/${part(ref)}/disclosure?${query}`, signal }))
    },
    receipt: async (run) => collect(await ask(send, { method: 'GET', path: `/v1/runs/${part(run)}/receipt` })),
    erase: (asked) => post('/v1/trail/erase', asked, erasureSchema),
    erasureRequests: () => get('/v1/erasures', z.array(erasureRequestSchema)),
    erasureRequest: (id) => get(`/v1/erasures/${part(id)}`, shownErasureRequestSchema),
    approveErasure: (id) => post(`/v1/erasures/${part(id)}/approve`, {}, erasureSchema),
    denyErasure: (id, reason) => post(`/v1/erasures/${part(id)}/deny`, { ...(reason !== undefined && { reason }) }, erasureRequestSchema),
    holds: () => get('/v1/holds', z.array(holdSchema)),
    placeHold: (asked) => post('/v1/holds', asked, holdSchema),
    liftHold: (id, reason) => post(`/v1/holds/${part(id)}/lift`, { reason }, holdSchema),
    exportHold: (id, payloads, signal) => readPieces(send, `/v1/holds/${part(id)}/export?payloads=${payloads}`, signal),
    prune: async (dryRun) => readJson(await ask(send, { method: 'POST', path: `/v1/trail/prune?dryRun=${dryRun}` }), pruningSchema),
    logKeys: () => get('/v1/keys', logKeysSchema),
    rotateLogKey: async (overlap) =>
      readJson(await ask(send, { method: 'POST', path: `/v1/keys/rotate?overlap=${overlap}` }), logKeysSchema),
    checkLog: (payloads, signal) => readLines(send, `/v1/trail/check?payloads=${payloads}`, checkSchema, signal, 'POST'),
    replayPolicy: (asked, signal) => readLines(send, '/v1/policy/replay', replaySchema, signal, 'POST', asked),
    explainEntry: (asked) => post('/v1/policy/explain', asked, explainedEntrySchema),
    approvals: (asked) => {
      const pairs = Object.entries(asked).flatMap(([name, values]) => [values].flat().map((value) => [name, value] as [string, string]))
      return get(`/v1/approvals?${new URLSearchParams(pairs)}`, requestsSchema)
    },
    approval: (id) => get(`/v1/approvals/${part(id)}`, shownRequestSchema),
    decideApproval: (id, verdict, reason) =>
      post(`/v1/approvals/${part(id)}/decide`, { verdict, ...(reason !== undefined && { reason }) }, requestSchema),
    revokeApproval: (id, reason) => post(`/v1/approvals/${part(id)}/revoke`, { ...(reason !== undefined && { reason }) }, requestSchema),
    breakGlasses: () => get('/v1/breakglass', z.array(breakGlassSchema)),
    breakGlass: (id) => get(`/v1/breakglass/${part(id)}`, shownBreakGlassSchema),
    requestBreakGlass: (asked) => post('/v1/breakglass', asked, breakGlassSchema),
    confirmBreakGlass: (id) => post(`/v1/breakglass/${part(id)}/confirm`, {}, breakGlassSchema),
    closeBreakGlass: (id, reason) =>
      post(`/v1/breakglass/${part(id)}/close`, { ...(reason !== undefined && { reason }) }, breakGlassSchema),
    reviewBreakGlass: (id, note) => post(`/v1/breakglass/${part(id)}/review`, { note }, breakGlassSchema),
    revokePerson: (person, reason) =>
      post('/v1/persons/revoke', { ...person, ...(reason !== undefined && { reason }) }, personRevokedSchema),
    restorePerson: (asked) => post('/v1/persons/restore', asked, revokedPersonSchema),
    revokedPersons: () => get('/v1/persons/revoked', z.array(revokedPersonSchema)),
    scanResource: (resource, asked, signal) => readLines(send, `/v1/resources/${part(resource)}/scan`, scanSchema, signal, 'POST', asked),
    exports: () => get('/v1/exports', z.array(exportSchema)),
    testExport: (name) => post(`/v1/exports/${part(name)}/test`, {}, exportTestedSchema),
    rewindExport: async (name, to) => void (await post(`/v1/exports/${part(name)}/rewind`, { to }, exportDoneSchema)),
    skipExport: async (name, entry) => void (await post(`/v1/exports/${part(name)}/skip`, { entry }, exportDoneSchema)),
    connectors: () => get('/v1/connectors', z.array(connectorSchema)),
    connector: (id) => get(`/v1/connectors/${part(id)}`, connectorSchema),
    enrolConnector: (asked) => post('/v1/connectors/enrol', asked, connectorEnrolmentSchema),
    revokeConnector: async (id, reason) =>
      void (await post(`/v1/connectors/${part(id)}/revoke`, { ...(reason !== undefined && { reason }) }, revokedConnectorSchema)),
    tools: () => get('/v1/tools', z.array(toolSchema)),
    toolsOf: (resource, names) =>
      get(`/v1/tools/${part(resource)}?${new URLSearchParams(names.map((name) => ['tool', name]))}`, shownToolsSchema),
    pinTools: (resource, tools, digest) => post(`/v1/tools/${part(resource)}/pin`, { tools, digest }, z.array(toolSchema)),
    unpinTools: (resource, tools) => post(`/v1/tools/${part(resource)}/unpin`, { tools }, z.array(toolSchema)),
    secrets: () => get('/v1/secrets', z.array(secretSchema)),
    setSecret: async (name, body) => readJson(await ask(send, { method: 'PUT', path: `/v1/secrets/${part(name)}`, body }), secretSchema),
    removeSecret: (name) => act('DELETE', `/v1/secrets/${part(name)}`),
    ca: () => get('/v1/ca', caSchema),
    interceptionCa: () => get('/v1/ca/interception', caSchema),
    reload: async () => readJson(await ask(send, { method: 'POST', path: '/v1/reload' }), reloadedSchema),
    doctor: (signal) => readLines(send, '/v1/doctor', findingSchema, signal),
  }
}

async function* readPieces(send: Transport, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body } = await ask(send, { method: 'GET', path, signal })
  try {
    for await (const piece of body) yield piece as Uint8Array
  } catch (error) {
    throw new LocalError('GS_LOCAL_INTERRUPTED', undefined, { cause: error })
  }
}

const lastLine = z.object({ error: problemSchema })

async function* readLines<T>(
  send: Transport,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  method: 'GET' | 'POST' = 'GET',
  asked?: object,
): AsyncGenerator<T> {
  try {
    const said = asked && { body: Buffer.from(JSON.stringify(asked)), type: 'application/json' as const }
    const { body } = await ask(send, { method, path, signal, ...said })
    for await (const line of linesOf(body)) {
      const failed = line.startsWith('{"error":') ? lastLine.safeParse(JSON.parse(line)) : undefined
      if (failed?.success) throw answerOf(failed.data.error)
      yield parse(line, schema)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Whole lines. A stream that breaks off is an error here, which `node:readline` would take for its end. */
async function* linesOf(body: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    throw new LocalError('GS_LOCAL_INTERRUPTED', undefined, { cause: error })
  }
  if (rest) throw new LocalError('GS_LOCAL_INTERRUPTED')
}
