import type { Logger } from 'pino'

/** Structured lines: fields, then a sentence. Never given content or secrets. */
export type GatewayLog = Logger
