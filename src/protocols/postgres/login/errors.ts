import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const loginErrors = {
  GS_TARGET_UNREACHABLE: {
    meaning: 'The target could not be reached, or closed the connection before the log-in was over.',
    next: 'Retry later; if it stays so, tell the operator that the gateway cannot reach this target.',
  },
  GS_TARGET_WITHOUT_TLS: {
    meaning: 'The target does not offer TLS, and the gateway never falls back to plaintext.',
    next: 'Tell the operator: turn TLS on at the target, or configure `tls: { verify: off }` for it where the network is trusted.',
  },
  GS_TARGET_NOT_TRUSTED: {
    meaning: 'The certificate or the TLS of the target did not pass verification.',
    next: 'Tell the operator: check the certificate, its host name and the configured CA (`tls.ca`, `tls.serverName`).',
  },
  GS_TARGET_LOGIN_REFUSED: {
    meaning: "The target refused the gateway's own credential.",
    next: 'Do not change your credential, it is not the cause; tell the operator to check the credential of this resource.',
  },
  GS_TARGET_LOGIN_METHOD: {
    meaning: 'The target asks for a log-in method that the gateway cannot use here.',
    next: 'Tell the operator: the target must ask for SCRAM-SHA-256, MD5, a client certificate, or a password over TLS.',
  },
  GS_TARGET_NOT_PROVEN: {
    meaning: 'The target could not prove that it knows the password, so it may be somebody else.',
    next: 'Tell the operator at once; do not retry.',
  },
  GS_TARGET_DATABASE_UNKNOWN: {
    meaning: 'The target has no such database.',
    next: 'Use a database that exists at the target; the name is passed on as it is unless the resource maps it.',
  },
  GS_TARGET_FULL: {
    meaning: 'The target has no connection left.',
    next: 'Close connections that are not needed, wait, and retry.',
  },
  GS_TARGET_NOT_READY: {
    meaning: 'The target is starting up or shutting down.',
    next: 'Wait a few seconds and retry.',
  },
  GS_TARGET_SETTING_REFUSED: {
    meaning: 'The target refused a start-up setting.',
    next: 'Check the values of the start-up settings, such as client_encoding or TimeZone.',
  },
  GS_TARGET_REFUSED: {
    meaning: 'The target refused the connection.',
    next: "Tell the operator; the SQLSTATE and the target's own log say why.",
  },
  GS_TARGET_PROTOCOL: {
    meaning: 'The target does not speak the PostgreSQL protocol as it should.',
    next: 'Tell the operator: check the address of this resource.',
  },
} as const satisfies ErrorCatalogue

export type LoginErrorCode = keyof typeof loginErrors

/**
 * Why no connection to the target came about. Its texts are the gateway's own: the target's would name our role, and may name
 * anything else.
 */
export class LoginError extends CodedError<LoginErrorCode> {
  /** The target's SQLSTATE, where it answered with an error. */
  readonly sqlstate: string | undefined

  /** @param details `reason` replaces the code's own sentence; it never holds a secret, a role or the target's words */
  constructor(code: LoginErrorCode, details: { reason?: string; sqlstate?: string | undefined } = {}) {
    super(code, details.reason ?? loginErrors[code].meaning, loginErrors[code].next)
    this.sqlstate = details.sqlstate
  }

  /** What an ErrorResponse with this SQLSTATE means for us. */
  static ofSqlstate(sqlstate: string | undefined): LoginError {
    return new LoginError(codeOf(sqlstate ?? ''), { sqlstate })
  }
}

function codeOf(sqlstate: string): LoginErrorCode {
  // 42501: no CONNECT privilege on the database.
  if (sqlstate.startsWith('28') || sqlstate === '42501') return 'GS_TARGET_LOGIN_REFUSED'
  if (sqlstate === '3D000') return 'GS_TARGET_DATABASE_UNKNOWN'
  if (sqlstate === '53300') return 'GS_TARGET_FULL'
  if (sqlstate.startsWith('57P0')) return 'GS_TARGET_NOT_READY'
  // 22023 invalid_parameter_value, 42704 undefined_object, 55P02 cant_change_runtime_param
  if (sqlstate === '22023' || sqlstate === '42704' || sqlstate === '55P02') return 'GS_TARGET_SETTING_REFUSED'
  return 'GS_TARGET_REFUSED'
}
