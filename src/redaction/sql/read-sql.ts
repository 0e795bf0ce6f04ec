import { asBuffer } from '../characters.ts'
import { scanText, scanTokens } from '../text.ts'
import { eachTrigger, mayHoldSecrets, triggers } from '../triggers.ts'
import { lex } from './lexer.ts'
import { readLiteralAt } from './literals.ts'
import { readName } from './names.ts'
import { Reading, type Situation } from './reading.ts'
import { speaksOfSecrets } from './speaks-of-secrets.ts'
import { ESCAPED, PUNCTUATION, QUOTED_UNICODE, STRING } from './tokens.ts'

const BACKSLASH = 0x5c
const SEMICOLON = 0x3b

/** Reads a text as SQL and finds what is secret in it. `doubt` where the server might read it in another way, and it speaks of secrets. */
export function readSql(content: Uint8Array, situation: Situation): Reading {
  const text = asBuffer(content)
  const lexed = lex(text)
  const reading = new Reading(text, lexed, situation)
  if ((lexed.unterminated || lexed.ambiguous) && speaksOfSecrets(text)) reading.doubt = true
  markHot(reading)
  const { tokens } = reading
  const lists = new Set<number>()
  let statement = 0
  for (let at = 0; at < tokens.count && !reading.exhausted; at++) {
    if (tokens.kinds[at] === PUNCTUATION && text[tokens.starts[at] as number] === SEMICOLON) statement = at + 1
    if (reading.hot[at] === 0) continue
    if (reading.isString(at)) readLiteralAt(reading, at, statement, readSql)
    else if (reading.isName(at)) readName(reading, at, statement, lists)
  }
  readComments(reading, lexed.comments)
  // Literals have been read for what they stand for.
  reading.spans.take(scanTokens(text), 0, (start) => !isInLiteral(reading, start))
  return reading
}

/** A token is hot where a trigger stands in it, or where its spelling may hide one. */
function markHot({ bytes, tokens, hot }: Reading): void {
  const { kinds, starts, ends } = tokens
  let at = 0
  eachTrigger(bytes, 'sql', (number, end) => {
    const start = end - (triggers[number] as (typeof triggers)[number]).text.length
    while (at < tokens.count && (ends[at] as number) < end) at++
    if (at < tokens.count && (starts[at] as number) <= start) hot[at] = 1
  })
  for (let each = 0; each < tokens.count; each++) {
    if (kinds[each] === QUOTED_UNICODE) hot[each] = 1
    else if ((kinds[each] as number) >= STRING && kinds[each] !== STRING) {
      const spelled = bytes.subarray(starts[each], ends[each]).includes(BACKSLASH)
      if (spelled && (kinds[each] as number) <= ESCAPED + 1) hot[each] = 1
    }
  }
}

/** Comments hold what somebody commented out. */
function readComments(reading: Reading, comments: readonly number[]): void {
  for (let each = 0; each < comments.length; each += 2) {
    const comment = reading.bytes.subarray(comments[each], comments[each + 1])
    if (mayHoldSecrets(comment, 'text')) reading.spans.take(scanText(comment), comments[each] as number)
  }
}

function isInLiteral({ tokens }: Reading, place: number): boolean {
  let low = 0
  let high = tokens.count
  while (low < high) {
    const middle = (low + high) >> 1
    if ((tokens.ends[middle] as number) <= place) low = middle + 1
    else high = middle
  }
  return low < tokens.count && (tokens.starts[low] as number) <= place && (tokens.kinds[low] as number) >= STRING
}
