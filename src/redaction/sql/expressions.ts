import type { SecretKind } from '../redacted.ts'
import type { Reading } from './reading.ts'
import { NUMBER, OPERATOR } from './tokens.ts'

/** What ends the expression on the right of an operator. */
const ENDS = new Set([
  ...['and', 'or', 'where', 'returning', 'from', 'set', 'then', 'else', 'when', 'on', 'group', 'order', 'having', 'limit', 'offset'],
  ...['union', 'except', 'intersect', 'for', 'as', 'loop', 'into', 'using', 'check', 'references', 'primary', 'unique', 'constraint'],
])

/** Operators that take a part of their left side; what stands on the right is a name, not a value. */
const PATHS = new Set(['->', '->>', '#>', '#>>', '::', '||'])

const BEFORE_NUMBERS = new Set(['=', ':=', '=>', '<>', '!='])

/** Literals and parameters of one expression, whatever is done with them in it. @returns one past its last token */
export function redactExpression(reading: Reading, from: number, kind: SecretKind, numbers: boolean): number {
  let cases = 0
  let at = from
  while (at < reading.tokens.count && reading.look()) {
    const sign = reading.sign(at)
    if (sign === ',' || sign === ')' || sign === ']' || sign === ';') return at
    if (sign === '(' || sign === '[') {
      const end = Math.min((reading.closing[at] as number) + 1, reading.tokens.count)
      reading.redactAll(at, end, kind)
      at = end
      continue
    }
    const word = reading.word(at)
    if (word === 'case') cases++
    else if (word === 'end' && cases > 0) cases--
    else if (cases === 0 && ENDS.has(word)) return at
    reading.redact(at, kind, numbers && at === from)
    at++
  }
  return at
}

export interface Comparison {
  /** Where the value begins. */
  readonly value: number
  /** Whether a number there is a value too. */
  readonly numbers: boolean
}

/** What compares or assigns a value to what ends before `at`: an operator, `IN`, `LIKE`, `IS DISTINCT FROM`. */
export function comparisonAt(reading: Reading, at: number): Comparison | undefined {
  const first = pastCast(reading, at)
  if (reading.kind(first) === OPERATOR) {
    const operator = reading.operator(first)
    return PATHS.has(operator) ? undefined : { value: first + 1, numbers: BEFORE_NUMBERS.has(operator) }
  }
  let next = first
  if (reading.word(next) === 'not') next++
  switch (reading.word(next)) {
    case 'in':
    case 'like':
    case 'ilike':
    case 'between':
      return { value: next + 1, numbers: false }
    case 'similar':
      return { value: next + 2, numbers: false }
    case 'is': {
      const distinct = reading.word(next + 1) === 'not' ? next + 2 : next + 1
      return reading.word(distinct) === 'distinct' ? { value: distinct + 2, numbers: true } : undefined
    }
    default:
      return undefined
  }
}

/** Whether the operator before `at` compares: then what stands before it is the value. */
export function isComparedBefore(reading: Reading, at: number): boolean {
  const operator = reading.operator(at - 1)
  return operator === '=' || operator === '<>' || operator === '!=' || ['like', 'ilike'].includes(reading.word(at - 1))
}

/** `::text`, `::varchar(20)`, `::text[]`, `COLLATE "C"`, and again. */
function pastCast(reading: Reading, from: number): number {
  let at = from
  while (reading.operator(at) === '::' && reading.isName(at + 1) && reading.look()) {
    at += 2
    while (reading.sign(at) === '.' && reading.isName(at + 1)) at += 2
    while (reading.sign(at) === '(' || reading.sign(at) === '[') {
      if (!reading.look()) return at
      at = Math.min((reading.closing[at] as number) + 1, reading.tokens.count)
    }
  }
  return at
}

/** The operand that ends before `at`: a literal with its casts, or brackets and all that stands in them. */
export function redactOperandBefore(reading: Reading, at: number, kind: SecretKind): void {
  let last = at - 1
  while (reading.operator(last - 1) === '::' && reading.look()) last -= 2
  if (reading.sign(last) !== ')') {
    while (reading.isString(last - 1) && reading.isString(last) && reading.look()) last--
    for (let each = last; reading.isString(each) || each === last; each++) reading.redact(each, kind, reading.kind(each) === NUMBER)
    return
  }
  reading.redactAll(reading.opening[last] as number, last, kind)
}

/** What `AS` gives a name: back to the comma, bracket or SELECT before it. */
export function redactItemBefore(reading: Reading, at: number, kind: SecretKind): void {
  const within = reading.enclosing[at] ?? -1
  let first = at
  while (first - 1 > within && reading.look()) {
    const sign = reading.sign(first - 1)
    if (sign === ')' || sign === ']') {
      first = reading.opening[first - 1] as number
      continue
    }
    if (sign === ',' || sign === ';' || ['select', 'returning', 'from', 'join', 'with'].includes(reading.word(first - 1))) break
    first--
  }
  reading.redactAll(first, at, kind)
}
