import type { Reference } from '../credentials/index.ts'

/** How the gateway tells of itself in numbers. */
export interface MetricsSettings {
  /** What a scrape must bring (`Authorization: Bearer`). Absent: nothing, and the door listens on loopback. */
  readonly token?: Reference
  /** Absent: they are only scraped. */
  readonly otlp?: OtlpMetricsSettings
}

/** Where the same numbers are sent to. */
export interface OtlpMetricsSettings {
  /** https, with its path; http only to this machine, where `insecureLoopback` is said. */
  readonly url: string
  /** Milliseconds; 1 s to 1 h. */
  readonly every: number
  /** By their names in lower case; the value as a whole. */
  readonly headers: Readonly<Record<string, Reference>>
  readonly insecureLoopback: boolean
}
