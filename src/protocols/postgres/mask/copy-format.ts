import type { CopyTo } from '../sql/index.ts'
import type { CopyFormat } from './types.ts'

/** Encodings in which no byte of ASCII is part of another character (pg_wchar.h), as their names read without what is neither letter nor digit. */
const WHOLE =
  /^(UTF8|UNICODE|SQLASCII|LATIN\d{1,2}|ISO8859\d{1,2}|WIN(DOWS)?(125\d|866|874)|ALT|VIN|ABC|TCVN(5712)?|KOI8[RU]?|EUC(JP|CN|KR|TW|JIS2004)|MULEINTERNAL)$/
const UTF8 = /^(UTF8|UNICODE)$/
const plainName = (encoding: string) => encoding.replace(/[^A-Za-z0-9]/g, '').toUpperCase()

/** Whether delimiters and quotes can be found in a text of this encoding. @param encoding undefined: not known */
export function isDelimitable(encoding: string | undefined): boolean {
  return encoding !== undefined && WHOLE.test(plainName(encoding))
}

/** Whether it is what the server calls UTF-8. */
export function isUtf8Name(encoding: string): boolean {
  return UTF8.test(plainName(encoding))
}

/**
 * How to read what a COPY TO sends.
 * @param clientEncoding `client_encoding`; undefined: not known
 * @returns undefined where it cannot be read: by its encoding, or because its options are not what PostgreSQL takes
 */
export function copyFormat(copy: CopyTo, clientEncoding: string | undefined): CopyFormat | undefined {
  if (copy.format === 'binary') return { format: 'binary' }
  const encoding = copy.encoding ?? clientEncoding
  if (encoding === undefined || !isDelimitable(encoding)) return undefined
  const [delimiter, quote, escaping] = [copy.delimiter, copy.quote, copy.escape].map(byteOf)
  if (delimiter === undefined || quote === undefined || escaping === undefined) return undefined
  // Its bytes are known where it is ASCII, or the encoding is ours.
  if (byteLength(copy.null) !== copy.null.length && !isUtf8Name(encoding)) return undefined
  return { format: copy.format, delimiter, quote, escape: escaping, null: Buffer.from(copy.null), header: copy.header }
}

function byteOf(character: string): number | undefined {
  return character.length === 1 && character.charCodeAt(0) < 0x80 ? character.charCodeAt(0) : undefined
}

const byteLength = (text: string) => Buffer.byteLength(text)
