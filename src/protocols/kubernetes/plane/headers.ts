import { createHash } from 'node:crypto'
import type { HeaderPairs } from '../../http/index.ts'

/** What an API server reads, and what its audit log and traces show. Nothing else of a client goes there. */
const FORWARDED: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'cache-control', 'content-type', 'if-match', 'if-none-match', 'user-agent'],
  ...['kubectl-command', 'kubectl-session', 'traceparent', 'tracestate'],
])

/** What opens a channel: RFC 6455 §4.1 without extensions, and k8s.io/streaming's own header. */
const OF_CHANNELS: ReadonlySet<string> = new Set([
  ...['user-agent', 'kubectl-command', 'kubectl-session', 'traceparent', 'tracestate'],
  ...['sec-websocket-key', 'sec-websocket-version', 'x-stream-protocol-version'],
])

/** What stays behind on the way to what a proxy subresource leads to: it says who somebody is, or belongs to the API server. */
const NOT_PROXIED = /^(x-remote-|impersonate-|audit-id$|authorization$|x-forwarded-|forwarded$)/i

/** The headers of a request, as the API server gets them. @param id what its audit log calls the request */
export function forwardedHeaders(headers: HeaderPairs, kind: 'request' | 'channel' | 'proxied', id: string): HeaderPairs {
  const kept = headers.filter(([name]) => {
    if (kind === 'proxied') return !NOT_PROXIED.test(name)
    return (kind === 'channel' ? OF_CHANNELS : FORWARDED).has(name.toLowerCase())
  })
  return [...kept, ['Audit-ID', id]]
}

/**
 * The headers that decide what a request means, by name, for its canonical text. What is behind a proxy reads them as it likes: there it is all that are
 * passed on, and of what looks like a credential only which one it is.
 */
export function meaningful(headers: HeaderPairs, proxied: boolean): readonly (readonly [name: string, value: string])[] {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => (proxied ? !NOT_PROXIED.test(name) && !NOISE.test(name) : MEANINGFUL.has(name)))
    .map(([name, value]) => [name, proxied && SECRET.test(name) ? digestOf(value) : value] as const)
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
}

/** Says nothing of what is asked for, and differs each time. */
const NOISE = /^(accept-encoding|user-agent|traceparent|tracestate|baggage|x-request-id|kubectl-(command|session))$/

const SECRET = /cookie|token|key|secret|auth|session|password|credential/

const digestOf = (value: string): string => `sha256:${createHash('sha256').update(value, 'latin1').digest('hex')}`

const MEANINGFUL: ReadonlySet<string> = new Set(['accept', 'content-type', 'if-match', 'if-none-match'])

/** @returns headers with one of them as it says, or without it. @param name in lower case */
export function withHeader(headers: HeaderPairs, name: string, value: string | undefined): HeaderPairs {
  const others = headers.filter(([each]) => each.toLowerCase() !== name)
  return value === undefined ? others : [...others, [name, value]]
}
