import type { NamedKind } from '../secret-names.ts'
import { comparisonAt, redactExpression } from './expressions.ts'
import type { Reading } from './reading.ts'

/** Place in a list → what kind of secret belongs there. */
type Places = ReadonlyMap<number, NamedKind>

/**
 * A list of names in brackets in which one names a secret: the columns of an INSERT, of a row that is compared or assigned, of an alias or a common
 * table expression. The values stand elsewhere, in the same order.
 */
export function redactColumnList(reading: Reading, open: number): void {
  const close = reading.closing[open] as number
  const places = placesIn(reading, open, close)
  if (places.size === 0) return
  const whole = [...places.values()][0] as NamedKind
  const comparison = comparisonAt(reading, close + 1)
  const query = pastMaterialized(reading, close + 1)
  const aliased = aliasedBefore(reading, open)
  if (isInsert(reading, open)) redactSource(reading, pastOverriding(reading, close + 1), places)
  else if (comparison !== undefined) redactExpression(reading, comparison.value, whole, !isCall(reading, open))
  else if (query > close + 1) redactSource(reading, query, places)
  else if (aliased !== undefined) redactSource(reading, aliased, places)
}

function placesIn(reading: Reading, open: number, close: number): Places {
  const places = new Map<number, NamedKind>()
  let place = 0
  for (let at = open + 1; at < close && reading.look(); at++) {
    const sign = reading.sign(at)
    if (sign === ',') place++
    else if (sign === '(' || sign === '[') at = reading.closing[at] as number
    else if (reading.hot[at] === 1 && !places.has(place)) {
      const kind = reading.kindOfName(at)
      if (kind !== undefined) places.set(place, kind)
    }
  }
  return places
}

/** `INSERT (`, `INSERT INTO schema.table AS alias (` */
function isInsert(reading: Reading, open: number): boolean {
  if (reading.word(open - 1) === 'insert') return true
  let at = open - 1
  if (reading.word(at - 1) === 'as') at -= 2
  at = reading.qualified(at) - 1
  return reading.word(at) === 'into'
}

/** `length(password) > 8` compares no password; what is compared as a text may be made of one. */
function isCall(reading: Reading, open: number): boolean {
  return reading.isName(open - 1) && !BEFORE_ROWS.has(reading.word(open - 1))
}

const BEFORE_ROWS = new Set(['where', 'and', 'or', 'not', 'on', 'set', 'row', 'when', 'having', 'using', 'select', ''])

function pastOverriding(reading: Reading, at: number): number {
  return reading.word(at) === 'overriding' ? at + 3 : at
}

/** Behind the columns of a common table expression or a view: where its query begins; `at` where there is none. */
function pastMaterialized(reading: Reading, at: number): number {
  if (reading.word(at) !== 'as') return at
  let next = at + 1
  if (reading.word(next) === 'not') next++
  if (reading.word(next) === 'materialized') next++
  return reading.sign(next) === '(' || QUERIES.has(reading.word(next)) ? next : at
}

const QUERIES = new Set(['select', 'values', 'with', 'table'])

/** `(VALUES …) AS name (…)`, `unnest(…) name (…)`: where what has these columns begins. */
function aliasedBefore(reading: Reading, open: number): number | undefined {
  if (!reading.isName(open - 1)) return undefined
  const last = reading.word(open - 2) === 'as' ? open - 3 : open - 2
  const first = reading.sign(last) === ')' ? (reading.opening[last] as number) : last
  return first < last ? first : undefined
}

/** Rows or a query in which the values at these places are secret. What has another form loses all its literals. */
function redactSource(reading: Reading, from: number, places: Places): void {
  const kind = [...places.values()][0] as NamedKind
  let at = from
  while (reading.sign(at) === '(' && (reading.sign(at + 1) === '(' || QUERIES.has(reading.word(at + 1))) && reading.look()) at++
  if (reading.word(at) === 'values') redactRows(reading, at + 1, places)
  else if (reading.word(at) === 'select') redactItems(reading, at + 1, places)
  else if (reading.sign(at) === '(') reading.redactAll(at, Math.min(reading.closing[at] as number, reading.tokens.count), kind)
  else reading.redactAll(at, reading.endOfStatement(at), kind)
}

function redactRows(reading: Reading, from: number, places: Places): void {
  let at = from
  while (reading.sign(at) === '(' && reading.look()) {
    const close = reading.closing[at] as number
    redactPlaces(reading, at + 1, close, places)
    if (reading.sign(close + 1) !== ',') return
    at = close + 2
  }
}

function redactPlaces(reading: Reading, from: number, end: number, places: Places): void {
  let place = 0
  for (let at = from; at < end && reading.look(); ) {
    const next = redactExpressionIf(reading, at, places.get(place))
    at = reading.sign(next) === ',' ? next + 1 : Math.max(next, at + 1)
    if (reading.sign(next) === ',') place++
  }
}

/** @returns where the item that begins here ends */
function redactExpressionIf(reading: Reading, from: number, kind: NamedKind | undefined): number {
  if (kind !== undefined) return redactExpression(reading, from, kind, true)
  let at = from
  while (at < reading.tokens.count && reading.look()) {
    const sign = reading.sign(at)
    if (sign === ',' || sign === ')' || sign === ';') return at
    at = sign === '(' || sign === '[' ? (reading.closing[at] as number) + 1 : at + 1
  }
  return at
}

const LIST_ENDS = new Set([
  'from',
  'where',
  'union',
  'except',
  'intersect',
  'returning',
  'group',
  'order',
  'limit',
  'on',
  'having',
  'window',
])

/** The items of a SELECT, and of those that are united with it. */
function redactItems(reading: Reading, from: number, places: Places): void {
  const end = reading.endOfStatement(from)
  let place = 0
  let listed = true
  for (let at = from; at < end && reading.look(); ) {
    const sign = reading.sign(at)
    const word = reading.word(at)
    const kind = listed ? places.get(place) : undefined
    if (sign === ',') place++
    else if (word === 'select') {
      listed = true
      place = 0
    } else if (LIST_ENDS.has(word)) listed = false
    else if (listed && isElsewhere(reading, at, kind)) {
      // All columns of something, or a column of another name: the literals may stand anywhere behind.
      reading.redactAll(at, end, [...places.values()][0] as NamedKind)
      break
    } else if (sign === '(' || sign === '[') {
      const close = Math.min((reading.closing[at] as number) + 1, end)
      if (kind !== undefined) reading.redactAll(at, close, kind)
      at = close
      continue
    } else if (kind !== undefined) reading.redact(at, kind, true)
    at++
  }
}

function isElsewhere(reading: Reading, at: number, kind: NamedKind | undefined): boolean {
  if (reading.operator(at) === '*')
    return [',', '.'].includes(reading.sign(at - 1)) || ['select', 'all', 'distinct'].includes(reading.word(at - 1))
  if (kind === undefined || !reading.isName(at) || reading.sign(at + 1) === '(' || reading.sign(at + 1) === '.') return false
  if (PLAIN_WORDS.has(reading.word(at)) || reading.operator(at - 1) === '::' || reading.word(at - 1) === 'as') return false
  const alone = reading.sign(at + 1) === ',' || LIST_ENDS.has(reading.word(at + 1)) || reading.tokens.count === at + 1
  return alone && reading.kindOfName(at) === undefined
}

const PLAIN_WORDS = new Set(['null', 'default', 'true', 'false', 'end', 'current_user', 'current_date', 'current_timestamp'])
