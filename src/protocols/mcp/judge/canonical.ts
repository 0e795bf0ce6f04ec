import type { Json } from '../../../operations/index.ts'
import { isObject, type JsonObject } from '../message/index.ts'

/** Of `_meta`: what differs with every request, and says nothing of what is asked for. */
const NOISE: ReadonlySet<string> = new Set([
  'progressToken',
  'traceparent',
  'tracestate',
  'baggage',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/protocolVersion',
])

/**
 * What a message asks for, in one form: the same for the same method and parameters, in whatever order they were written, under whatever id. It is what
 * is recorded, and what a person approves.
 */
export function canonicalText(method: string, params: JsonObject): string {
  const { _meta: meta, ...others } = params
  const kept = isObject(meta) ? Object.fromEntries(Object.entries(meta).filter(([name]) => !NOISE.has(name))) : meta
  const said: JsonObject = kept === undefined || (isObject(kept) && Object.keys(kept).length === 0) ? others : { ...others, _meta: kept }
  return Object.keys(said).length === 0 ? `${method}\n` : `${method}\n\n${sortedJson(said)}\n`
}

/** JSON with the members of each object by name, two spaces deep, for people to read. */
export const sortedJson = (value: Json): string => JSON.stringify(value, ordered, 2)

function ordered(_: string, value: Json): Json {
  if (!isObject(value)) return value
  const names = Object.keys(value)
  if (names.every((name, at) => at === 0 || (names[at - 1] as string) < name)) return value
  const entries = names.sort().map((name) => [name, value[name] as Json] as const)
  return Object.fromEntries(entries)
}
