export { createOtlpEndpoint, type SpanSink } from './endpoint.ts'
export type { AttributeValue, ClaimedSpan } from './span.ts'
