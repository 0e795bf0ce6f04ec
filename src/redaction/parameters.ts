import { type Found, isMark, markOf, NOTHING_FOUND, type Redacted, sumOf, wholly } from './redacted.ts'
import type { SecretParameters } from './sql/redact-sql.ts'
import { redactText } from './text.ts'
import { mayHoldSecrets } from './triggers.ts'

const NONE: SecretParameters = new Set()

/**
 * Redacts the parameters of a Bind: each value for itself, so that what comes out has the same form, with other lengths.
 * What has not that form is redacted as one text; where it may hold what the statement calls secret, it is replaced.
 *
 * @param wire parameter formats, parameters and result formats as on the wire (PostgreSQL protocol 55.7, Bind)
 * @param secret parameters that stand where a secret belongs: replaced whatever they hold, unless NULL
 * @returns the same object as content where nothing was found
 */
export function redactParameters(wire: Uint8Array, secret: SecretParameters = NONE): Redacted {
  const named = secret === 'all' || secret.size > 0
  if (!named && !mayHoldSecrets(wire, 'text')) return { content: wire, found: NOTHING_FOUND, whole: false }
  const values = valuesOf(wire)
  if (values === undefined) return named ? wholly('content') : redactText(wire)
  const parts: Uint8Array[] = []
  const found: (readonly Found[])[] = []
  let at = 0
  for (const [index, { start, end }] of values.entries()) {
    if (start === end) continue
    const value = wire.subarray(start, end)
    const redacted = isNamed(secret, index + 1) ? wholeValue(value) : redactText(value)
    if (redacted.content === value) continue
    const length = Buffer.alloc(4)
    length.writeInt32BE(redacted.content.length)
    parts.push(wire.subarray(at, start - 4), length, redacted.content)
    found.push(redacted.found)
    at = end
  }
  if (parts.length === 0) return { content: wire, found: NOTHING_FOUND, whole: false }
  parts.push(wire.subarray(at))
  return { content: Buffer.concat(parts), found: sumOf(found), whole: false }
}

function isNamed(secret: SecretParameters, number: number): boolean {
  return secret === 'all' || secret.has(number)
}

function wholeValue(value: Uint8Array): Redacted {
  if (isMark(value, 0, value.length)) return { content: value, found: NOTHING_FOUND, whole: false }
  return { content: markOf('parameter'), found: [{ kind: 'parameter', count: 1 }], whole: false }
}

interface Value {
  readonly start: number
  readonly end: number
}

/** Where each value stands; NULL stands nowhere. @returns undefined where these are not the parameters of a Bind */
function valuesOf(wire: Uint8Array): Value[] | undefined {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength)
  if (wire.length < 2) return undefined
  let at = 2 + 2 * view.getUint16(0)
  if (at + 2 > wire.length) return undefined
  const count = view.getUint16(at)
  at += 2
  const values: Value[] = []
  for (let index = 0; index < count; index++) {
    if (at + 4 > wire.length) return undefined
    const length = view.getInt32(at)
    at += 4
    const end = at + Math.max(0, length)
    if (length < -1 || end > wire.length) return undefined
    values.push({ start: at, end })
    at = end
  }
  return at + 2 <= wire.length && at + 2 + 2 * view.getUint16(at) === wire.length ? values : undefined
}
