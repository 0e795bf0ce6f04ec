import type { Scope } from '../../evidence/index.ts'

/**
 * What an operator hands to others, who can check it without this gateway: docs/evidence.md. That it is handed out is recorded as `log.exported`,
 * durable before its first byte leaves.
 */
export interface EvidenceOperator {
  /**
   * A bundle of all entries of a scope; `bytes` reads the log while it is read itself.
   * @param payloads whether they go along, opened
   * @throws CodedError where there are none, or they cannot be proven; so may `bytes`, which is then not whole
   */
  exportTrail(scope: Scope, payloads: boolean, signal: AbortSignal): Promise<{ readonly bytes: AsyncIterable<Uint8Array> }>
  /** That one entry is in the log. @param ref index or id. @throws CodedError where there is none */
  prove(ref: string, signal: AbortSignal): Promise<Proof>
  /**
   * One entry with its proof and payloads, none of any other. @param payloads names; undefined for all that are not erased
   * @returns JSON. @throws CodedError where there is no such entry or payload
   */
  disclose(ref: string, payloads: readonly string[] | undefined, signal: AbortSignal): Promise<string>
  /** What a run came to, and that it is in the log. @returns JSON. @throws CodedError where it is unknown, live, or not of this log */
  receipt(run: string): Promise<string>
}

export interface Proof {
  readonly index: number
  readonly id: string
  /** As stored: what the proof is about. */
  readonly entry: string
  /** c2sp.org/tlog-proof. */
  readonly proof: string
}
