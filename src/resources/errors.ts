import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const resourceErrors = {
  GS_RESOURCE_AMBIGUOUS: {
    meaning: 'The option, the server name and the database name of this connection select different resources.',
    next: 'Connect again and name one resource: with options=-c gatescribe.resource=NAME, or with one host name or database alias only.',
  },
  GS_RESOURCE_MISDIRECTED: {
    meaning: 'The TLS server name of this connection is another one than the host that the request names.',
    next: 'Use one name for both: no Host header and no server name other than the address says.',
  },
} as const satisfies ErrorCatalogue

export class ResourceError extends CodedError<keyof typeof resourceErrors> {
  /** The message names no resource: it may be spoken before log-in. */
  constructor(code: keyof typeof resourceErrors) {
    super(code, resourceErrors[code].meaning, resourceErrors[code].next)
  }
}
