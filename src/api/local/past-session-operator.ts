import type { StoredEntry } from '../../trail/index.ts'
import type { RunTranscriptAsked, RunTranscriptLine } from './past-run-schemas.ts'
import type { PastSessionsAnswer, PastSessionsAsked, TranscriptAsked, TranscriptLine } from './past-session-schemas.ts'
import type { WholeRequest } from './schemas.ts'

/** Sessions as the trail tells of them: docs/replay.md. */
export interface PastSessionOperator {
  /** One page, the newest first; opens no payload. That it is read is recorded first (`log.read`). @throws CodedError */
  pastSessions(asked: PastSessionsAsked): Promise<PastSessionsAnswer>
  /**
   * What happened in one session, in the order of the log, with statements; with what its client saw where that is asked for. Recorded before
   * anything is opened: `recording.viewed`, or `log.read` where no recording is shown.
   * @throws CodedError GS_LOCAL_NOT_FOUND where the log has no such session; GS_GATEWAY_NOT_RECORDED, GS_GATEWAY_RECORDING_GONE
   */
  transcript(asked: TranscriptAsked, signal: AbortSignal): Promise<AsyncIterable<TranscriptLine>>
  /**
   * What happened in one run over all planes, in the order of the log, with statements. Recorded as `log.read` before anything is opened.
   * @throws CodedError GS_LOCAL_NOT_FOUND where the log has no such run
   */
  runTranscript(asked: RunTranscriptAsked, signal: AbortSignal): Promise<AsyncIterable<RunTranscriptLine>>
  /**
   * Requests that an entry says first, with the parts that its run had said before (docs/trail.md). Whoever calls it has recorded that the entry is
   * opened. @throws TrailError
   */
  requestsOf(entry: StoredEntry, signal: AbortSignal): Promise<readonly WholeRequest[]>
}
