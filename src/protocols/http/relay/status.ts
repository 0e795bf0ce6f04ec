import { CodedError, Refusal, type RefusalCode } from '../../../operations/index.ts'
import { HttpError } from '../errors.ts'

/** Statuses of HTTP for the guard's refusals: a client must be able to tell "never" from "later" from "not in this form". */
const REFUSALS: Readonly<Partial<Record<RefusalCode, number>>> = {
  GS_TRAIL_UNAVAILABLE: 503,
  GS_RUN_ENDED: 401,
  GS_SESSION_ENDED: 503,
  GS_OPERATION_NOT_UNDERSTOOD: 400,
  GS_LIMIT_EXCEEDED: 403,
  GS_BUDGET_EXCEEDED: 429,
  GS_OPERATION_NOT_SUPPORTED: 400,
}

/** Codes by their ending, of the door and of targets; the longest that fits. */
const OTHERS: readonly (readonly [RegExp, number])[] = [
  [/^GS_HTTPS_CREDENTIAL_(MISSING|REFUSED)$/, 401],
  [/^GS_HTTPS_CREDENTIAL_ELSEWHERE$/, 403],
  [/^GS_HTTPS_RESOURCE_UNKNOWN$/, 404],
  [/^GS_HTTPS_METHOD_REFUSED$/, 405],
  [/^GS_HTTPS_BODY_SLOW$/, 408],
  [/^GS_HTTPS_HEAD_TOO_LARGE$/, 431],
  [/^GS_HTTPS_EXPECTATION_REFUSED$/, 417],
  [/^GS_HTTPS_VERSION$/, 505],
  [/^GS_HTTPS_(DOOR_FULL|DRAINING)$/, 503],
  [/^GS_HTTPS_RUN_FULL$/, 429],
  [/^GS_HTTPS_FAILED$/, 500],
  [/^GS_HTTPS_/, 400],
  [/^GS_RESOURCE_MISDIRECTED$/, 421],
  [/^GS_IDENTITY_THROTTLED$/, 429],
  [/^GS_IDENTITY_/, 401],
  [/^GS_HTTP_TARGET_REQUEST$/, 400],
  [/^GS_TARGET_GONE$/, 404],
  [/^GS_(HTTP_TARGET_|TARGET_CREDENTIAL_UNAVAILABLE$|TARGET_CONNECT_FAILED$)/, 502],
  [/^GS_CONNECTOR_(ABSENT|CLOSED|BUSY|STOPPING)$/, 503],
  [/^GS_CONNECTOR_/, 502],
  [/^GS_TRAIL_/, 503],
  [/^GS_HTTP_(PATH|QUERY)_REFUSED$/, 400],
  [/^GS_HTTP_ANSWER_/, 502],
  [/^GS_HTTP_FAILED$/, 500],
]

/** The HTTP status in which a coded error is spoken. Planes know those of their own codes themselves. */
export function statusOf({ code }: CodedError): number {
  return REFUSALS[code as RefusalCode] ?? OTHERS.find(([pattern]) => pattern.test(code))?.[1] ?? 403
}

/** A client that is told to wait does, kubectl without a word: for longer than this it had better tell whoever waits for it; s. */
const LONGEST_WAIT = 60

/**
 * Seconds after which the same may work, for Retry-After; undefined where coming back by itself does not help: the budget of a run does not grow
 * back, and another one may take hours.
 */
export function retryAfterOf(error: CodedError): number | undefined {
  const { retryAfter } = error as { readonly retryAfter?: unknown }
  if (typeof retryAfter === 'number') return error instanceof Refusal && retryAfter > LONGEST_WAIT ? undefined : retryAfter
  return /^GS_(TRAIL_UNAVAILABLE|HTTPS_(DOOR_FULL|DRAINING)|CONNECTOR_(ABSENT|CLOSED|BUSY|STOPPING))$/.test(error.code) ? 1 : undefined
}

/** Headers that go with it: when to come back, and how to say who one is. */
export function refusalHeaders(error: CodedError): readonly (readonly [string, string])[] {
  const status = statusOf(error)
  const after = retryAfterOf(error)
  return [
    ['cache-control', 'no-store'],
    ...(status === 401 ? ([['www-authenticate', 'Bearer realm="gatescribe"']] as const) : []),
    ...(after === undefined ? [] : ([['retry-after', String(after)]] as const)),
  ]
}

/** Anything thrown, as something that can be said: unexpected errors keep their text to themselves. */
export function speakable(error: unknown): CodedError {
  return error instanceof CodedError ? error : new HttpError('GS_HTTP_FAILED', { cause: error })
}
