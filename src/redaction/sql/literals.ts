import { latin1 } from '../characters.ts'
import { type Found, sumOf } from '../redacted.ts'
import { kindOfName } from '../secret-names.ts'
import type { Spans } from '../spans.ts'
import { scanText } from '../text.ts'
import { mayHoldSecrets } from '../triggers.ts'
import { callAround, isBuildingCall, isKeyedCall, isRemoteCall } from './calls.ts'
import { comparisonAt, redactExpression } from './expressions.ts'
import { hangingName } from './hanging-name.ts'
import { type Literal, readLiteral, readUnconforming, writeLiteral } from './literal.ts'
import type { Reading, Situation } from './reading.ts'
import { speaksOfSecrets } from './speaks-of-secrets.ts'
import { BITS, DOLLAR, UNICODE } from './tokens.ts'

/** Reads a text as SQL: given, because literals hold statements that hold literals. */
export type ReadSql = (text: Uint8Array, situation: Situation) => Reading

/** DO in a function in an EXECUTE: nobody writes deeper than this by hand. Literals within literals. */
const DEEPEST = 5

/** A text that begins so may be a statement. */
const VERBS = new Set([
  ...['alter', 'begin', 'call', 'copy', 'create', 'declare', 'delete', 'do', 'execute', 'explain', 'import', 'insert', 'merge', 'perform'],
  ...['prepare', 'select', 'set', 'update', 'values', 'with'],
])

/** A literal, in whatever quotes, in which a trigger stands or whose spelling may hide one. */
export function readLiteralAt(reading: Reading, at: number, statement: number, read: ReadSql): void {
  if (reading.kind(at) === BITS) return
  const { content, plain } = readLiteral(reading.bytes, reading.tokens, at, escapeOf(reading, at))
  readAsName(reading, at, content)
  if (mayHoldSecrets(content, 'sql')) readInside(reading, at, statement, { content, plain }, read)
  else readOtherwise(reading, at, statement, read)
}

function readInside(reading: Reading, at: number, statement: number, { content, plain }: Literal, read: ReadSql): void {
  const inner = innerSituation(reading, at, statement)
  const result = readContent(content, reading.kind(at), inner, read)
  if (result.doubt) reading.doubt = true
  const { opens, closes } = reading.tokens
  if (result.found.length > 0 && plain) {
    reading.spans.replace(opens[at] as number, closes[at] as number, writeLiteral(result.content, reading.kind(at)), result.found)
  } else if (result.found.length > 0) reading.redact(at, (result.found[0] as Found).kind)
  else readOtherwise(reading, at, statement, read)
  readHanging(reading, at, statement, content, inner)
}

/** UESCAPE comes behind the literal. */
function escapeOf(reading: Reading, at: number): number | undefined {
  if (reading.kind(at) !== UNICODE || reading.word(at + 1) !== 'uescape' || !reading.isString(at + 2)) return undefined
  return reading.bytes[reading.tokens.opens[at + 2] as number]
}

/** With `standard_conforming_strings = off` a backslash escapes in every literal: what it then says is looked at too. */
function readOtherwise(reading: Reading, at: number, statement: number, read: ReadSql): void {
  const content = readUnconforming(reading.bytes, reading.tokens, at)
  if (content === undefined || !mayHoldSecrets(content, 'sql')) return
  const { found } = readContent(content, reading.kind(at), { ...innerSituation(reading, at, statement), code: false }, read)
  if (found.length > 0) reading.redact(at, (found[0] as Found).kind)
}

/** Whether what is in the literal will be run, as far as what stands before it tells. */
function innerSituation(reading: Reading, at: number, statement: number): Situation {
  const before = reading.word(at - 1)
  const done = before === 'do' || (reading.word(at - 2) === 'language' && reading.word(statement) === 'do')
  const code = done || before === 'as' || before === 'execute' || before === 'immediate'
  return { depth: reading.situation.depth + 1, code, once: done }
}

interface Content {
  readonly content: Uint8Array
  readonly found: readonly Found[]
  readonly doubt: boolean
}

const DOUBT = { found: [], doubt: true } as const

function readContent(content: Uint8Array, kind: number, situation: Situation, read: ReadSql): Content {
  if (situation.depth > DEEPEST) return { content, found: [], doubt: speaksOfSecrets(content) }
  if (!situation.code && kind !== DOLLAR && !VERBS.has(firstWord(content))) return applied(content, scanText(content))
  const inner = read(content, situation)
  if (inner.exhausted || (inner.doubt && situation.code)) return { content, ...DOUBT }
  const statement = applied(content, inner.spans)
  if (situation.code || statement.doubt) return statement
  const text = applied(statement.content, scanText(statement.content))
  return { ...text, found: sumOf([statement.found, text.found]) }
}

function applied(content: Uint8Array, spans: Spans): Content {
  if (spans.empty) return { content, found: [], doubt: false }
  const redacted = spans.applyTo(content)
  return redacted === undefined ? { content, ...DOUBT } : { ...redacted, doubt: false }
}

function firstWord(content: Uint8Array): string {
  return /^[\s(]{0,64}([a-z]{2,8})(?![a-z_])/i.exec(latin1(content, 0, Math.min(content.length, 80)))?.[1]?.toLowerCase() ?? ''
}

/** A literal that names a secret: as a key of JSON, or as the argument of a function whose next one is the secret. */
function readAsName(reading: Reading, at: number, content: Uint8Array): void {
  if (content.length > 128) return
  const kind = latin1(content)
    .split(/[{},."\s]+/)
    .map(kindOfName)
    .find((each) => each !== undefined)
  if (kind === undefined) return
  const subscript = reading.sign(at - 1) === '[' && reading.sign(at + 1) === ']'
  if (subscript || ['->', '->>', '#>', '#>>'].includes(reading.operator(at - 1))) {
    const comparison = comparisonAt(reading, subscript ? at + 2 : reading.sign(at + 1) === ')' ? at + 2 : at + 1)
    if (comparison !== undefined) redactExpression(reading, comparison.value, kind, comparison.numbers)
    return
  }
  let key = at
  if (reading.sign(reading.enclosing[key] ?? -1) === '[') key = reading.enclosing[key] as number
  if (!isKeyedCall(callAround(reading, key))) return
  // `'name' : value`, `KEY 'name' VALUE value`, `'name', value`
  const end = redactExpression(reading, reading.kind(key) === 0 ? key : pastKey(reading, key), kind, false)
  if (reading.sign(end) === ',' && end === pastKey(reading, key)) redactExpression(reading, end + 1, kind, true)
}

function pastKey(reading: Reading, key: number): number {
  return reading.sign(key) === '[' ? (reading.closing[key] as number) + 1 : key + 1
}

/**
 * A text that ends where a secret has to follow, and is put together with others: `'… PASSWORD ' || …`, `format('… PASSWORD %L', …)`. Where literals
 * come behind it, nobody can say which of them is the secret.
 */
function readHanging(reading: Reading, at: number, statement: number, content: Uint8Array, { code, once }: Situation): void {
  const call = callAround(reading, at)
  const joined = reading.operator(at + 1) === '||' || isBuildingCall(call)
  if (!joined && !code && !isRemoteCall(call)) return
  if (!hangingName(content)) return
  if (once || reading.situation.once) reading.doubt = true
  const end = reading.endOfStatement(statement)
  for (let each = at + 1; each < Math.max(end, at + 1) && reading.look(); each++) {
    if (reading.isString(each) && reading.tokens.opens[each] !== reading.tokens.closes[each]) reading.doubt = true
    else reading.redact(each, 'parameter')
  }
}
