import { redactJson } from './json.ts'
import { type Redacted, sumOf } from './redacted.ts'
import { redactText } from './text.ts'

/** Larger bodies are redacted as text, and not read as JSON besides. Bytes. */
const LONGEST_READ = 4 * 1024 * 1024
const NEWLINE = 0x0a

/**
 * Redacts a request as its protocol writes it down: a line, headers, an empty line, the body. Where the body is JSON, its texts are looked at
 * as what they say too, whatever stands escaped in them. Linear in its length; never throws, whatever the bytes.
 *
 * @returns the same object as content where nothing was found
 */
export function redactHttp(request: Uint8Array): Redacted {
  const plain = redactText(request)
  if (plain.whole) return plain
  const start = bodyOf(plain.content)
  const body = plain.content.subarray(start)
  if (body.length === 0 || body.length > LONGEST_READ) return plain
  const read = redactedBody(body)
  if (read === undefined || read.found.length === 0) return plain
  return { content: Buffer.concat([plain.content.subarray(0, start), read.content]), found: sumOf([plain.found, read.found]), whole: false }
}

/** Where the body begins; the end where there is none. */
function bodyOf(request: Uint8Array): number {
  let at = request.indexOf(NEWLINE)
  while (at !== -1 && at + 1 < request.length && request[at + 1] !== NEWLINE) at = request.indexOf(NEWLINE, at + 1)
  return at === -1 ? request.length : Math.min(at + 2, request.length)
}

/** Undefined where it is no JSON. */
function redactedBody(body: Uint8Array): Redacted | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  if (!/^\s*[[{]/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  try {
    return redactJson(value)
  } catch {
    // Nested deeper than JavaScript writes again.
    return undefined
  }
}
