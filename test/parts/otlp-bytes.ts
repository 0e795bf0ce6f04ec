/** A span as a test wants it sent. */
export interface TestSpan {
  readonly trace?: string
  readonly span?: string
  readonly parent?: string
  readonly name?: string
  readonly kind?: number
  readonly start?: bigint
  readonly end?: bigint
  readonly status?: { readonly code: number; readonly message?: string }
  readonly attributes?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

export const TRACE = '0af7651916cd43dd8448eb211c80319c'
export const SPAN = 'b7ad6b7169203331'
const START = 1_795_000_000_000_000_000n

/** An ExportTraceServiceRequest in protobuf, of one resource and one scope. */
export function tracesInProtobuf(spans: readonly TestSpan[], service = 'agent-job'): Buffer {
  const resource = bytes(1, bytes(1, attribute('service.name', service)))
  const scope = bytes(1, Buffer.concat([text(1, 'opentelemetry.instrumentation.test'), text(2, '1')]))
  const scopeSpans = Buffer.concat([scope, ...spans.map((span) => bytes(2, spanBytes(span)))])
  return bytes(1, Buffer.concat([resource, bytes(2, scopeSpans), text(3, 'https://opentelemetry.io/schemas/1.37.0')]))
}

/** The same in JSON. */
export function tracesInJson(spans: readonly TestSpan[], service = 'agent-job'): Buffer {
  const attributes = (of: TestSpan['attributes'] = {}) => Object.entries(of).map(([key, value]) => ({ key, value: jsonValue(value) }))
  const scopeSpans = [
    {
      scope: { name: 'opentelemetry.instrumentation.test' },
      spans: spans.map((each) => ({
        ...{ traceId: each.trace ?? TRACE, spanId: each.span ?? SPAN, ...(each.parent !== undefined && { parentSpanId: each.parent }) },
        ...{ name: each.name ?? 'chat gpt-4o', kind: each.kind ?? 3, flags: 257 },
        ...{ startTimeUnixNano: String(each.start ?? START), endTimeUnixNano: String(each.end ?? START + 1_500_000n) },
        ...{ attributes: attributes(each.attributes), ...(each.status && { status: each.status }), events: [], links: [] },
      })),
    },
  ]
  return Buffer.from(JSON.stringify({ resourceSpans: [{ resource: { attributes: attributes({ 'service.name': service }) }, scopeSpans }] }))
}

function spanBytes({
  trace = TRACE,
  span = SPAN,
  parent,
  name = 'chat gpt-4o',
  kind = 3,
  start = START,
  end = START + 1_500_000n,
  status,
  attributes = {},
}: TestSpan): Buffer {
  return Buffer.concat([
    bytes(1, Buffer.from(trace, 'hex')),
    bytes(2, Buffer.from(span, 'hex')),
    text(3, 'vendor=1'),
    ...(parent === undefined ? [] : [bytes(4, Buffer.from(parent, 'hex'))]),
    text(5, name),
    number(6, kind),
    fixed64(7, start),
    fixed64(8, end),
    ...Object.entries(attributes).map(([key, value]) => bytes(9, attribute(key, value))),
    bytes(11, Buffer.concat([fixed64(1, start), text(2, 'an event')])),
    ...(status ? [bytes(15, Buffer.concat([text(2, status.message ?? ''), number(3, status.code)]))] : []),
    Buffer.concat([varint((16 << 3) | 5), Buffer.from([1, 1, 0, 0])]),
  ])
}

function attribute(key: string, value: string | number | boolean | readonly string[]): Buffer {
  return Buffer.concat([text(1, key), bytes(2, anyValue(value))])
}

function anyValue(value: string | number | boolean | readonly string[]): Buffer {
  if (typeof value === 'string') return text(1, value)
  if (typeof value === 'boolean') return number(2, Number(value))
  if (typeof value === 'object') return bytes(5, Buffer.concat(value.map((item) => bytes(1, text(1, item)))))
  if (Number.isInteger(value)) return number(3, value)
  const double = Buffer.alloc(8)
  double.writeDoubleLE(value)
  return Buffer.concat([varint((4 << 3) | 1), double])
}

function jsonValue(value: string | number | boolean | readonly string[]): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'object') return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** A field of a message. */
export function bytes(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content])
}
const text = (field: number, content: string) => bytes(field, Buffer.from(content))
const number = (field: number, value: number) => Buffer.concat([varint(field << 3), varint(value)])

function fixed64(field: number, value: bigint): Buffer {
  const content = Buffer.alloc(8)
  content.writeBigUInt64LE(value)
  return Buffer.concat([varint((field << 3) | 1), content])
}

function varint(value: number): Buffer {
  const encoded: number[] = []
  let left = BigInt.asUintN(64, BigInt(value))
  for (; left >= 0x80n; left >>= 7n) encoded.push(Number(left & 0x7fn) | 0x80)
  encoded.push(Number(left))
  return Buffer.from(encoded)
}
