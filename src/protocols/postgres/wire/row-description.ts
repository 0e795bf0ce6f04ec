import { WireError } from './errors.ts'
import { HEADER_BYTES } from './framer.ts'

/** One column of a RowDescription (PostgreSQL protocol, "Message Formats"). */
export interface ResultField {
  /** As bytes, one character per byte. */
  readonly name: string
  /** Oid of the relation whose column is handed through; 0 where it is none. */
  readonly table: number
  /** pg_attribute.attnum there; 0 where it is none. */
  readonly column: number
  /** Oid of the type; of a domain, its base type. */
  readonly type: number
  /** pg_attribute.atttypmod, -1 where there is none. */
  readonly modifier: number
  /** Text or binary. As answered to a Describe of a statement, always text: what is bound decides. */
  readonly format: 0 | 1
}

/** Int32 table, Int16 column, Int32 type, Int16 length, Int32 modifier, Int16 format. */
const FIXED_BYTES = 18

/**
 * @param start of the message @param end behind it
 * @throws WireError where lengths do not come out
 */
export function readRowDescription(message: Uint8Array, start: number, end: number): readonly ResultField[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  let at = start + HEADER_BYTES
  if (end - at < 2) throw malformed()
  let left = bytes.readUInt16BE(at)
  at += 2
  const fields: ResultField[] = []
  for (; left > 0; left -= 1) {
    const nul = bytes.indexOf(0, at)
    if (nul < 0 || end - nul < 1 + FIXED_BYTES) throw malformed()
    const format = bytes.readUInt16BE(nul + 17)
    if (format > 1) throw malformed()
    fields.push({
      name: bytes.toString('latin1', at, nul),
      table: bytes.readUInt32BE(nul + 1),
      column: bytes.readInt16BE(nul + 5),
      type: bytes.readUInt32BE(nul + 7),
      modifier: bytes.readInt32BE(nul + 13),
      format: format as 0 | 1,
    })
    at = nul + 1 + FIXED_BYTES
  }
  if (at !== end) throw malformed()
  return fields
}

const malformed = () => new WireError('A RowDescription message is not well-formed.')
