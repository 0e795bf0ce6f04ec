import { isUtf8 } from 'node:buffer'

/** What a run says again and again: `history.<n>`. */
const HISTORY = /^history\.\d+$/
/** `parameters.<n>` of an operation: a Bind's formats, parameters and result formats exactly as on the wire. */
const PARAMETERS = /^parameters\.\d+$/

/**
 * What of a payload can be read as text. Bytes that are no UTF-8 count as spaces. Of a Bind's parameters it is the values, each a text of its own;
 * a value in a binary format is one only where it happens to be text. Of what a run says again and again it is the parts that are said here, each a
 * text of its own, as what it says where it is JSON.
 *
 * @param most bytes that are looked at, from the start of each text; of all parts together
 */
export function payloadTexts(name: string, content: Uint8Array, most: number): readonly string[] {
  const parts = HISTORY.test(name) ? partTexts(content, most) : undefined
  if (parts) return parts
  const values = PARAMETERS.test(name) ? bindValues(content) : undefined
  return (values?.filter(isText) ?? [content]).map((value) => {
    return Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, most)).toString('utf8')
  })
}

const [NEWLINE, BACKSLASH] = [0x0a, 0x5c]
/** `part <bytes>`, and what refers to parts that were said before (trail/history-payload.ts). */
const PART = /^part (\d{1,15})$/
const REFERENCE = /^(?:after|same) [ a-z0-9_]{1,120}$/

/** Undefined where it is not written so. */
function partTexts(content: Uint8Array, most: number): readonly string[] | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const texts: string[] = []
  let left = most
  for (let at = 0; at < bytes.byteLength; ) {
    const end = bytes.indexOf(NEWLINE, at)
    if (end === -1) return undefined
    const line = bytes.toString('latin1', at, Math.min(end, at + 256))
    at = end + 1
    const [, length] = PART.exec(line) ?? []
    if (length === undefined) {
      if (!REFERENCE.test(line)) return undefined
      continue
    }
    const behind = at + Number(length)
    if (bytes[behind] !== NEWLINE) return undefined
    if (left > 0) {
      const part = bytes.subarray(at, Math.min(behind, at + left))
      texts.push(part.includes(BACKSLASH) ? said(part.toString('utf8')) : part.toString('utf8'))
    }
    left -= Number(length)
    at = behind + 1
  }
  return texts
}

/** What escapes in JSON stand for, so that `first\\nsecond` is two words. */
function said(json: string): string {
  return json.replace(/\\(?:u([0-9a-fA-F]{4})|[^u])/g, (written, code: string | undefined) =>
    code === undefined ? (WHITE.has(written) ? ' ' : written.slice(1)) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** Escapes of JSON that part words. */
const WHITE: ReadonlySet<string> = new Set(['\\n', '\\r', '\\t', '\\b', '\\f'])

/** UTF-8 without control characters: a number in a binary format is rarely that. */
function isText(value: Uint8Array): boolean {
  for (const byte of value) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false
  return isUtf8(value)
}

/**
 * The values of a Bind message (PostgreSQL protocol, "Message Formats", Bind): Int16 count and formats, Int16 count and per value Int32 length
 * (-1 for NULL) and bytes, Int16 count and result formats. Undefined where the bytes are not that, to the last one.
 */
function bindValues(bytes: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: Uint8Array[] = []
  // Checked before each read, because what is none is no exception.
  const short = (at: number) => (at + 2 <= bytes.byteLength ? view.getUint16(at) : -1)
  const formats = short(0)
  let at = 2 + formats * 2
  const count = formats < 0 ? -1 : short(at)
  at += 2
  for (let left = count; left > 0; left--) {
    if (at + 4 > bytes.byteLength) return undefined
    const length = view.getInt32(at)
    at += 4
    if (length < 0) continue
    if (at + length > bytes.byteLength) return undefined
    values.push(bytes.subarray(at, at + length))
    at += length
  }
  const results = count < 0 ? -1 : short(at)
  return results >= 0 && at + 2 + results * 2 === bytes.byteLength ? values : undefined
}
