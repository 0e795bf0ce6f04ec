import type { Json } from '../../../operations/index.ts'
import { isObject, type JsonObject } from './json.ts'

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_MAP, OPEN_LIST, CLOSE_MAP, CLOSE_LIST] = [0x7b, 0x5b, 0x7d, 0x5d]

/** Whether a streamed answer has to be asked for what it used, as its client did not. */
export function asksForNoUsage(json: JsonObject): boolean {
  const options = json.stream_options
  if (json.stream !== true) return false
  if (options === undefined || options === null) return true
  // What is no object is for its server to refuse.
  return isObject(options) && options.include_usage !== true
}

/**
 * The same request, but its streamed answer says at the end what it used (`stream_options.include_usage`). Nothing else of it changes by a byte.
 * @param body a JSON object, without a key twice. @param json what it says
 */
export function askingForUsage(body: Buffer, json: JsonObject): Buffer {
  const span = json.stream_options === undefined ? undefined : memberAt(body, 'stream_options')
  // As the body has it, which may be masked.
  const said = span && (JSON.parse(body.toString('utf8', span.start, span.end)) as Json)
  const value = JSON.stringify({ ...(isObject(said) ? said : {}), include_usage: true })
  if (span) return Buffer.concat([body.subarray(0, span.start), Buffer.from(value), body.subarray(span.end)])
  // It holds `stream` at least, so a comma follows.
  const open = body.indexOf(OPEN_MAP) + 1
  return Buffer.concat([body.subarray(0, open), Buffer.from(`"stream_options":${value},`), body.subarray(open)])
}

/** Where the value of a member stands in the text of an object. @param body JSON */
function memberAt(body: Buffer, name: string): { readonly start: number; readonly end: number } | undefined {
  let at = body.indexOf(OPEN_MAP) + 1
  let depth = 1
  /** Of the member that is being passed. */
  let key: string | undefined
  let start = -1
  for (; at < body.length && depth > 0; at++) {
    const byte = body[at]
    if (byte === QUOTE) {
      const from = at
      for (at++; body[at] !== QUOTE && at < body.length; at++) if (body[at] === BACKSLASH) at++
      if (depth === 1 && start < 0) key = JSON.parse(body.toString('utf8', from, at + 1)) as string
    } else if (byte === COLON && depth === 1) start = at + 1
    else if (byte === OPEN_MAP || byte === OPEN_LIST) depth++
    else if (byte === CLOSE_MAP || byte === CLOSE_LIST) depth--
    if ((byte === COMMA && depth === 1) || depth === 0) {
      if (key === name) return { start, end: at }
      start = -1
    }
  }
  return undefined
}
