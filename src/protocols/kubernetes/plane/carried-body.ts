import type { Readable } from 'node:stream'
import { type ReadBody, readBody } from '../../http/index.ts'
import { MAX_BODY } from '../request/index.ts'

/** What was read of a body, and what is left. */
export type CarriedBody = ReadBody

/**
 * Reads a body to its end, or as far as an API server would.
 * @throws whatever the stream breaks with; the signal's reason
 */
export function carriedBody(body: Readable, length: number | undefined, signal: AbortSignal): Promise<CarriedBody> {
  return readBody(body, length, MAX_BODY, signal)
}
