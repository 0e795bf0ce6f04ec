/*
 * OTLP in JSON (opentelemetry-proto, "JSON Protobuf Encoding"): integers of 64 bits as strings, enumerations as numbers.
 */

export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } }

export interface OtlpAttribute {
  readonly key: string
  readonly value: OtlpValue
}

export type Attribute = string | boolean | number | readonly Attribute[]

/** @param attributes those that are undefined are left out; whole numbers become integers */
export function otlpAttributes(attributes: Readonly<Record<string, Attribute | undefined>>): readonly OtlpAttribute[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : { key, value: otlpValue(value) }))
}

/** Who sends: the gateway, by its name among its like. */
export function otlpResource({ version, instance }: { readonly version: string; readonly instance: string }) {
  return {
    attributes: otlpAttributes({ 'service.name': 'gatescribe', 'service.version': version, 'service.instance.id': instance }),
  }
}

function otlpValue(value: Attribute): OtlpValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { arrayValue: { values: value.map(otlpValue) } }
}
