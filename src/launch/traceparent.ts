import { randomBytes } from 'node:crypto'

/** W3C Trace Context, "traceparent": version 00, neither id all zeros. */
const VALID = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace that the caller is in, else a new one, sampled. */
export function traceparentOf(given: string | undefined): string {
  if (given !== undefined && VALID.test(given)) return given
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
}
