import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const doorErrors = {
  GS_POSTGRES_VERSION: {
    meaning: 'The client speaks a version of the protocol that the gateway does not.',
    next: 'Use a PostgreSQL client of protocol version 3 (any since PostgreSQL 7.4).',
  },
  GS_POSTGRES_USER_MISSING: {
    meaning: 'The start-up packet names no user.',
    next: "Set the user name, for example to the run's public id (run_…).",
  },
  GS_POSTGRES_SETTING_REFUSED: {
    meaning: 'A start-up setting is not passed on by this gateway.',
    next: 'Leave it out of PGOPTIONS and the connection string, or SET it after connecting.',
  },
  GS_POSTGRES_REPLICATION_REFUSED: {
    meaning: 'Replication connections are not carried by this gateway.',
    next: 'Connect without `replication`.',
  },
  GS_POSTGRES_TLS_REQUIRED: {
    meaning: 'On a connection without TLS the gateway takes neither a token nor a cleartext password.',
    next: "Connect with sslmode=verify-full, or set the user name to the run's public id (run_…) to log in by SCRAM.",
  },
  GS_POSTGRES_CREDENTIAL_REFUSED: {
    meaning: 'The password is not the plane credential of this run, or the run is over.',
    next: 'Use the PostgreSQL credential (gs_pg_…) that the token exchange gave to this run as the password; do not guess.',
  },
  GS_POSTGRES_CREDENTIAL_MISPLACED: {
    meaning: 'A credential of this gateway stands where it would be written down: in the user, the database or a setting.',
    next: "Send the plane credential (gs_pg_…) as the password, and the run's public id (run_…) as the user; never the run handle.",
  },
  GS_POSTGRES_BINDING_FAILED: {
    meaning: 'The channel binding of the log-in does not fit this TLS connection: somebody may stand between client and gateway.',
    next: 'Do not retry; report it. Check that nothing between client and gateway ends TLS.',
  },
  GS_POSTGRES_RESOURCE_UNKNOWN: {
    meaning: 'Nothing that this connection names selects a target.',
    next: 'Name the target: options=-c gatescribe.resource=NAME, the host name or the database alias that you were given.',
  },
  GS_POSTGRES_DOOR_FULL: {
    meaning: 'Too many connections are waiting to log in.',
    next: 'Wait a second and retry.',
  },
  GS_POSTGRES_FAILED: {
    meaning: 'The gateway failed to open this session.',
    next: "Retry once; if it fails again, tell the operator, who finds the reason in the gateway's log.",
  },
} as const satisfies ErrorCatalogue

export type DoorErrorCode = keyof typeof doorErrors

/** Why the door turned a client away. */
export class DoorError extends CodedError<DoorErrorCode> {
  /** @param reason replaces the code's own sentence; may name a setting, never a value */
  constructor(code: DoorErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? doorErrors[code].meaning, doorErrors[code].next, options)
  }
}
