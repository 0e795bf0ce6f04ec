import { type CodedError, Refusal } from '../../../operations/index.ts'

/** How Kubernetes calls a status in HTTP (apimachinery, metav1.StatusReason). */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** What a Status may say it is about. */
export interface About {
  readonly group: string
  readonly resource: string
  readonly name: string
}

/**
 * A "no" as clients of Kubernetes read it: kubectl prints the message as it is, so it says what to do next.
 * @param status in HTTP. @param retryAfter seconds, where trying again later helps
 * @returns JSON
 */
export function statusObject(error: CodedError, status: number, about?: About, retryAfter?: number): Buffer {
  const rule = error instanceof Refusal ? error.rule : undefined
  const causes = [
    { reason: error.code, message: error.message },
    ...(rule === undefined ? [] : [{ reason: 'Rule', message: rule }]),
    ...(error instanceof Refusal && error.ticket !== undefined ? [{ reason: 'Approval', message: error.ticket }] : []),
  ]
  const details = {
    ...(about && about.name !== '' && { name: about.name }),
    ...(about && about.group !== '' && { group: about.group }),
    ...(about && about.resource !== '' && { kind: about.resource }),
    causes,
    ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
  }
  return Buffer.from(
    `${JSON.stringify({
      ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
      message: messageOf(error),
      ...{ reason: REASONS[status] ?? '', details, code: status },
    })}\n`,
  )
}

/** What happened, whose rule it is, what to do next, and the code, in one line. */
export function messageOf(error: CodedError): string {
  const rule = error instanceof Refusal ? error.rule : undefined
  const { code, message, next } = error
  const by = rule !== undefined && !message.includes(`"${rule}"`) ? ` (rule "${rule}")` : ''
  return `${message}${by} ${next} [${code}]`
}
