import type { Usage } from './cost.ts'

/** How an operation ended. */
export interface Outcome {
  /**
   * completed — the target did it; failed — the target answered with an error; refused — we said no;
   * skipped — the target skipped it because of an earlier error; cancelled — withdrawn by the client or by us;
   * aborted — a connection went away mid-way; unknown — nobody can say any more.
   */
  readonly status: 'completed' | 'failed' | 'refused' | 'skipped' | 'cancelled' | 'aborted' | 'unknown'
  /** What the target called it: SQLSTATE of the error that it sent, or the HTTP status of its answer, also of one that is no error. */
  readonly code?: string
  /** Rows that the client received (or sent, for COPY in). Of a request none. */
  readonly rows: number
  /** Bytes of result messages, or of COPY data sent. Of a request those of the answer's body, and both ways of a channel that it opened. */
  readonly bytes: number
  /** What it used, as its provider said. Absent where that was never said, and of everything that is no call of a model. */
  readonly usage?: Usage
}
