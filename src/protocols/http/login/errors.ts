import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const targetErrors = {
  GS_HTTP_TARGET_UNREACHABLE: {
    meaning: 'The target could not be reached.',
    next: 'Retry later; if it stays so, tell the operator that the gateway cannot reach this target.',
  },
  GS_HTTP_TARGET_NOT_TRUSTED: {
    meaning: 'The certificate or the TLS of the target did not pass verification.',
    next: 'Tell the operator: check the certificate, its host name and the configured CA (`tls.ca`, `tls.serverName`).',
  },
  GS_HTTP_TARGET_LOGIN_REFUSED: {
    meaning: "The target refused the gateway's own credential.",
    next: 'Do not change your credential, it is not the cause; tell the operator to check the credential of this resource.',
  },
  GS_HTTP_TARGET_CLOSED: {
    meaning: 'The target closed the connection before its answer was complete.',
    next: 'Find out whether the request took effect before you send it again.',
  },
  GS_HTTP_TARGET_PROTOCOL: {
    meaning: 'The target did not answer in HTTP as it should.',
    next: 'Tell the operator: check the address of this resource. Find out whether the request took effect before you send it again.',
  },
  GS_HTTP_TARGET_REQUEST: {
    meaning: 'The request cannot be sent to the target as it is.',
    next: 'Check method, path, headers and length of the body; do not send it again as it is.',
  },
} as const satisfies ErrorCatalogue

export type TargetErrorCode = keyof typeof targetErrors

/** Why there is no way to a target behind a connector, in the words of whoever dials: nothing was sent. */
export class NotDialled extends CodedError {
  constructor(cause: CodedError) {
    super(cause.code, cause.message, cause.next, { cause })
  }
}

/** Why a target did not answer. Its texts are the gateway's own: the target's may name anything. */
export class TargetError extends CodedError<TargetErrorCode> {
  /** @param reason replaces the code's own sentence; it never holds a secret or the target's words */
  constructor(code: TargetErrorCode, reason?: string) {
    super(code, reason ?? targetErrors[code].meaning, targetErrors[code].next)
  }
}
