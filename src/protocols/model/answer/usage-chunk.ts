import { isObject, listOf } from '../request/json.ts'
import { SseEvent } from '../stream/sse.ts'

/** `"usage":null` as a member behind another one. Within a string its quotes would be escaped. */
const NO_USAGE = /,\s*"usage"\s*:\s*null(?=\s*[,}])/g

/**
 * What a client that did not ask for usage sees of an event of one who did: neither the last chunk, which holds nothing else, nor the member that says
 * in each of the others that it is not there yet.
 * @returns undefined: nothing
 */
export function withoutUsage(event: SseEvent): SseEvent | undefined {
  const { json, data } = event
  if (!isObject(json) || data === undefined || !('usage' in json)) return event
  if (isObject(json.usage)) return Array.isArray(json.choices) && listOf(json.choices).length === 0 ? undefined : event
  if (json.usage !== null) return event
  const found = [...data.matchAll(NO_USAGE)]
  const shorter = found.length === 1 ? data.replace(NO_USAGE, '') : JSON.stringify(without(json))
  // Data of several lines goes back to one: what a client reads of it is the same.
  const lines = shorter.replaceAll('\n', ' ')
  const name = event.name === '' ? '' : `event: ${event.name}\n`
  return new SseEvent(Buffer.from(`${name}data: ${lines}\n\n`), event.name, lines)
}

function without({ usage: _, ...rest }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return rest
}
