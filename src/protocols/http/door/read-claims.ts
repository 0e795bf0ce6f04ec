import { type Claims, claimsOf } from '../../../operations/index.ts'
import type { HeaderPairs } from '../target.ts'

/** What clients say of themselves: W3C Trace Context and Baggage, kubectl, and whatever is addressed to the gateway. */
const CLAIMS = /^(?:traceparent|tracestate|baggage|kubectl-(?:command|session)|x-gatescribe-.{1,48})$/i
/** Several headers of these are one list (Trace Context §3.3.1.1, Baggage §3.3). */
const LISTS: ReadonlySet<string> = new Set(['tracestate', 'baggage'])

/** @param headers that reach the target */
export function readClaims(headers: HeaderPairs): Claims | undefined {
  const said = headers.filter(([name]) => CLAIMS.test(name)).map(([name, value]) => [name.toLowerCase(), value] as const)
  if (said.length === 0) return undefined
  const single = said.filter(([name]) => !LISTS.has(name))
  const lists = [...LISTS].map((name) => [name, said.flatMap(([each, value]) => (each === name ? [value] : [])).join(',')] as const)
  return claimsOf([...single, ...lists])
}
