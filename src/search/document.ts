import { encodePositions, mergePositions } from './positions.ts'
import { TERM_BYTES, type Term, termOf } from './terms.ts'

/*
 * What payloads under one key said in one segment: per term, in their order, the term (8 bytes), the length of its positions (2, big-endian) and the
 * positions. It is kept so that an erasure can take away exactly that, without what it was derived from.
 */

const HEADER_BYTES = TERM_BYTES + 2

export function encodeDocument(terms: ReadonlyMap<Term, readonly number[] | Uint8Array>): Buffer {
  const parts: Uint8Array[] = []
  for (const term of [...terms.keys()].sort()) {
    const at = terms.get(term) as readonly number[] | Uint8Array
    const positions = at instanceof Uint8Array ? at : encodePositions(at)
    const header = Buffer.allocUnsafe(HEADER_BYTES)
    header.write(term, 0, 'latin1')
    header.writeUInt16BE(positions.byteLength, TERM_BYTES)
    parts.push(header, positions)
  }
  return Buffer.concat(parts)
}

/** Adds a document to what is known of its key; what it adds may be part of `bytes`. @throws RangeError where the bytes are none */
export function readDocument(bytes: Uint8Array, into: Map<Term, Uint8Array>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + HEADER_BYTES + view.getUint16(at + TERM_BYTES)
    if (end > bytes.byteLength) throw new RangeError('a document ends before its positions do')
    const term = termOf(bytes.subarray(at, at + TERM_BYTES))
    const positions = bytes.subarray(at + HEADER_BYTES, end)
    const known = into.get(term)
    into.set(term, known ? mergePositions(known, positions) : positions)
    at = end
  }
}
