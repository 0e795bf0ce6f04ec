import { type Found, NOTHING_FOUND, type Redacted, sumOf } from './redacted.ts'
import type { Spans } from './spans.ts'

/** Rounds that a text may take. What is not settled then was made to be so. */
const MOST_ROUNDS = 4

/**
 * Redacts what came out again, until nothing more is found: what is stored is what redacting it once more would leave, also where a mark
 * changed what stands beside it.
 *
 * @param read finds what to redact in a text
 * @returns the same object as content where nothing was found
 */
export function untilSettled(bytes: Uint8Array, read: (bytes: Uint8Array) => Spans | 'doubt'): Redacted | 'doubt' {
  const found: (readonly Found[])[] = []
  let content = bytes
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const spans = read(content)
    if (spans === 'doubt') return 'doubt'
    if (spans.empty) return { content, found: found.length === 0 ? NOTHING_FOUND : sumOf(found), whole: false }
    const redacted = spans.applyTo(content)
    if (redacted === undefined) return 'doubt'
    found.push(redacted.found)
    content = redacted.content
  }
  return 'doubt'
}
