import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { codedError, problemOf } from './problem.ts'

/**
 * A stream of JSON lines, one per item. An error after the first line can no longer be a status: it becomes the last line,
 * `{"error":{code,message,next}}`.
 */
export function ndjson(items: AsyncIterable<unknown>, signal: AbortSignal): Readable {
  async function* lines() {
    try {
      for await (const item of items) yield `${JSON.stringify(item)}\n`
    } catch (error) {
      if (!signal.aborted) yield `${JSON.stringify({ error: problemOf(codedError(error)) })}\n`
    }
  }
  return Readable.from(lines())
}

/** Aborts when the client went away, or when the API closes. */
export function untilGone(response: ServerResponse, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return AbortSignal.any([gone.signal, closing])
}
