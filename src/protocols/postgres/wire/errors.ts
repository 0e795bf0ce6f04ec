import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const wireErrors = {
  GS_POSTGRES_PROTOCOL: {
    meaning: 'Bytes arrived that are not the PostgreSQL protocol, version 3.',
    next: 'Connect with a PostgreSQL client, and check that nothing between it and the gateway changes the bytes.',
  },
} as const satisfies ErrorCatalogue

/** A peer broke the protocol. The connection cannot go on: where the next message starts is not known any more. */
export class WireError extends CodedError<keyof typeof wireErrors> {
  /** @param reason what was wrong; never holds bytes of the peer */
  constructor(reason: string) {
    super('GS_POSTGRES_PROTOCOL', reason, wireErrors.GS_POSTGRES_PROTOCOL.next)
  }
}
