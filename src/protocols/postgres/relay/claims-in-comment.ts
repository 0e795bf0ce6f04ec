import { type Claims, claimsOf } from '../../../operations/index.ts'

const [STAR, SLASH] = [0x2a, 0x2f]
/** As far as a comment is looked at, bytes. */
const LOOKED_AT = 512
/** sqlcommenter: keys and quoted values, percent-encoded, which the characters of these never need. */
const SAID = /(?:^|[\s,*])(traceparent|tracestate)='([^'\\]{1,256})'/g

/**
 * What a driver says of the trace in a comment before or behind a statement, in the form of sqlcommenter: `traceparent='00-…'`. The comment
 * stays where it is. Most statements have none, and cost a look at four bytes.
 *
 * @param text of the statement
 */
export function claimsInComment(text: Uint8Array): Claims | undefined {
  const end = text.length
  const behind = end > 4 && text[end - 1] === SLASH && text[end - 2] === STAR
  const before = end > 4 && text[0] === SLASH && text[1] === STAR
  if (!behind && !before) return undefined
  const part = behind ? text.subarray(Math.max(0, end - LOOKED_AT)) : text.subarray(0, LOOKED_AT)
  const latin1 = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1')
  const comment = behind ? latin1.slice(latin1.lastIndexOf('/*')) : latin1.slice(0, latin1.indexOf('*/') + 2)
  const said = [...comment.matchAll(SAID)].map(([, name = '', value = '']) => [name, decoded(value)] as const)
  return said.length === 0 ? undefined : claimsOf(said)
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}
