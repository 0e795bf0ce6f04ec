import type { ExportState, ExportTested } from '../../exports/index.ts'

/** Who gets the log, and how far each has come: docs/exports.md. */
export interface ExportOperator {
  /** As configured, in that order. */
  exports(): readonly ExportState[]
  /** Sends one event that says it is a test. Recorded first. @throws CodedError GS_EXPORTS_UNKNOWN */
  testExport(name: string): Promise<ExportTested>
  /**
   * Goes back: the receiver gets everything from that entry on once more, under the same ids. Recorded first.
   * @param to index of an entry before the cursor @throws CodedError GS_EXPORTS_UNKNOWN, GS_EXPORTS_POSITION
   */
  rewindExport(name: string, to: number): Promise<void>
  /**
   * Leaves out the entry that the receiver refuses. Recorded first, and the receiver is told that it is missing.
   * @throws CodedError GS_EXPORTS_UNKNOWN, GS_EXPORTS_NOT_REFUSED where it refuses none, or another one
   */
  skipExport(name: string, entry: number): Promise<void>
}
