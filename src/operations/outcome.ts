/** How an operation ended. */
export interface Outcome {
  /**
   * completed — the target did it; failed — the target answered with an error; refused — we said no;
   * skipped — the target skipped it because of an earlier error; cancelled — withdrawn by the client or by us;
   * aborted — a connection went away mid-way; unknown — nobody can say any more.
   */
  readonly status: 'completed' | 'failed' | 'refused' | 'skipped' | 'cancelled' | 'aborted' | 'unknown'
  /** SQLSTATE of the target's error, where it sent one. */
  readonly sqlstate?: string
  /** Rows that the client received (or sent, for COPY in). */
  readonly rows: number
  /** Bytes of result messages, or of COPY data sent. */
  readonly bytes: number
}
