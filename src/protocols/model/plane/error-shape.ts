import { type CodedError, type ModelApi, Refusal } from '../../../operations/index.ts'
import { retryAfterOf, statusOf } from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { type SseEvent, sseEvent } from '../stream/sse.ts'

/** With which status in HTTP a "no" is said. */
export const httpStatus = (error: CodedError): number => (error instanceof ModelError ? error.status : statusOf(error))

/** How the providers call what their statuses say; OpenAI's differ in part, and no client of it reads them. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
}

/** A "no" in the form in which the provider would say it, so that its clients show it: what happened, whose rule it is, and what to do next. */
export function errorShape(api: ModelApi, error: CodedError): Readonly<Record<string, unknown>> {
  const status = httpStatus(error)
  const { code, next } = error
  const { rule, ticket } = error instanceof Refusal ? error : { rule: undefined, ticket: undefined }
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  const message = messageOf(error)
  const gatescribe = {
    ...{ code, reason: error.message, next },
    ...(rule !== undefined && { rule }),
    ...(ticket !== undefined && { approval: ticket }),
  }
  if (api === 'anthropic') return { type: 'error', error: { type, message, gatescribe } }
  const named = error instanceof Refusal ? 'gatescribe_denied' : status === 401 ? 'invalid_api_key' : code.toLowerCase()
  return { error: { message, type, param: null, code: named, gatescribe } }
}

/** The same within a stream that has begun: its clients throw it, and take what came before it for no whole answer. */
export function errorEvent(api: ModelApi, error: CodedError): SseEvent {
  return providerErrorEvent(api, JSON.stringify(errorShape(api, error)))
}

/** @param body of an error of the provider, as JSON */
export function providerErrorEvent(api: ModelApi, body: string): SseEvent {
  return sseEvent(api === 'anthropic' ? 'error' : '', body)
}

/** In one line, as SDKs show nothing but the message. */
function messageOf(error: CodedError): string {
  const rule = error instanceof Refusal ? error.rule : undefined
  const { code, message, next } = error
  const by = rule !== undefined && !message.includes(`"${rule}"`) ? ` (rule "${rule}")` : ''
  return `${message}${by} ${next} [${code}]`
}

/** Trying the same again at once helps, where what is wrong may pass. */
const PASSES = /^GS_(HTTPS_(DRAINING|DOOR_FULL|BODY_SLOW)|HTTP_TARGET_(UNREACHABLE|CLOSED|PROTOCOL)|TRAIL_UNAVAILABLE|SESSION_ENDED)$/

/** SDKs repeat whatever has the status 429 or 5xx, unless they are told that it makes no sense. */
export function retryHeaders(error: CodedError): readonly (readonly [string, string])[] {
  return PASSES.test(error.code) || retryAfterOf(error) !== undefined ? [] : [['x-should-retry', 'false']]
}
