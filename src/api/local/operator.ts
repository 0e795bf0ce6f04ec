import type { BreakGlassCounts } from '../../breakglass/index.ts'
import type { RunId } from '../../operations/index.ts'
import type { RunView, SessionView } from '../../runs/index.ts'
import type { CheckReport, PageAsked, SearchPage, SearchQuery } from '../../search/index.ts'
import type { StoredEntry, Trail } from '../../trail/index.ts'
import type { ApprovalOperator } from './approval-operator.ts'
import type { BreakGlassOperator } from './break-glass-operator.ts'
import type { ConnectorOperator } from './connector-operator.ts'
import type { EvidenceOperator } from './evidence-operator.ts'
import type { ExportOperator } from './export-operator.ts'
import type { LogOperator } from './log-operator.ts'
import type { PastSessionOperator } from './past-session-operator.ts'
import type { PersonOperator } from './person-operator.ts'
import type { PolicyOperator } from './policy-operator.ts'
import type { RetentionOperator } from './retention-operator.ts'
import type { ScanOperator } from './scan-operator.ts'
import type { ResourceAnswer } from './schemas.ts'
import type { ToolOperator } from './tool-operator.ts'

/**
 * What whoever operates this machine's gateway may do with it. `gateway/` implements it over the rooms; the routes of
 * this folder offer it on the local socket. Refusals are thrown as CodedError.
 */
export interface Operator
  extends ApprovalOperator,
    BreakGlassOperator,
    ConnectorOperator,
    EvidenceOperator,
    ExportOperator,
    LogOperator,
    PastSessionOperator,
    PersonOperator,
    PolicyOperator,
    RetentionOperator,
    ScanOperator,
    ToolOperator {
  status(): GatewayStatus
  /** Newest first. */
  runs(): readonly RunView[]
  /** Ends the run's sessions and refuses re-entry; recorded as `run.revoked`. False where it is unknown or over. */
  revokeRun(id: RunId): Promise<boolean>
  /** Lets a suspended run go on; recorded as `run.resumed` first. False where it is unknown, over or not suspended. */
  resumeRun(id: RunId): Promise<boolean>
  sessions(): readonly SessionView[]
  /** As configured, without references to secrets. */
  resources(): ResourceAnswer[]
  /** Ends one live session; recorded as `session.killed`. False where it is not live. */
  killSession(id: string): Promise<boolean>
  /**
   * Entries in order. That they are read is itself recorded: one `log.read` when the first reading starts, and one in the end for those within
   * the next minute, but for what opens more than was told of; however many entries follow.
   * @param reading what was asked for, as it is recorded
   */
  readTrail(reading: TrailReading, signal: AbortSignal): AsyncIterable<StoredEntry>
  /**
   * One page of what is found. That it was searched is recorded first, and what for as a payload.
   * @throws CodedError for a search or a cursor that is none
   */
  searchTrail(asked: TrailSearch): Promise<TrailFound>
  /**
   * Builds the search index again, unless it is only to be checked, then derives all of the log anew and compares. Recorded.
   * @returns how far it is, and in the end what it found
   */
  reindex(checkOnly: boolean, signal: AbortSignal): AsyncIterable<ReindexStep>
  secrets(): Promise<readonly SecretView[]>
  /** Seals a secret, or a new version of it; recorded as `secret.changed`, without its value. The caller clears `value`. */
  setSecret(name: string, value: Uint8Array): Promise<SecretView>
  /** False where there is none of that name. @throws CodedError where the running configuration refers to it */
  removeSecret(name: string): Promise<boolean>
  /** The certificate of the names CA, PEM. */
  namesCa(): Promise<string>
  /** The same of the interception CA. @throws CodedError where nothing is intercepted */
  interceptionCa(): Promise<string>
  /** Reads the configuration again, as SIGHUP does; recorded. @throws CodedError where it is refused; the running one stays */
  reload(): Promise<Reloaded>
  /** Looks at everything the gateway depends on. Bounded: each finding within 10 s. Never rejects for a failing part. */
  doctor(signal: AbortSignal): AsyncIterable<Finding>
}

export interface GatewayStatus {
  readonly version: string
  readonly origin: string
  readonly process: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly draining: boolean
  /** Absolute path of the configuration. */
  readonly configPath: string
  /** Digest of the policy in force, `sha256:…`. */
  readonly policy: string
  readonly trail: Trail['state']
  readonly log: LogStatus
  /** Code of why no operation can be admitted now; absent while they can. */
  readonly unavailable?: string
  readonly listening: Listening
  /** How many wait for somebody; absent where nobody signs in. */
  readonly breakGlass?: BreakGlassCounts
}

/** How much of the log is provable. */
export interface LogStatus {
  /** Its name: origin of its checkpoints. */
  readonly name: string
  /** Entries that are published. */
  readonly size: number
  /** Entries below this index are pruned. */
  readonly minimum: number
  /** How long the oldest entry that no checkpoint covers has been waiting for one, ms; 0 where none waits. */
  readonly checkpointAge: number
  /** Absent where the configuration names none. */
  readonly witnesses?: WitnessesStatus
}

export interface WitnessesStatus {
  /** How many must cosign. */
  readonly need: number
  /** Whether enough of them said what they remember of this log: until then no checkpoint is signed. */
  readonly asked: boolean
  /** Since when there is a checkpoint without its quorum, ms; 0 where there is none. */
  readonly age: number
  readonly of: readonly {
    readonly name: string
    readonly url: string
    /** Entries of the newest checkpoint that it cosigned since the start. */
    readonly size?: number
    /** Code of why it did not cosign when it was asked last. */
    readonly error?: string
  }[]
}

/** Where the doors are, `host:port`; absent where a door is not configured. */
export interface Listening {
  readonly postgres?: string
  readonly https?: string
  readonly proxy?: string
  readonly token?: string
  readonly admin?: string
  readonly metrics?: string
  readonly connectors?: string
}

/** Which part of the trail is read, and how. The filters are applied by the routes; they are here because they are recorded. */
export interface TrailReading {
  /** Index of the first entry; negative counts from the end. */
  readonly from: number
  /** Wait for more when the end is reached. */
  readonly follow: boolean
  /** Whether payloads are opened. */
  readonly opened: boolean
  /** Where only one entry is wanted: its index or id. */
  readonly entry?: string
  readonly filter?: TrailFilter
  /** Is shown the entries in front of `from`: what a filter must know of them. Part of the same reading, not another one. */
  readonly before?: (entry: StoredEntry) => void
}

export interface TrailFilter {
  readonly kind?: string
  readonly run?: string
  readonly session?: string
}

/** A search as it is asked for. */
export interface TrailSearch extends PageAsked {
  /** `who` is a pseudonym, or issuer and subject with a colon between them. */
  readonly query: SearchQuery
  /** Whether payloads are opened. */
  readonly opened: boolean
}

export interface TrailFound extends Omit<SearchPage, 'entries'> {
  readonly entries: readonly StoredEntry[]
  /** How far the log goes: the index may be behind. */
  readonly size: number
}

/** How far a rebuild or a check of the index is: entries done, of how many; then what it found. */
export type ReindexStep =
  | { readonly phase: 'build' | 'check'; readonly done: number; readonly of: number }
  | { readonly report: CheckReport }

/** A secret as operators see it: never its value. */
export interface SecretView {
  readonly name: string
  /** Counts from 1. */
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly changedAt: number
}

export interface Reloaded {
  /** False where the file says what is already in force. */
  readonly changed: boolean
  readonly policy: string
}

/** One line of `gatescribe doctor`. */
export interface Finding {
  /** What was looked at, such as `resource orders-db`. */
  readonly subject: string
  readonly level: 'ok' | 'warn' | 'fail'
  /** One sentence; never a secret. */
  readonly found: string
  /** What to do, where there is something. */
  readonly next?: string
}
