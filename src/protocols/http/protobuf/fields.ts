/** What cannot be read in one way: then nothing of it is known. */
export class NotRead extends Error {}

/** One field of a message as it is encoded (protobuf.dev, encoding): a number, or bytes. */
export type Field =
  | { readonly number: number; readonly wire: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly wire: 'fixed32' | 'fixed64' | 'bytes'; readonly bytes: Uint8Array }

/** Fields of one message: more than any object has, in lists too. */
const MOST_FIELDS = 100_000

/** The fields of a message, in order. @throws NotRead */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new NotRead()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new NotRead()
  }
  const taken = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new NotRead()
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    if (fields.length === MOST_FIELDS) throw new NotRead()
    const key = varint()
    const number = Number(key >> 3n)
    if (number === 0 || key > 0xffffffffn) throw new NotRead()
    switch (Number(key & 7n)) {
      case 0:
        fields.push({ number, wire: 'varint', value: varint() })
        break
      case 1:
        fields.push({ number, wire: 'fixed64', bytes: taken(8) })
        break
      case 2: {
        const length = varint()
        if (length > BigInt(bytes.length)) throw new NotRead()
        fields.push({ number, wire: 'bytes', bytes: taken(Number(length)) })
        break
      }
      case 5:
        fields.push({ number, wire: 'fixed32', bytes: taken(4) })
        break
      // Groups: nobody writes them any more.
      default:
        throw new NotRead()
    }
  }
  return fields
}
