import { traceIdOf } from '../operations/index.ts'
import type { EntryFields } from '../trail/index.ts'

/** The payload of an intent that holds what a client said of itself: `claims.<n>`. */
export const CLAIMS = /^claims\.(\d{1,15})$/
/** The payload that holds spans, which clients tell of by themselves. */
export const SPANS = { kind: 'run.spans', name: 'spans' }

/** Statements are known by their numbers, facts by theirs below zero, claims far below those. */
const FAR = 2 ** 40
const MOST_TRACES = 4_096

/** @returns the number under which what they say is known */
export function claimsNumber(claims: number): number {
  return -FAR - claims
}

/** @param n of an operation. @returns the number of what its client said of itself */
export function claimsBy({ claims }: EntryFields, n: unknown): number | undefined {
  const row = Array.isArray(claims) ? claims.find((each) => Array.isArray(each) && each[0] === n) : undefined
  const number = Array.isArray(row) ? row[1] : undefined
  return typeof number === 'number' ? number : undefined
}

/** @param content claims, or spans, as JSON. @returns the traces that they are of; nothing where it is neither */
export function tracesIn(content: Uint8Array): readonly string[] {
  const said = parsed(content)
  const traces = new Set<string>()
  for (const each of Array.isArray(said) ? said : [said]) {
    if (typeof each !== 'object' || each === null) continue
    const { traceparent, trace } = each as Readonly<Record<string, unknown>>
    const id = typeof traceparent === 'string' ? traceIdOf(traceparent) : trace
    if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) && traces.size < MOST_TRACES) traces.add(id)
  }
  return [...traces]
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    return undefined
  }
}
