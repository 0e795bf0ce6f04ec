import type { CopyFormat } from './types.ts'

export type Delimited = Exclude<CopyFormat, { readonly format: 'binary' }>

const BACKSLASH = 0x5c
/** What COPY in text writes for NULL unless told otherwise, and for no value. */
const NULL = Uint8Array.of(BACKSLASH, 0x4e)
const NEWLINE = 0x0a
const RETURN = 0x0d

/** What stands behind a backslash, for what it stands (COPY, "Text Format"). */
const ESCAPED = new Map<number, number>([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, NEWLINE],
  [0x72, RETURN],
  [0x74, 0x09],
  [0x76, 0x0b],
])
const ESCAPES = new Map([...ESCAPED].map(([letter, byte]) => [byte, letter]))

/** A cell as the type's own form has it. @param raw between delimiters @returns null: NULL */
export function readDelimited(raw: Uint8Array, format: Delimited): Uint8Array | null {
  if (isNull(raw, 0, raw.length, format)) return null
  return format.format === 'text' ? readText(raw) : readCsv(raw, format)
}

/** Whether a cell stands for NULL as it is written. @param from in `bytes` @param to its end */
export function isNull(bytes: Uint8Array, from: number, to: number, format: Delimited): boolean {
  const { null: nothing } = format
  if (to - from !== nothing.length) return false
  for (let at = 0; at < nothing.length; at++) if (bytes[from + at] !== nothing[at]) return false
  return !isAmbiguous(format)
}

/**
 * Whether a value is written as it is. It is two: `before`, which is ASCII that can be seen, and bytes `from` to `to`, which stood in a cell without
 * backslashes (text) or quotes (CSV).
 */
export function meansItself(before: Uint8Array, bytes: Uint8Array, from: number, to: number, format: Delimited): boolean {
  const { delimiter, quote, null: nothing } = format
  if (before.includes(delimiter)) return false
  const isCsv = format.format === 'csv'
  if (isCsv && (before.includes(quote) || before.length + to - from === nothing.length)) return false
  // What text escapes, and what CSV has quotes for, is below the blank.
  for (let at = from; at < to; at++) if ((bytes[at] as number) < 0x20 || bytes[at] === delimiter) return false
  return true
}

/**
 * In CSV with quotes only where it needs them itself: whether what it stands for had some says which characters are in that.
 * @param content null: NULL
 */
export function writeDelimited(content: Uint8Array | null, format: Delimited): Uint8Array {
  if (content === null) return format.null
  return format.format === 'text' ? writeText(content, format) : writeCsv(content, format)
}

/** In text, a value may be written like the string that stands for NULL, unless that is the usual one: what looks so counts as a value. */
function isAmbiguous({ format, null: nothing }: Delimited): boolean {
  return format === 'text' && !isSame(nothing, NULL)
}

function readText(raw: Uint8Array): Uint8Array {
  if (!raw.includes(BACKSLASH)) return raw
  const content = Buffer.allocUnsafe(raw.length)
  let length = 0
  for (let at = 0; at < raw.length; at++) {
    let byte = raw[at] as number
    if (byte === BACKSLASH && at + 1 < raw.length) {
      byte = raw[++at] as number
      const number = /^(x[0-9A-Fa-f]{1,2}|[0-7]{1,3})/.exec(String.fromCharCode(...raw.subarray(at, at + 3)))?.[0]
      if (number === undefined) byte = ESCAPED.get(byte) ?? byte
      else {
        byte = (number.startsWith('x') ? Number.parseInt(number.slice(1), 16) : Number.parseInt(number, 8)) & 0xff
        at += number.length - 1
      }
    }
    content[length++] = byte
  }
  return content.subarray(0, length)
}

function writeText(content: Uint8Array, { delimiter }: Delimited): Uint8Array {
  const written: number[] = []
  for (const byte of content) {
    const letter = ESCAPES.get(byte)
    if (letter !== undefined || byte === BACKSLASH || byte === delimiter) written.push(BACKSLASH)
    written.push(letter ?? byte)
  }
  return written.length === content.length ? content : Uint8Array.from(written)
}

function readCsv(raw: Uint8Array, { quote, escape: escaping }: Delimited): Uint8Array {
  if (!raw.includes(quote)) return raw
  const content = Buffer.allocUnsafe(raw.length)
  let length = 0
  let within = false
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] as number
    const next = raw[at + 1]
    if (within && byte === escaping && (next === quote || next === escaping)) content[length++] = raw[++at] as number
    else if (byte === quote) within = !within
    else content[length++] = byte
  }
  return content.subarray(0, length)
}

function writeCsv(content: Uint8Array, { delimiter, quote, escape: escaping, ...format }: Delimited): Uint8Array {
  const needsQuotes =
    isSame(content, format.null) || isSame(content, END) || [delimiter, quote, NEWLINE, RETURN].some((byte) => content.includes(byte))
  if (!needsQuotes) return content
  const written = [quote]
  for (const byte of content) {
    if (byte === quote || byte === escaping) written.push(escaping)
    written.push(byte)
  }
  written.push(quote)
  return Uint8Array.from(written)
}

/** `\.` alone on a line ends what psql reads. */
const END = Uint8Array.of(BACKSLASH, 0x2e)

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
