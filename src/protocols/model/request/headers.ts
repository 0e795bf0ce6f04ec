import type { HeaderPairs } from '../../http/index.ts'

/**
 * What stays here: whose account it is (the credential says that), what a client says of itself to the gateway, and cookies, which no client of these
 * APIs needs. Credentials are taken off elsewhere.
 */
const OURS = /^(openai-organization|openai-project|x-gatescribe-.*|cookie|baggage)$/
/** Says nothing of what is asked for, and differs each time: SDKs count their retries. */
const NOISE =
  /^(accept-encoding|user-agent|x-stainless-.*|idempotency-key|x-request-id|x-client-request-id|x-ms-client-request-id|traceparent|tracestate)$/

/** The headers that go to the provider. */
export const forwardedHeaders = (headers: HeaderPairs): HeaderPairs => headers.filter(([name]) => !OURS.test(name.toLowerCase()))

/** The headers that decide what a request means, by name in lower case, for its canonical text. */
export function meaningful(headers: HeaderPairs): HeaderPairs {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !NOISE.test(name))
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
}
