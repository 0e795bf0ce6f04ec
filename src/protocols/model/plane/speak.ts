import type { CodedError, ModelApi } from '../../../operations/index.ts'
import { firstOf, type HeaderPairs, type Refusable, refusalHeaders } from '../../http/index.ts'
import { errorEvent, errorShape, httpStatus, retryHeaders } from './error-shape.ts'

export interface Said {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

/**
 * Says no in the provider's own form.
 * @param streaming whether what has begun is a stream of events that nothing but comments stands in: then it is said as an event
 * @returns what was said, for the recording; undefined where the answer had begun, and was cut
 */
export function speak({ request, answer }: Refusable, api: ModelApi, error: CodedError, streaming = false): Said | undefined {
  if (answer.begun && streaming) {
    const { bytes } = errorEvent(api, error)
    void answer.write(bytes)
    answer.end()
    return { status: 200, type: 'text/event-stream', body: bytes }
  }
  if (answer.begun) {
    answer.cut()
    return undefined
  }
  const status = httpStatus(error)
  const body = Buffer.from(`${JSON.stringify(errorShape(api, error))}\n`)
  const type = 'application/json'
  const headers: HeaderPairs = [
    ...refusalHeaders(error),
    ...retryHeaders(error),
    ...([
      ['content-type', type],
      ['content-length', String(body.length)],
    ] as const),
  ]
  answer.begin(status, headers)
  if (request.method !== 'HEAD') void answer.write(body)
  answer.end()
  return { status, type, body }
}

/** Whose form somebody reads who is refused before it is known what they wanted. */
export function apiOf({ rawPath, headers }: Pick<Refusable['request'], 'rawPath' | 'headers'>): ModelApi {
  return firstOf(headers, 'anthropic-version') !== undefined || /\/messages(\/count_tokens)?$/.test(rawPath) ? 'anthropic' : 'openai'
}

/** Whether it looks like a request to a model: by the last steps of its path, or by what the SDKs say of themselves. */
export function resembles({ rawPath, headers }: Pick<Refusable['request'], 'rawPath' | 'headers'>): boolean {
  return (
    /\/(chat\/completions|completions|responses|embeddings|messages|messages\/count_tokens)$/.test(rawPath) ||
    headers.some(([name]) => /^(anthropic-version|x-stainless-lang)$/i.test(name))
  )
}
