import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const scanErrors = {
  GS_SCAN_REFUSED: {
    meaning: 'The target did not tell which tables and columns it has.',
    next: 'Run gatescribe doctor: it says whether the credential of this resource can log in; the SQLSTATE says more.',
  },
  GS_SCAN_BROKEN_OFF: {
    meaning: 'The target ended the connection of the scan.',
    next: 'Look at the log of the target, then run the scan again; --database and --schema make it shorter.',
  },
  GS_SCAN_ANALYZER_SILENT: {
    meaning: 'The analyzer gave no answer that can be used, and masking.analyzer.whenSilent is fail.',
    next: 'See that it runs at masking.analyzer.url, knows the language and answers within the deadline; or scan without --analyzer.',
  },
} as const satisfies ErrorCatalogue

export type ScanErrorCode = keyof typeof scanErrors

/** Why a scan came to no end. Its texts are the gateway's own. */
export class ScanError extends CodedError<ScanErrorCode> {
  constructor(code: ScanErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? scanErrors[code].meaning, scanErrors[code].next, options)
  }
}
