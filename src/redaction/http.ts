import { redactJson } from './json.ts'
import { type Found, markOf, NOTHING_FOUND, type Redacted, sumOf } from './redacted.ts'
import { redactText } from './text.ts'

/** Larger bodies are redacted as text, and not read as JSON besides. Bytes. */
const LONGEST_READ = 4 * 1024 * 1024
const NEWLINE = 0x0a
/** Between the members of JSON: white space and commas. */
const SEPARATORS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c])

/**
 * Redacts a request as its protocol writes it down: a line, headers, an empty line, the body. Each parameter of the query is looked at for itself,
 * so that none hides the next; where the body is JSON, its texts are looked at as what they say too, whatever stands escaped in them.
 * Linear in its length; never throws, whatever the bytes.
 *
 * @returns the same object as content where nothing was found
 */
export function redactHttp(request: Uint8Array): Redacted {
  const end = request.indexOf(NEWLINE)
  const line = redactLine(request.subarray(0, end === -1 ? request.length : end))
  const rest = redactRest(request.subarray(end === -1 ? request.length : end))
  const found = sumOf([line.found, rest.found])
  if (found.length === 0) return { content: request, found: NOTHING_FOUND, whole: false }
  return { content: Buffer.concat([line.content, rest.content]), found, whole: false }
}

/**
 * Redacts a part of a request's body on its own: an element of a list, a member of an object, with what separates it from its neighbours. Where it is
 * JSON, its texts are looked at as what they say too. Linear in its length; never throws, whatever the bytes.
 *
 * @returns the same object as content where nothing was found
 */
export function redactPart(part: Uint8Array): Redacted {
  const plain = redactText(part)
  if (plain.whole || part.length > LONGEST_READ) return plain
  const { content } = plain
  const [start, end] = [content.findIndex((byte) => !SEPARATORS.has(byte)), content.findLastIndex((byte) => !SEPARATORS.has(byte)) + 1]
  const read = redactedPart(content.subarray(Math.max(start, 0), end))
  if (read === undefined || read.found.length === 0) return plain
  const redacted = Buffer.concat([content.subarray(0, start), read.content, content.subarray(end)])
  return { content: redacted, found: sumOf([plain.found, read.found]), whole: false }
}

/** `METHOD path?query` */
function redactLine(line: Uint8Array): Pick<Redacted, 'content' | 'found'> {
  const mark = line.indexOf(0x3f)
  if (mark === -1) return redactText(line)
  const path = redactText(line.subarray(0, mark))
  const parameters = splitAt(line.subarray(mark + 1), 0x26).map(redactParameter)
  const found = sumOf([path.found, ...parameters.map((parameter) => parameter.found)])
  if (found.length === 0) return { content: line, found }
  const query = parameters.flatMap(({ content }, at) => (at === 0 ? [content] : [Buffer.from('&'), content]))
  return { content: Buffer.concat([path.content, Buffer.from('?'), ...query]), found }
}

/** As it stands, and as what it says where that is percent-encoded. */
function redactParameter(parameter: Uint8Array): Pick<Redacted, 'content' | 'found'> {
  const plain = redactText(parameter)
  const text = Buffer.from(parameter).toString('latin1')
  if (plain.found.length > 0 || !/[%+]/.test(text)) return plain
  const said = redactText(Buffer.from(decoded(text)))
  const [first] = said.found
  if (first === undefined) return plain
  const name = text.slice(0, text.indexOf('=') + 1)
  return { content: Buffer.concat([Buffer.from(name, 'latin1'), markOf(first.kind)]), found: said.found }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function redactRest(rest: Uint8Array): Pick<Redacted, 'content' | 'found'> {
  const plain = redactText(rest)
  if (plain.whole) return plain
  const start = bodyOf(plain.content)
  const body = plain.content.subarray(start)
  if (body.length === 0 || body.length > LONGEST_READ) return plain
  const read = redactedBody(body)
  if (read === undefined || read.found.length === 0) return plain
  return { content: Buffer.concat([plain.content.subarray(0, start), read.content]), found: sumOf([plain.found, read.found]) }
}

/** Where the body begins, from the end of the first line on; the end where there is none. */
function bodyOf(rest: Uint8Array): number {
  let at = rest.indexOf(NEWLINE)
  while (at !== -1 && at + 1 < rest.length && rest[at + 1] !== NEWLINE) at = rest.indexOf(NEWLINE, at + 1)
  return at === -1 ? rest.length : Math.min(at + 2, rest.length)
}

/** Undefined where it is no JSON. */
function redactedBody(body: Uint8Array): { readonly content: Uint8Array; readonly found: readonly Found[] } | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return redactJson(JSON.parse(text))
  } catch {
    // No JSON, or nested deeper than JavaScript writes again.
    return undefined
  }
}

/** A value; or a member of an object, `"name": value`, without the object's braces. */
function redactedPart(part: Uint8Array): { readonly content: Uint8Array; readonly found: readonly Found[] } | undefined {
  const value = redactedBody(part)
  if (value !== undefined) return value
  const member = redactedBody(Buffer.concat([Buffer.from('{'), part, Buffer.from('}')]))
  return member && { content: member.content.subarray(1, -1), found: member.found }
}

function splitAt(bytes: Uint8Array, separator: number): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  let from = 0
  for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, from)) {
    parts.push(bytes.subarray(from, at))
    from = at + 1
  }
  parts.push(bytes.subarray(from))
  return parts
}
