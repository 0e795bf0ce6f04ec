import type { CodedError } from '../../../operations/index.ts'
import { type HeaderPairs, type Refusable, refusalHeaders, retryAfterOf, statusOf } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { readTarget } from '../request/index.ts'
import { type About, statusObject } from './status.ts'

/** With which status in HTTP a "no" is said. */
function httpStatus(error: CodedError): number {
  return error instanceof KubernetesError ? error.status : statusOf(error)
}

/** Says no as a Status object. Where the answer has begun, it is cut. @returns what was said, for the recording */
export function speak(
  { request, answer }: Refusable,
  error: CodedError,
): { readonly status: number; readonly body: Uint8Array } | undefined {
  if (answer.begun) {
    answer.cut()
    return undefined
  }
  const status = httpStatus(error)
  const body = statusObject(error, status, aboutOf(request), retryAfterOf(error))
  const headers: HeaderPairs = [...refusalHeaders(error), ['content-type', 'application/json'], ['content-length', String(body.length)]]
  answer.begin(status, headers)
  if (request.method !== 'HEAD') void answer.write(body)
  answer.end()
  return { status, body }
}

/** What it was about, where that can be told. */
function aboutOf({ method, rawPath, rawQuery }: Refusable['request']): About | undefined {
  try {
    const { group, resource, name } = readTarget({ method, rawPath, rawQuery, headers: [], upgrade: false }).info
    return { group, resource, name }
  } catch {
    return undefined
  }
}
