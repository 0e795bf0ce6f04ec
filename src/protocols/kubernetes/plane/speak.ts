import type { CodedError } from '../../../operations/index.ts'
import { type HeaderPairs, type Refusable, refusalHeaders, retryAfterOf, statusOf } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { readTarget } from '../request/index.ts'
import { type About, messageOf, statusObject } from './status.ts'

/** With which status in HTTP a "no" is said. */
function httpStatus(error: CodedError): number {
  return error instanceof KubernetesError ? error.status : statusOf(error)
}

/** Says no as a Status object. Where the answer has begun, it is cut. @returns what was said, for the recording */
export function speak(
  { request, answer }: Refusable,
  error: CodedError,
): { readonly status: number; readonly type: string; readonly body: Uint8Array } | undefined {
  if (answer.begun) {
    answer.cut()
    return undefined
  }
  const status = httpStatus(error)
  const plain = isDiscovery(request)
  const body = plain ? Buffer.from(`${messageOf(error)}\n`) : statusObject(error, status, aboutOf(request), retryAfterOf(error))
  const type = plain ? 'text/plain; charset=utf-8' : 'application/json'
  const headers: HeaderPairs = [...refusalHeaders(error), ['content-type', type], ['content-length', String(body.length)]]
  answer.begin(status, headers)
  if (request.method !== 'HEAD') void answer.write(body)
  answer.end()
  return { status, type, body }
}

/** What clients ask before anything else. There client-go reads no Status, and shows a text (rest.Request, newUnstructuredResponseError). */
function isDiscovery({ method, rawPath }: Refusable['request']): boolean {
  return method === 'GET' && /^\/(api(\/v1)?|apis(\/[^/]+){0,2}|version|openapi\/.*)\/?$/.test(rawPath)
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
