import type { Json } from '../../../operations/index.ts'

/** Deeper than any object: schemas of custom resources come to 40. Go's decoder stops at 10,000. */
const MAX_DEPTH = 200

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Why a body is not read as JSON; its message says it in our own words and holds nothing of the body. Whoever reads it says it with a code. */
export class StrictJsonError extends Error {}

/** @throws StrictJsonError where it is not UTF-8: others would read another text than we do */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new StrictJsonError('The body is not UTF-8.')
  }
}

/**
 * JSON that everybody reads alike. A repeated key is refused: Go merges what JavaScript replaces, and either would be judged by the other's reading.
 * So is half a character: Go reads each of them as U+FFFD.
 *
 * @throws StrictJsonError where it is not JSON, has a key twice, is nested too deeply or holds half a character
 */
export function strictJson(text: string): Json {
  const { keys, depth, surrogates } = written(text)
  if (depth > MAX_DEPTH) throw new StrictJsonError('The body is nested too deeply.')
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw new StrictJsonError('The body is not JSON.')
  }
  const read = keysOf(value, surrogates)
  // What is there twice was written twice, and is there once.
  if (read !== keys) throw new StrictJsonError('A key is there twice in one object of the body.')
  return value
}

const [QUOTE, BACKSLASH, COLON, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x22, 0x5c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d]

/** How many keys are written, how deep it goes, and whether halves of characters are escaped. What is no JSON gives anything. */
function written(text: string): { readonly keys: number; readonly depth: number; readonly surrogates: boolean } {
  let [keys, open, depth] = [0, 0, 0]
  let surrogates = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
        if (text.charCodeAt(at) !== BACKSLASH) continue
        at++
        // \uD800 to \uDFFF
        if (text.charCodeAt(at) === 0x75 && (text.charCodeAt(at + 1) | 0x20) === 0x64) surrogates = true
      }
    } else if (code === COLON) keys++
    else if (code === OPEN_MAP || code === OPEN_LIST) depth = Math.max(depth, ++open)
    else if (code === CLOSE_MAP || code === CLOSE_LIST) open--
  }
  return { keys, depth, surrogates }
}

const HALF = /\p{Surrogate}/u

/** All keys of all objects in it. @param surrogates whether there may be halves of characters */
function keysOf(value: Json, surrogates: boolean): number {
  let count = 0
  const waiting: Json[] = [value]
  const look = (text: string) => {
    if (surrogates && HALF.test(text)) throw new StrictJsonError('A text in the body holds half a character.')
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') look(next)
    if (typeof next !== 'object' || next === null) continue
    if (Array.isArray(next)) {
      for (const each of next as readonly Json[]) if (surrogates || typeof each === 'object') waiting.push(each)
      continue
    }
    for (const [key, each] of Object.entries(next)) {
      count++
      look(key)
      if (surrogates || typeof each === 'object') waiting.push(each)
    }
  }
  return count
}
