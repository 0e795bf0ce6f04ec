import { type Field, fieldsOf, NotRead } from '../http/protobuf/index.ts'
import { Parts } from './parts.ts'
import type { AttributeValue, SentSpan } from './span.ts'

/**
 * The spans of an ExportTraceServiceRequest (opentelemetry-proto, trace_service.proto and trace.proto), one after the other. Fields that are not
 * looked at are passed over, as newer clients may write more.
 *
 * @throws TooManyParts; NotRead, or whatever text breaks with, where it is none
 */
export function* spansInProtobuf(bytes: Uint8Array): Generator<SentSpan> {
  const parts = new Parts()
  const read = (message: Uint8Array): readonly Field[] => {
    const fields = fieldsOf(message)
    parts.add(fields.length)
    return fields
  }
  for (const resourceSpans of messages(read(bytes), 1)) {
    const fields = read(resourceSpans)
    const resource = messages(fields, 1).at(-1)
    const service = resource === undefined ? undefined : attributesOf(read(resource), 1, read).get('service.name')
    for (const scopeSpans of messages(fields, 2))
      for (const span of messages(read(scopeSpans), 2)) yield spanOf(read(span), typeof service === 'string' ? service : '', read)
  }
}

/** The fields of a message, which are counted. */
type Read = (message: Uint8Array) => readonly Field[]

function spanOf(fields: readonly Field[], service: string, read: Read): SentSpan {
  const status = messages(fields, 15).at(-1)
  const ofStatus = status === undefined ? [] : read(status)
  return {
    ...{ trace: hex(fields, 1), span: hex(fields, 2), parent: hex(fields, 4) },
    ...{ name: text(fields, 5), kind: number(fields, 6) },
    ...{ start: moment(fields, 7), end: moment(fields, 8) },
    ...{ status: number(ofStatus, 3), message: text(ofStatus, 2) },
    ...{ attributes: attributesOf(fields, 9, read), service },
  }
}

/** KeyValue (common.proto). */
function attributesOf(fields: readonly Field[], of: number, read: Read): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>()
  for (const each of messages(fields, of)) {
    const pair = read(each)
    const value = messages(pair, 2).at(-1)
    const said = value === undefined ? undefined : readValue(read(value), read)
    if (said !== undefined) attributes.set(text(pair, 1), said)
  }
  return attributes
}

/** AnyValue: of several, the last counts. @returns undefined for lists of lists, maps and bytes */
function readValue(fields: readonly Field[], read: Read): AttributeValue | undefined {
  const field = fields.at(-1)
  switch (field?.number) {
    case 1:
      return utf8(bytesOf(field))
    case 2:
      return varint(field) !== 0n
    case 3:
      return Number(BigInt.asIntN(64, varint(field)))
    case 4:
      return double(field)
    case 5:
      return messages(read(bytesOf(field)), 1).flatMap((item) => {
        const said = readValue(
          read(item).filter(({ number: kind }) => kind === 1),
          read,
        )
        return typeof said === 'string' ? [said] : []
      })
    default:
      return undefined
  }
}

function messages(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.filter((field) => field.number === number).map(bytesOf)
}

/** Of a field that is there once: the last counts, as protobuf has it. */
const last = (fields: readonly Field[], of: number) => fields.findLast(({ number: each }) => each === of)

function bytesOf(field: Field): Uint8Array {
  if (field.wire !== 'bytes') throw new NotRead()
  return field.bytes
}

function varint(field: Field): bigint {
  if (field.wire !== 'varint') throw new NotRead()
  return field.value
}

function double(field: Field): number {
  if (field.wire !== 'fixed64') throw new NotRead()
  return view(field.bytes).getFloat64(0, true)
}

function hex(fields: readonly Field[], of: number): string {
  const field = last(fields, of)
  if (field === undefined) return ''
  const bytes = bytesOf(field)
  // An id has 16 bytes at most: what is longer is none.
  return bytes.length > 16 ? '' : Buffer.from(bytes).toString('hex')
}

function text(fields: readonly Field[], of: number): string {
  const field = last(fields, of)
  return field === undefined ? '' : utf8(bytesOf(field))
}

function number(fields: readonly Field[], of: number): number {
  const field = last(fields, of)
  return field === undefined ? 0 : Number(BigInt.asIntN(64, varint(field)))
}

function moment(fields: readonly Field[], of: number): bigint {
  const field = last(fields, of)
  if (field === undefined) return 0n
  if (field.wire !== 'fixed64') throw new NotRead()
  return view(field.bytes).getBigUint64(0, true)
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8 = (bytes: Uint8Array) => UTF8.decode(bytes)
