import type { NamedKind } from '../secret-names.ts'
import { isRemoteCall, isSecretCall } from './calls.ts'
import { redactColumnList } from './columns.ts'
import { comparisonAt, isComparedBefore, redactExpression, redactItemBefore, redactOperandBefore } from './expressions.ts'
import type { Reading } from './reading.ts'
import { PARAMETER, WORD } from './tokens.ts'

/** Before these a name with brackets behind it is defined, not called. */
const DEFINING = new Set(['into', 'table', 'exists', 'function', 'procedure', 'replace', 'view', 'type', 'aggregate', 'policy', 'on'])

/** So far a clause is looked for behind or before a name. Tokens. */
const NEAR = 24

/**
 * A name, quoted or not, in which a trigger stands.
 * @param statement the first token of the statement
 * @param lists column lists that have been looked at; taken note of here
 */
export function readName(reading: Reading, at: number, statement: number, lists: Set<number>): void {
  const name = reading.name(at)
  if (name.includes('pass') && reading.sign(at - 1) !== '.') readRoleClause(reading, at, name, statement)
  readSplitWord(reading, at)
  const kind = reading.kindOfName(at)
  if (reading.sign(at + 1) === '(' && (isSecretCall(name) || isRemoteCall(name))) readCall(reading, at, isRemoteCall(name))
  else if (name === 'identified' && reading.word(at + 1) === 'by') reading.redact(at + 2, 'password')
  else if (name === 'program') readProgram(reading, at)
  else if (kind !== undefined) readSecretName(reading, at, kind, statement, lists)
}

function readSecretName(reading: Reading, at: number, kind: NamedKind, statement: number, lists: Set<number>): void {
  const first = reading.qualified(at)
  const next = reading.sign(at + 1) === ']' ? at + 2 : at + 1
  if (reading.isString(next) || reading.kind(next) === PARAMETER) redactConstants(reading, next, kind)
  else if (reading.sign(next) === '(') {
    if (!DEFINING.has(reading.word(first - 1)))
      reading.redactAll(next, Math.min(reading.closing[next] as number, reading.tokens.count), kind)
  } else readValueOf(reading, at, first, next, kind, statement)
  if (reading.word(first - 1) === 'as') redactItemBefore(reading, first - 1, kind)
  else if (isComparedBefore(reading, first)) redactOperandBefore(reading, first - 1, kind)
  if (reading.word(first - 1) === 'into') readTable(reading, at, kind)
  const list = reading.enclosing[at] ?? -1
  if (list >= 0 && reading.sign(list) === '(' && !lists.has(list)) {
    lists.add(list)
    redactColumnList(reading, list)
  }
}

function readValueOf(reading: Reading, at: number, first: number, next: number, kind: NamedKind, statement: number): void {
  const comparison = isSet(reading, first) && reading.word(next) === 'to' ? { value: next + 1, numbers: true } : comparisonAt(reading, next)
  const declared = comparison === undefined ? declaredValue(reading, at + 1) : undefined
  if (declared !== undefined) redactExpression(reading, declared, kind, true)
  else if (comparison === undefined) return
  else if (isSetting(reading, first, statement)) readSetting(reading, comparison.value, kind)
  else redactExpression(reading, comparison.value, kind, comparison.numbers)
}

/** Literals one after the other: the second is a mistake, and part of the secret. */
function redactConstants(reading: Reading, from: number, kind: NamedKind): void {
  for (let at = from; (reading.isString(at) || reading.kind(at) === PARAMETER) && reading.look(); at++) reading.redact(at, kind)
}

/** `password text NOT NULL DEFAULT 'x'`, `password text := 'x'`. */
function declaredValue(reading: Reading, from: number): number | undefined {
  for (let at = from; at < from + NEAR && at < reading.tokens.count && reading.look(); at++) {
    const sign = reading.sign(at)
    if (sign === '(' || sign === '[') at = reading.closing[at] as number
    else if (sign !== '' && sign !== '.') return undefined
    else if (reading.word(at) === 'default' || reading.operator(at) === ':=') return at + 1
  }
  return undefined
}

/** `INSERT INTO credentials VALUES …`: without a list, any of the values may be the secret. */
function readTable(reading: Reading, at: number, kind: NamedKind): void {
  if (['values', 'select'].includes(reading.word(at + 1))) reading.redactAll(at + 1, reading.endOfStatement(at + 1), kind)
}

/** `SET app.token = …`, `ALTER SYSTEM SET …`, `ALTER ROLE … SET …`; not the SET of an UPDATE. */
function isSetting(reading: Reading, first: number, statement: number): boolean {
  return isSet(reading, first) && ['set', 'alter'].includes(reading.word(statement))
}

function isSet(reading: Reading, first: number): boolean {
  return ['set', 'session', 'local'].includes(reading.word(first - 1))
}

/** The value of a setting needs no quotes. */
function readSetting(reading: Reading, from: number, kind: NamedKind): void {
  const end = reading.endOfStatement(from)
  if (reading.word(from) === 'default' || from >= end) return
  if (reading.isString(from) || reading.kind(from) === PARAMETER) reading.redactAll(from, end, kind)
  else reading.redactWords(from, end, kind)
}

/**
 * `CREATE|ALTER ROLE|USER|GROUP … PASSWORD`: behind it stands a literal or NULL. Anything else the server refuses, and what somebody took for the
 * right form of a password is a password.
 */
function readRoleClause(reading: Reading, at: number, name: string, statement: number): void {
  if (['set', 'reset', 'to', 'role', 'user', 'group'].includes(reading.word(at - 1)) || !reading.isOfRole(at, statement)) return
  if (reading.kind(at) === WORD && name === 'password') {
    const next = at + 1
    const nothing = next >= reading.tokens.count || reading.word(next) === 'null' || reading.sign(next) === ';'
    if (!nothing && !reading.isString(next) && reading.kind(next) !== PARAMETER) reading.doubt = true
  }
  const end = reading.endOfStatement(at)
  for (let each = at + 1; each < end && reading.look(); each++) {
    if (reading.isString(each) && reading.word(each - 1) !== 'until') reading.redact(each, 'password')
  }
}

/** PASSWORD with a comment within it: two words to the server, which refuses them; one to whoever wrote it. */
function readSplitWord(reading: Reading, at: number): void {
  const { starts, ends } = reading.tokens
  const splitBefore = (each: number) => {
    const gap = reading.bytes.subarray(ends[each - 1] as number, starts[each] as number)
    return gap.includes(0x2a) || gap.includes(0x2d)
  }
  let first = at
  while (first > at - 8 && reading.kind(first - 1) === WORD && reading.look() && splitBefore(first)) first--
  const words = [reading.name(first)]
  for (let each = first + 1; each < first + 16 && reading.kind(each) === WORD && splitBefore(each) && reading.look(); each++) {
    words.push(reading.name(each))
  }
  const spelled = /passw(or)?d/
  if (spelled.test(words.join('')) && !words.some((word) => spelled.test(word))) reading.doubt = true
}

/** All literals and parameters of a call. Connection strings and statements of another server are read for themselves. */
function readCall(reading: Reading, at: number, remote: boolean): void {
  const end = Math.min(reading.closing[at + 1] as number, reading.tokens.count)
  for (let each = at + 2; each < end && reading.look(); each++) {
    if (!remote || reading.kind(each) === PARAMETER) reading.redact(each, 'argument')
  }
}

/** `COPY … FROM PROGRAM '…'`: a command that is given a secret as an option says so in too many ways. */
function readProgram(reading: Reading, at: number): void {
  if (!reading.isString(at + 1)) return
  const { opens, closes } = reading.tokens
  const command = Buffer.from(reading.bytes.subarray(opens[at + 1], closes[at + 1])).toString('latin1')
  if (/(^|\s)(-u|--user|-p\S|--pass|-H|--header|--proxy-user|-E|--cert)/.test(command)) reading.redact(at + 1, 'command')
}
