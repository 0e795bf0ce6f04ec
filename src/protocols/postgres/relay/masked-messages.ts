import { isAscii } from 'node:buffer'
import type { Analyses } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import { isUtf8Name, maskMessage, readsMasked } from '../mask/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { backend, frontend } from '../wire/codes.ts'
import { buildErrorResponse, buildNoticeResponse, type ErrorFields } from '../wire/error-response.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import { type Expected, flightOf, statementOf } from './expected.ts'
import { runsUnknownCode } from './portal.ts'
import type { Reading } from './reading.ts'

/** DETAIL, context, internal query and the place in it: they show rows, and what code of the database worked on (PostgreSQL protocol, "Error and Notice Message Fields"). */
const SHOWING: ReadonlySet<number> = new Set(['D', 'W', 'q', 'p'].map((code) => code.charCodeAt(0)))
/** What detectors look at where a message is passed. */
const TEXTS: ReadonlySet<number> = new Set(['M', 'H'].map((code) => code.charCodeAt(0)))

/** 42…: the text of a statement is wrong, or names what is not there or not allowed. */
const OF_THE_TEXT = /^42/

const WITHHELD: Pick<ErrorFields, 'message' | 'hint'> = {
  message: 'The message of the server is withheld, as it may show masked values.',
  hint: 'Its code says of what kind it is.',
}
const HIDDEN_PAYLOAD = Buffer.from('[masked]')

export interface MessageMasking {
  /** As the target calls it; undefined: not known. */
  readonly database: string | undefined
  /** Of the operator `hash`. */
  readonly key: Uint8Array | undefined
  /** Of an analyzer that masks ask; undefined: nobody can be asked. */
  readonly analyses: Analyses | undefined
  /** What texts are in. */
  readonly reading: Pick<Reading, 'encoding'>
}

/** What a client with masks is told in place of a message of the server. */
export interface Instead {
  readonly message: Uint8Array
  readonly counts: readonly MaskCount[]
}

/**
 * An ErrorResponse or NoticeResponse for a client that is not to see everything: without the fields that show rows; and without the server's words
 * too, where the statement may have come across something masked.
 *
 * @param head what the server is at @param masks of the newest operation, for what belongs to none
 * @returns undefined where nothing is masked, and it passes as it is
 */
export function maskedReport(
  { type, bytes, start, end }: { readonly type: number; readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  fields: ReadonlyMap<string, string>,
  head: Expected | undefined,
  masks: readonly Mask[] | undefined,
  masking: MessageMasking,
): Instead | undefined {
  const { database } = masking
  const inForce = (head && flightOf(head)?.masks) ?? masks
  if (!inForce) return undefined
  if (mayShow(fields, head, inForce, database)) return { message: withheld(type, fields), counts: [] }
  const parts: Uint8Array[] = []
  const counts: MaskCount[] = []
  for (let at = start + HEADER_BYTES; at < end && bytes[at] !== 0; ) {
    const nul = bytes.indexOf(0, at)
    if (nul < 0 || nul >= end) break
    const code = bytes[at]!
    const found = TEXTS.has(code) ? looked(inForce, bytes.subarray(at + 1, nul), masking) : undefined
    if (found) {
      parts.push(Uint8Array.of(code), found.text, Uint8Array.of(0))
      counts.push(...found.counts)
    } else if (!SHOWING.has(code)) parts.push(bytes.subarray(at, nul + 1))
    at = nul + 1
  }
  return { message: message(type, [...parts, Uint8Array.of(0)]), counts }
}

/** NotificationResponse: whoever notifies may put anything of the database into its payload. @returns undefined where it passes as it is */
export function maskedNotification(
  bytes: Uint8Array,
  start: number,
  end: number,
  masks: readonly Mask[] | undefined,
  masking: MessageMasking,
): Instead | undefined {
  if (!masks) return undefined
  // Int32 process id, channel, payload.
  const payload = bytes.indexOf(0, start + HEADER_BYTES + 4) + 1
  if (payload === 0 || payload >= end - 1) return undefined
  const found = readsMasked(masks, masking.database, undefined)
    ? { text: HIDDEN_PAYLOAD, counts: [] }
    : looked(masks, bytes.subarray(payload, end - 1), masking)
  if (!found) return undefined
  const parts = [bytes.subarray(start + HEADER_BYTES, payload), found.text, Uint8Array.of(0)]
  return { message: message(backend.notificationResponse, parts), counts: found.counts }
}

/** What detectors and the analyzer make of a text; in an encoding that is not known to be UTF-8, only ASCII can be asked about. */
function looked(masks: readonly Mask[], text: Uint8Array, { key, analyses, reading: { encoding } }: MessageMasking) {
  const mayAsk = (encoding !== undefined && isUtf8Name(encoding)) || isAscii(text)
  return maskMessage(masks, text, key, mayAsk ? analyses : undefined)
}

/** Whether the server's own words may hold a masked value. */
function mayShow(
  fields: ReadonlyMap<string, string>,
  head: Expected | undefined,
  masks: readonly Mask[],
  database: string | undefined,
): boolean {
  // Code of users cannot raise these.
  const severity = fields.get('V')
  if (severity === 'FATAL' || severity === 'PANIC') return false
  if (!readsMasked(masks, database, undefined)) return false
  // Of what is said while nothing is under way, nobody knows whose it is.
  if (!head) return true
  // Where the client's own text is wrong, the server says where in it; what code of the database raises has a context.
  if (OF_THE_TEXT.test(fields.get('C') ?? '') && fields.has('P') && !fields.has('q') && !fields.has('W')) return false
  switch (head.type) {
    // Nothing of it runs, and nothing is planned.
    case frontend.parse:
    case frontend.describe:
    case frontend.close:
      return false
    case frontend.query:
    case frontend.bind:
    case frontend.execute:
      return mayComeAcross(statementOf(head), masks, database)
    // With a Sync the transaction may end: triggers that were put off run then.
    default:
      return true
  }
}

function mayComeAcross(statement: StatementFacts | undefined, masks: readonly Mask[], database: string | undefined): boolean {
  if (!statement || runsUnknownCode(statement) || statement.outputs?.some(({ certain }) => !certain)) return true
  // Triggers that were put off run then.
  const isEnd =
    statement.transitions.some((each) => each.kind === 'transaction' && (each.verb === 'commit' || each.verb === 'prepare')) ||
    statement.effects.some(({ action }) => action === 'set constraints')
  return isEnd || statement.sql.functions === undefined || readsMasked(masks, database, statement.sql)
}

function withheld(type: number, fields: ReadonlyMap<string, string>): Uint8Array {
  const said = fields.get('C') ?? ''
  const severity = SEVERITIES.find((each) => each === fields.get('V')) ?? (type === backend.errorResponse ? 'ERROR' : 'NOTICE')
  const own: ErrorFields = { severity, sqlstate: /^[0-9A-Z]{5}$/.test(said) ? said : 'XX000', ...WITHHELD }
  return type === backend.errorResponse ? buildErrorResponse(own) : buildNoticeResponse(own)
}

const SEVERITIES = ['ERROR', 'FATAL', 'PANIC', 'WARNING', 'NOTICE', 'DEBUG', 'INFO', 'LOG'] as const

function message(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.concat([Buffer.alloc(HEADER_BYTES), ...parts])
  whole[0] = type
  whole.writeUInt32BE(whole.length - 1, 1)
  return whole
}
