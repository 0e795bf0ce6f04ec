import type { ScanAsked, ScanLine } from './scan-schemas.ts'

/** What a resource holds, as far as samples show: docs/scan.md. */
export interface ScanOperator {
  /**
   * Looks at samples of its columns with the detectors, on a connection of the gateway's own, and proposes masks; changes nothing. Recorded as
   * `scan.begun` before anything is read, and as `scan.ended` with what was found, in counts.
   * @returns how far it is, and in the end what it found
   * @throws CodedError GS_GATEWAY_NO_RESOURCE, GS_GATEWAY_NOT_SCANNED, GS_GATEWAY_NO_ANALYZER, GS_GATEWAY_SCANNING; while it goes on, why the target could not be read
   */
  scanResource(asked: ScanAsked, signal: AbortSignal): Promise<AsyncIterable<ScanLine>>
}
