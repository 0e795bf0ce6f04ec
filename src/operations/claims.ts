/** What a client says of itself and of what made it ask: recorded as said, and never believed. By name, in lower case; bounded by `claimsOf`. */
export type Claims = Readonly<Record<string, string>>

const MOST = 16
const LONGEST = 512
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: nothing that controls a terminal is kept
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

/**
 * @param said names with what they are; of a name that stands twice nothing is kept
 * @returns those that can be kept, by name in order: at most 16 of up to 512 characters, longer ones cut. Of `traceparent` and `tracestate` only what is
 *   well-formed (W3C Trace Context §3), and the second only with the first. Undefined where that is none
 */
export function claimsOf(said: Iterable<readonly [name: string, value: string]>): Claims | undefined {
  const kept = new Map<string, string>()
  const repeated = new Set<string>()
  for (const [name, value] of said) {
    if (kept.has(name)) repeated.add(name)
    const text = value.replace(CONTROL, ' ').trim()
    if (NAME.test(name) && text !== '' && kept.size < MOST) kept.set(name, text.slice(0, LONGEST))
  }
  for (const name of repeated) kept.delete(name)
  const parent = traceparent(kept.get('traceparent') ?? '')
  if (parent === undefined) kept.delete('traceparent')
  else kept.set('traceparent', parent)
  if (parent === undefined || !TRACESTATE.test(kept.get('tracestate') ?? '')) kept.delete('tracestate')
  if (kept.size === 0) return undefined
  return Object.fromEntries([...kept].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** W3C Trace Context §3.2.2: version, trace id, parent id and flags; of later versions what is like that of the first. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=-|$)/

function traceparent(text: string): string | undefined {
  const [parent, version] = TRACEPARENT.exec(text) ?? []
  return version === '00' && text !== parent ? undefined : parent
}

/** §3.3.1: up to 32 members of a key and a value. */
const MEMBER = '[\\t ]*[a-z0-9][a-z0-9_*/@-]{0,255}=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e][\\t ]*'
const TRACESTATE = new RegExp(`^${MEMBER}(,(${MEMBER}|[\\t ]*)){0,31}$`)

/** @returns the trace that a traceparent is of: 32 hexadecimal digits; undefined where it is none */
export function traceIdOf(parent: string): string | undefined {
  return traceparent(parent)?.slice(3, 35)
}

/** @param own wins */
export function joinClaims(theirs: Claims | undefined, own: Claims | undefined): Claims | undefined {
  if (theirs === undefined || own === undefined) return own ?? theirs
  return claimsOf(Object.entries({ ...theirs, ...own }))
}
