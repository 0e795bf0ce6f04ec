import type { ExplainedEntry, ExplainRequest, ReplayAsked, ReplayStep } from './policy-schemas.ts'

/** Rules against what was recorded. That it is read is recorded as `log.read` first, each time. docs/rules.md. */
export interface PolicyOperator {
  /**
   * Judges the operations of the past by a candidate's rules; changes nothing.
   * @returns how far it is, and in the end what it found
   * @throws CodedError where the candidate's rules cannot be used
   */
  replayPolicy(asked: ReplayAsked, signal: AbortSignal): Promise<AsyncIterable<ReplayStep>>
  /** What was decided of the operations of one entry, and what rules would say now. @throws CodedError where there is no such entry, or it is of another kind */
  explainEntry(asked: ExplainRequest, signal: AbortSignal): Promise<ExplainedEntry>
}
