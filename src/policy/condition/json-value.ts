import type { Json } from '../../operations/index.ts'

/** What conditions see of JSON: maps, lists, texts, truth values, whole numbers as such, all others as floating point, and null. */
export type JsonValue = null | boolean | bigint | number | string | readonly JsonValue[] | ReadonlyMap<string, JsonValue>

/**
 * JSON as the engine takes it. Objects become maps, so that no name in them means something to JavaScript.
 * @param json at most some hundred levels deep, as its reader sees to
 */
export function jsonValue(json: Json): JsonValue {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json
  if (json === null || typeof json !== 'object') return json
  if (isList(json)) return json.map(jsonValue)
  return new Map(Object.entries(json).map(([name, value]) => [name, jsonValue(value)]))
}

/** Bytes of text that count as much as one value more. */
const TEXT_PER_VALUE = 256

/** How much there is to go through: values, wherever they stand, and long texts for more than one. */
export function sizeOfJson(json: Json | undefined): number {
  if (json === undefined) return 0
  if (typeof json === 'string') return 1 + Math.floor(json.length / TEXT_PER_VALUE)
  if (json === null || typeof json !== 'object') return 1
  let size = 1
  if (isList(json)) for (const each of json) size += sizeOfJson(each)
  else for (const [name, each] of Object.entries(json)) size += sizeOfJson(name) + sizeOfJson(each) - 1
  return size
}

const isList = (json: object): json is readonly Json[] => Array.isArray(json)
