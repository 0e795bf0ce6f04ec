import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const metricsErrors = {
  GS_METRICS_UNAUTHORIZED: {
    meaning: 'The token of this door was not brought.',
    next: 'Send Authorization: Bearer and the token that metrics.token of the configuration leads to.',
  },
  GS_METRICS_MISDIRECTED: {
    meaning: 'This door is not addressed by that name.',
    next: 'Scrape it by its address, or as localhost.',
  },
  GS_METRICS_NOT_FOUND: {
    meaning: 'There is nothing here.',
    next: 'Ask for /metrics, /healthz or /readyz.',
  },
  GS_METRICS_METHOD: {
    meaning: 'Nothing can be sent here.',
    next: 'Use GET or HEAD.',
  },
  GS_METRICS_STARTING: {
    meaning: 'The doors are not open yet.',
    next: 'Wait until the gateway has started; its log says what it waits for.',
  },
  GS_METRICS_PUSH_FAILED: {
    meaning: 'The collector did not take the metrics.',
    next: 'See that metrics.otlp.url is that of a collector which speaks OTLP over HTTP with JSON, and that it lets the gateway in.',
  },
} as const satisfies ErrorCatalogue

export type MetricsErrorCode = keyof typeof metricsErrors

export class MetricsError extends CodedError<MetricsErrorCode> {
  constructor(code: MetricsErrorCode, message: string = metricsErrors[code].meaning, options?: ErrorOptions) {
    super(code, message, metricsErrors[code].next, options)
  }
}
