import type { CasesAsked, CheckedRules, ExplainedEntry, ExplainRequest, ReplayAsked, ReplayStep, TestedRules } from './policy-schemas.ts'

/** Rules against what was recorded. That it is read is recorded as `log.read` first, each time. docs/rules.md. */
export interface PolicyOperator {
  /** Judges the rules of a configuration that somebody sent; changes nothing, opens no file. */
  checkRules(configuration: string): CheckedRules
  /** Runs cases against such rules, or against those in force. @throws CodedError where rules or cases cannot be used */
  testRules(asked: CasesAsked): Promise<TestedRules>
  /**
   * Judges the operations of the past by a candidate's rules; changes nothing.
   * @returns how far it is, and in the end what it found
   * @throws CodedError where the candidate's rules cannot be used
   */
  replayPolicy(asked: ReplayAsked, signal: AbortSignal): Promise<AsyncIterable<ReplayStep>>
  /** What was decided of the operations of one entry, and what rules would say now. @throws CodedError where there is no such entry, or it is of another kind */
  explainEntry(asked: ExplainRequest, signal: AbortSignal): Promise<ExplainedEntry>
}
