import { type IdentityCode, IdentityError } from '../../identity/index.ts'
import { CodedError } from '../../operations/index.ts'
import { TokenDoorError, type tokenDoorErrors } from './errors.ts'

/** RFC 6749 §5.2, with our code and next step beside it. */
export interface ErrorAnswer {
  readonly error: string
  readonly error_description: string
  readonly code: string
  readonly next: string
}

/** A "no" of this door, on its way out. */
export interface Refused {
  readonly status: number
  readonly body: ErrorAnswer
  readonly headers: Readonly<Record<string, string>>
}

/** What this door itself refuses, before anybody is asked. @param about goes behind the code's own sentence */
export function refuse(status: number, error: string, code: keyof typeof tokenDoorErrors, about?: string): Refused {
  return coded(status, error, new TokenDoorError(code, about))
}

/** How an error of identity/ or runs/ reads at the exchange. RFC 8693 §2.2.2: whatever is wrong with a subject token is `invalid_request`. */
export function exchangeRefusal(error: unknown): Refused {
  if (!(error instanceof CodedError)) return unexpected()
  if (error instanceof IdentityError && error.code === 'GS_IDENTITY_THROTTLED') return throttled(error)
  // RFC 6585 §4: there is no room now; it is not the token that is wrong.
  if (error.code === 'GS_RUNS_TOO_MANY') return coded(429, 'temporarily_unavailable', error)
  return UNAVAILABLE.has(error.code) ? coded(503, 'temporarily_unavailable', error) : coded(400, 'invalid_request', error)
}

/** How it reads where a run handle is asked for. RFC 6750 §3.1. */
export function bearerRefusal(error: unknown): Refused {
  if (!(error instanceof CodedError)) return unexpected()
  if (error instanceof IdentityError && error.code === 'GS_IDENTITY_THROTTLED') return throttled(error)
  return { ...coded(401, 'invalid_token', error), headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
}

/** Why there is no receipt. What is only not there yet can be asked for again. */
export function receiptRefusal(error: unknown): Refused {
  if (!(error instanceof CodedError)) return unexpected()
  if (error.code === 'GS_EVIDENCE_RUN_LIVE') return coded(409, 'invalid_request', error)
  if (error.code === 'GS_EVIDENCE_RUN_ELSEWHERE' || error.code === 'GS_EVIDENCE_NOT_FOUND') return coded(404, 'invalid_request', error)
  return { ...coded(503, 'temporarily_unavailable', error), headers: { 'retry-after': '1' } }
}

/** How the gateway says that it forwards nothing now. RFC 9110 §15.6.4. */
export function unavailable(why: CodedError): Refused {
  return coded(503, 'temporarily_unavailable', why)
}

const UNAVAILABLE: ReadonlySet<string> = new Set([
  'GS_IDENTITY_KEYS_UNAVAILABLE' satisfies IdentityCode,
  'GS_RUNS_NOT_RECORDED',
  'GS_RUNS_DRAINING',
])

function coded(status: number, error: string, { code, message, next }: CodedError): Refused {
  return { status, body: { error, error_description: describe(message), code, next }, headers: {} }
}

function throttled(error: IdentityError): Refused {
  return { ...coded(429, 'temporarily_unavailable', error), headers: { 'retry-after': String(error.retryAfter ?? 1) } }
}

function unexpected(): Refused {
  return refuse(500, 'server_error', 'GS_TOKEN_DOOR_FAILED')
}

/** RFC 6749 §5.2 allows %x20-21 / %x23-5B / %x5D-7E in error_description. */
function describe(sentence: string): string {
  return sentence.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')
}
