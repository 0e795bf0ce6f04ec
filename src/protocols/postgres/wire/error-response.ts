/** What an ErrorResponse or NoticeResponse says (PostgreSQL protocol 55.8). */
export interface ErrorFields {
  /** `S` and `V`: never translated by us, so both are the same. */
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG'
  /** `C`: five characters. */
  readonly sqlstate: string
  /** `M`, one line. */
  readonly message: string
  /** `D` */
  readonly detail?: string | undefined
  /** `H` */
  readonly hint?: string | undefined
}

const NUL = 0
const ERROR_RESPONSE = 0x45 // 'E'
const NOTICE_RESPONSE = 0x4e // 'N'

/**
 * A whole ErrorResponse message. A NUL in a text would end its field early and let the rest be read as another one:
 * it is replaced.
 */
export function buildErrorResponse(fields: ErrorFields): Buffer {
  return build(ERROR_RESPONSE, fields)
}

/** A whole NoticeResponse message. */
export function buildNoticeResponse(fields: ErrorFields): Buffer {
  return build(NOTICE_RESPONSE, fields)
}

function build(type: number, fields: ErrorFields): Buffer {
  let text = field('S', fields.severity) + field('V', fields.severity) + field('C', fields.sqlstate) + field('M', fields.message)
  if (fields.detail !== undefined) text += field('D', fields.detail)
  if (fields.hint !== undefined) text += field('H', fields.hint)
  const size = Buffer.byteLength(text)
  const message = Buffer.allocUnsafe(1 + 4 + size + 1)
  message[0] = type
  message.writeUInt32BE(4 + size + 1, 1)
  message.write(text, 5)
  message[message.length - 1] = NUL
  return message
}

function field(code: string, value: string): string {
  return `${code}${value.replaceAll('\0', '\u{fffd}')}\0`
}

/**
 * The fields of an ErrorResponse or NoticeResponse body (what follows its length), by their one-letter code.
 * Unknown codes are kept, the first value of a repeated one counts.
 * @returns undefined where the body is not well-formed
 */
export function readErrorFields(body: Uint8Array): ReadonlyMap<string, string> | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const fields = new Map<string, string>()
  let at = 0
  while (at < bytes.length) {
    const code = bytes[at]!
    if (code === NUL) return at + 1 === bytes.length ? fields : undefined
    const end = bytes.indexOf(NUL, at + 1)
    if (end < 0) return undefined
    const name = String.fromCharCode(code)
    if (!fields.has(name)) fields.set(name, bytes.toString('utf8', at + 1, end))
    at = end + 1
  }
  return undefined
}

/** The SQLSTATE of such a body, where it has a well-formed one. */
export function readSqlstate(body: Uint8Array): string | undefined {
  const sqlstate = readErrorFields(body)?.get('C')
  return sqlstate !== undefined && /^[0-9A-Z]{5}$/.test(sqlstate) ? sqlstate : undefined
}
