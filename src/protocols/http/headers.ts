import type { HeaderPairs } from './target.ts'

/** RFC 9110 §7.6.1, and what older clients send: about one connection, never passed on. Framing is each side's own. */
const ABOUT_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** The values of a header, in order. @param name in lower case */
export function valuesOf(headers: HeaderPairs, name: string): readonly string[] {
  const values: string[] = []
  for (const [each, value] of headers) if (each.length === name.length && each.toLowerCase() === name) values.push(value)
  return values
}

/** The first value of a header. @param name in lower case */
export function firstOf(headers: HeaderPairs, name: string): string | undefined {
  return headers.find(([each]) => each.length === name.length && each.toLowerCase() === name)?.[1]
}

/** The members of a list header (RFC 9110 §5.6.1), in lower case, without empty ones. @param name in lower case */
export function listOf(headers: HeaderPairs, name: string): readonly string[] {
  return valuesOf(headers, name).flatMap((value) =>
    value
      .split(',')
      .map((member) => member.trim().toLowerCase())
      .filter((member) => member !== ''),
  )
}

/**
 * What is left for the other side: without what is about the connection, what `Connection` names (RFC 9110 §7.6.1), and `also`.
 * @param also in lower case
 */
export function endToEnd(headers: HeaderPairs, also: ReadonlySet<string> = NONE): HeaderPairs {
  const named = new Set(listOf(headers, 'connection'))
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !ABOUT_THE_CONNECTION.has(lower) && !named.has(lower) && !also.has(lower)
  })
}

const NONE: ReadonlySet<string> = new Set()

/** `[a, b, c, d]` as Node and undici hold them, in pairs. */
export function pairsOf(raw: readonly string[]): HeaderPairs {
  const pairs: (readonly [string, string])[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at]!, raw[at + 1]!])
  return pairs
}
