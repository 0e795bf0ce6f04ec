import { WireError } from './errors.ts'
import { HEADER_BYTES } from './framer.ts'

/** Columns of a row as text; null is NULL. */
export type TextRow = readonly (string | null)[]

/**
 * A DataRow whose columns are text: Int16 columns, each Int32 length and bytes; -1 is NULL (PostgreSQL protocol, "Message Formats").
 *
 * @param start of the message @param end behind it
 * @throws WireError where lengths do not come out
 */
export function readTextRow(message: Uint8Array, start: number, end: number): TextRow {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const values: (string | null)[] = []
  let at = start + HEADER_BYTES
  if (end - at < 2) throw malformed()
  let left = bytes.readUInt16BE(at)
  for (at += 2; left > 0; left -= 1) {
    if (end - at < 4) throw malformed()
    const length = bytes.readInt32BE(at)
    at += 4
    if (length > end - at) throw malformed()
    values.push(length < 0 ? null : bytes.toString('utf8', at, at + length))
    at += Math.max(0, length)
  }
  if (at !== end) throw malformed()
  return values
}

const malformed = () => new WireError('A DataRow message is not well-formed.')
