import type { ErasureRequest, ErasureScope } from '../../retention/index.ts'

/** What may be taken out of the trail, and what may not: docs/retention.md. */
export interface RetentionOperator {
  /**
   * Erases the payloads of a session, run or person in every place that has them. Recorded as `erased` first; the log stays as it is. Where people sign
   * in, it only asks for that: recorded as `erasure.asked`, and carried out once another person approves it.
   * @throws CodedError GS_RETENTION_NOT_FOUND, GS_RETENTION_LIVE, GS_RETENTION_HELD; GS_TRAIL_ERASING where it goes on by itself later;
   *   GS_RETENTION_TWO_PERSONS, GS_RETENTION_APPROVED_THERE, GS_RETENTION_ASKED
   */
  eraseTrail(asked: ErasureAsked): Promise<ErasureReport>
  /** Requests for erasure, the newest first, 100 at most. */
  erasureRequests(): Promise<readonly ErasureRequestView[]>
  /** One of them, with who asked and why; that it was looked at is recorded first. @throws CodedError GS_RETENTION_NOT_ASKED */
  erasureRequest(id: string): Promise<ShownErasureRequest>
  /**
   * Carries out what another person asked for. Looked at anew: what is live or held by now, and who approved what meanwhile.
   * @throws the same; GS_RETENTION_SAME_PERSON, GS_RETENTION_REQUEST_OVER, GS_RETENTION_ASKER_UNKNOWN
   */
  approveErasure(id: string): Promise<ErasureReport>
  /** Ends a request; by whoever asked, it is withdrawn. Recorded as `erasure.ended`. @throws the same */
  denyErasure(id: string, reason: string | undefined): Promise<ErasureRequestView>
  /** In the order in which they were placed. */
  holds(): Promise<readonly HoldView[]>
  /**
   * Protects a run from erasure and retention, and copies its entries with proofs. Recorded as `hold.placed`.
   * @throws CodedError GS_RETENTION_NOT_FOUND, GS_RETENTION_ELSEWHERE
   */
  placeHold(asked: HoldAsked): Promise<HoldView>
  /** Recorded as `hold.lifted`. @throws CodedError GS_RETENTION_NO_HOLD */
  liftHold(id: string, reason: string): Promise<HoldView>
  /**
   * The copy of a held run as a bundle, also where the log has it no more. Recorded as `log.exported`.
   * @throws CodedError GS_RETENTION_NO_HOLD, GS_RETENTION_NO_COPY; so may `bytes`, which is then not whole
   */
  exportHold(id: string, payloads: boolean): Promise<{ readonly bytes: AsyncIterable<Uint8Array> }>
  /** Takes away what `trail.retain` says is too old, as the gateway does daily. Recorded as `pruned`. @throws CodedError GS_RETENTION_UNSET */
  pruneTrail(dryRun: boolean): Promise<PruningReport>
}

export interface ErasureAsked {
  /** A person by pseudonym, or by issuer and subject. */
  readonly scope: ErasureScope | { readonly issuer: string; readonly subject: string }
  /** Free text; a payload of the entry. */
  readonly reason: string
  /** Says what would go, and takes nothing. Recorded as a reading. */
  readonly dryRun: boolean
}

export interface ErasureReport {
  readonly scope: 'session' | 'run' | 'person'
  readonly session?: string | undefined
  readonly run?: string | undefined
  readonly pseudonym?: string | undefined
  /** Whose payloads go, in the order in which they began. */
  readonly runs: readonly string[]
  readonly sessions: readonly string[]
  /** How many payload keys are destroyed. */
  readonly keys: number
  /** What somebody may expect to go, and does not. */
  readonly remains?: string | undefined
  /** Index of the entry that says so; absent for a dry run, and where it is only asked for. */
  readonly entry?: number
  /** Where it is only asked for. */
  readonly request?: ErasureRequestView
}

export type ErasureRequestView = Omit<ErasureRequest, 'place'>

export interface ShownErasureRequest extends ErasureRequestView {
  /** Who asked and why; absent where that was erased, or stands in a log that was set aside. */
  readonly asker?: { readonly displayName: string }
  readonly reason?: string
}

export interface HoldAsked {
  readonly run: string
  readonly name?: string | undefined
  readonly reason: string
}

export interface HoldView {
  readonly id: string
  readonly run: string
  readonly name?: string
  readonly reason: string
  /** ms since the epoch */
  readonly placedAt: number
  /** Name of the log that the run is in. */
  readonly log: string
  /** Index of the entry that says so. */
  readonly entry: number
  /** Absent until the run could be copied; not `whole` where it was not over then. */
  readonly copy?: { readonly entries: number; readonly first: number; readonly last: number; readonly whole: boolean }
}

export interface PruningReport {
  /** Entries below the first index, and payloads of entries below the second, are gone. */
  readonly entriesBelow: number
  readonly payloadsBelow: number
  /** Entries that go, and payload keys that are destroyed. */
  readonly entries: number
  readonly keys: number
  /** Holds that were heeded. */
  readonly holds: number
}
