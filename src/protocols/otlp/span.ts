/** A value of an attribute, as far as one is kept. */
export type AttributeValue = string | number | boolean | readonly string[]

/** A span as it was sent, whichever way it was written (OpenTelemetry protocol, trace.proto). */
export interface SentSpan {
  /** Lower-case hexadecimal digits; of what has none, `''`. */
  readonly trace: string
  readonly span: string
  readonly parent: string
  readonly name: string
  /** Span.SpanKind. */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  /** Status.StatusCode. */
  readonly status: number
  readonly message: string
  /** Those whose values are texts, numbers, truth values, or lists of texts. */
  readonly attributes: ReadonlyMap<string, AttributeValue>
  /** `service.name` of its resource. */
  readonly service: string
}

/** A span as it is kept: what a client tells of itself, and nobody has seen. */
export interface ClaimedSpan {
  readonly trace: string
  readonly span: string
  readonly parent?: string
  readonly name: string
  readonly kind?: string
  /** RFC 3339, UTC, ms. */
  readonly start: string
  /** How long it lasted, microseconds. */
  readonly us: number
  readonly status?: 'ok' | 'error'
  readonly message?: string
  readonly service?: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
}
