import { CodedError } from '../../operations/index.ts'
import { LocalError, type LocalErrorCode } from './errors.ts'
import type { Problem } from './schemas.ts'

/** Any error as one that may be shown. */
export function codedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) return new LocalError('GS_LOCAL_BAD_REQUEST', undefined, { cause: error })
  return new LocalError('GS_LOCAL_FAILED', undefined, { cause: error })
}

export function problemOf({ code, message, next }: CodedError): Problem {
  return { code, message, next }
}

const STATUS: Readonly<Record<string, number>> = {
  GS_LOCAL_BAD_REQUEST: 400,
  GS_LOCAL_NOT_FOUND: 404,
  GS_EVIDENCE_NOT_FOUND: 404,
  GS_RETENTION_NOT_FOUND: 404,
  GS_RETENTION_NO_HOLD: 404,
  GS_RETENTION_NOT_ASKED: 404,
  GS_RETENTION_TWO_PERSONS: 403,
  GS_RETENTION_SAME_PERSON: 403,
  GS_RETENTION_APPROVED_THERE: 403,
  GS_RETENTION_ASKED: 409,
  GS_RETENTION_REQUEST_OVER: 409,
  GS_APPROVALS_UNKNOWN: 404,
  GS_APPROVALS_NOT_YOURS: 403,
  GS_APPROVALS_OWN: 403,
  GS_APPROVALS_NOT_INDEPENDENT: 403,
  GS_APPROVALS_OVER: 409,
  GS_APPROVALS_EXPIRED: 410,
  GS_APPROVALS_NOT_RECORDED: 503,
  GS_BREAKGLASS_UNKNOWN: 404,
  GS_BREAKGLASS_NOT_YOURS: 403,
  GS_BREAKGLASS_SAME_PERSON: 403,
  GS_BREAKGLASS_NOT_INDEPENDENT: 403,
  GS_BREAKGLASS_ASKED: 409,
  GS_BREAKGLASS_OVER: 409,
  GS_BREAKGLASS_STILL_OPEN: 409,
  GS_BREAKGLASS_NOT_RECORDED: 503,
  GS_GATEWAY_PERSONS_ONLY: 403,
  GS_GATEWAY_NOT_REVOKED: 404,
  GS_GATEWAY_NO_RUN: 404,
  GS_GATEWAY_NO_SESSION: 404,
  GS_GATEWAY_RECORDING_GONE: 410,
  GS_GATEWAY_NO_RESOURCE: 404,
  GS_GATEWAY_NO_MCP_SERVER: 404,
  GS_GATEWAY_NOT_SCANNED: 409,
  GS_GATEWAY_NO_ANALYZER: 409,
  GS_GATEWAY_SCANNING: 409,
  GS_LOCAL_FAILED: 500,
  GS_CHANNELS_NO_SLACK: 404,
  GS_CHANNELS_FORGED: 401,
  GS_CHANNELS_MALFORMED: 400,
  GS_ADMIN_REQUEST_INVALID: 400,
  GS_ADMIN_NOT_SIGNED_IN: 401,
  GS_PEOPLE_SESSION_INVALID: 401,
  GS_ADMIN_NOT_PERMITTED: 403,
  GS_ADMIN_CROSS_SITE: 403,
  GS_ADMIN_MISDIRECTED: 421,
  GS_ADMIN_THROTTLED: 429,
  GS_IDENTITY_THROTTLED: 429,
  GS_PEOPLE_REVOKED: 403,
  GS_PEOPLE_BUSY: 503,
  GS_PEOPLE_ISSUER_UNAVAILABLE: 503,
  GS_PINS_NOTHING_SEEN: 404,
  GS_PINS_UNKNOWN_TOOL: 404,
  GS_PINS_NOT_PINNED: 404,
  GS_PINS_NOTHING_NEW: 409,
  GS_PINS_NOT_SHOWN: 409,
  GS_TRAIL_FULL: 503,
  GS_TRAIL_FAILED: 503,
  GS_TRAIL_CLOSED: 503,
} satisfies Partial<
  Record<
    | LocalErrorCode
    | `GS_${'APPROVALS' | 'BREAKGLASS' | 'CHANNELS' | 'GATEWAY' | 'TRAIL' | 'EVIDENCE' | 'RETENTION' | 'ADMIN' | 'PEOPLE' | 'IDENTITY' | 'PINS'}_${string}`,
    number
  >
>

/** What a room refuses is understood, and not done: 422 (RFC 9110 §15.5.21). */
export function statusOf({ code }: CodedError): number {
  return STATUS[code] ?? 422
}
