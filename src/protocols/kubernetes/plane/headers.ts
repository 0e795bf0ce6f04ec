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

/** The headers that decide what a request means, by name, for its canonical text. */
export function meaningful(headers: HeaderPairs): readonly (readonly [name: string, value: string])[] {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => MEANINGFUL.has(name))
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
}

const MEANINGFUL: ReadonlySet<string> = new Set(['accept', 'content-type', 'if-match', 'if-none-match'])

/** @returns headers with one of them as it says, or without it. @param name in lower case */
export function withHeader(headers: HeaderPairs, name: string, value: string | undefined): HeaderPairs {
  const others = headers.filter(([each]) => each.toLowerCase() !== name)
  return value === undefined ? others : [...others, [name, value]]
}
