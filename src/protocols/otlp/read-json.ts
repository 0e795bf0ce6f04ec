import type { Json } from '../../operations/index.ts'
import { strictJson, utf8Text } from '../http/json/index.ts'
import { boundWritten, Parts } from './parts.ts'
import type { AttributeValue, SentSpan } from './span.ts'

/** What is no request in JSON. */
export class NotTraces extends Error {}

/**
 * The spans of an ExportTraceServiceRequest as the OpenTelemetry protocol has it in JSON: names in lowerCamelCase, ids in hexadecimal, large numbers as
 * texts. Fields that are not looked at are passed over.
 *
 * @throws TooManyParts; NotTraces, StrictJsonError where it is none
 */
export function* spansInJson(bytes: Uint8Array): Generator<SentSpan> {
  const parts = new Parts()
  boundWritten(bytes)
  for (const resourceSpans of listOf(strictJson(utf8Text(bytes)), 'resourceSpans')) {
    parts.add(1)
    const service = attributesOf(fieldOf(resourceSpans, 'resource') ?? {}, parts).get('service.name')
    for (const scopeSpans of listOf(resourceSpans, 'scopeSpans')) {
      parts.add(1)
      for (const span of listOf(scopeSpans, 'spans')) {
        parts.add(1)
        yield spanOf(span, typeof service === 'string' ? service : '', parts)
      }
    }
  }
}

function spanOf(span: Json, service: string, parts: Parts): SentSpan {
  const status = fieldOf(span, 'status') ?? {}
  const id = (name: string) => text(span, name).toLowerCase()
  return {
    ...{ trace: id('traceId'), span: id('spanId'), parent: id('parentSpanId') },
    ...{ name: text(span, 'name'), kind: enumerated(span, 'kind') },
    ...{ start: moment(span, 'startTimeUnixNano'), end: moment(span, 'endTimeUnixNano') },
    ...{ status: enumerated(status, 'code'), message: text(status, 'message') },
    ...{ attributes: attributesOf(span, parts), service },
  }
}

function attributesOf(of: Json, parts: Parts): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>()
  for (const pair of listOf(of, 'attributes')) {
    parts.add(1)
    const value = readValue(fieldOf(pair, 'value') ?? {})
    if (value !== undefined) attributes.set(text(pair, 'key'), value)
  }
  return attributes
}

function readValue(value: Json): AttributeValue | undefined {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = isMapping(value) ? value : {}
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  if (typeof intValue === 'string' && /^-?\d{1,19}$/.test(intValue)) return Number(intValue)
  if (typeof intValue === 'number') return intValue
  if (typeof doubleValue === 'number') return doubleValue
  if (arrayValue === undefined) return undefined
  return listOf(arrayValue, 'values').flatMap((item) => {
    const said = isMapping(item) ? item.stringValue : undefined
    return typeof said === 'string' ? [said] : []
  })
}

function fieldOf(of: Json, name: string): Json | undefined {
  if (!isMapping(of)) throw new NotTraces()
  const value = of[name]
  return value === null ? undefined : value
}

function listOf(of: Json, name: string): readonly Json[] {
  const value = fieldOf(of, name) ?? []
  if (!Array.isArray(value)) throw new NotTraces()
  return value
}

function text(of: Json, name: string): string {
  const value = fieldOf(of, name) ?? ''
  if (typeof value !== 'string') throw new NotTraces()
  return value
}

/** By their numbers; other clients write names, which say nothing here. */
function enumerated(of: Json, name: string): number {
  const value = fieldOf(of, name)
  return typeof value === 'number' ? value : 0
}

function moment(of: Json, name: string): bigint {
  const value = fieldOf(of, name) ?? '0'
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  throw new NotTraces()
}

function isMapping(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
