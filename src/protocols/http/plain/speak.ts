import type { CodedError } from '../../../operations/index.ts'
import type { Refusable } from '../plane.ts'
import { refusalHeaders, statusOf } from '../relay/status.ts'
import { errorBody } from './error-body.ts'

/** Says no as JSON of our own form. Where the answer has begun, it is cut. @returns what was said, for the recording */
export function speak(
  { request, answer }: Refusable,
  error: CodedError,
): { readonly status: number; readonly body: Uint8Array } | undefined {
  if (answer.begun) {
    answer.cut()
    return undefined
  }
  const status = statusOf(error)
  const body = errorBody(error)
  answer.begin(status, [...refusalHeaders(error), ['content-type', 'application/json'], ['content-length', String(body.length)]])
  if (request.method !== 'HEAD') void answer.write(body)
  answer.end()
  return { status, body }
}
