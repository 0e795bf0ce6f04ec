/** How a request is written, and so its answer. */
export type Encoding = 'protobuf' | 'json'

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' }

/**
 * ExportTraceServiceResponse. @param rejected spans that were not taken; 0: all were, and nothing is said
 * @param why for whoever reads the client's log
 */
export function exported(encoding: Encoding, rejected: number, why: string): Buffer {
  if (encoding === 'json') {
    const partialSuccess = rejected === 0 ? undefined : { rejectedSpans: String(rejected), errorMessage: why }
    return Buffer.from(JSON.stringify({ ...(partialSuccess && { partialSuccess }) }))
  }
  return rejected === 0 ? Buffer.alloc(0) : field(1, Buffer.concat([numberField(1, rejected), field(2, Buffer.from(why))]))
}

/** google.rpc.Status, as OTLP/HTTP says what went wrong. */
export function failed(encoding: Encoding, message: string): Buffer {
  return encoding === 'json' ? Buffer.from(JSON.stringify({ message })) : field(2, Buffer.from(message))
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80)
  bytes.push(left)
  return Buffer.from(bytes)
}
