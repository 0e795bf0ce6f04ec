import { createHmac } from 'node:crypto'
import type { RunId } from '../operations/index.ts'
import { base32 } from './base32.ts'

/**
 * The public id of a run, derived from what its issuer says identifies it, so that a second exchange finds the same run.
 * Keyed, because ids stand in the trail and the issuer's own ids could be guessed. 130 bits.
 *
 * @param values the filled `run.id` templates, in order; JSON keeps their borders
 */
export function runIdOf(key: Uint8Array, issuer: string, values: readonly string[]): RunId {
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([issuer, ...values]))
    .digest()
  return `run_${base32(digest).slice(0, 26)}`
}

/** The form of a run's id; a client may send anything as one. */
export const runIdPattern = /^run_[0-9a-hjkmnp-tv-z]{26}$/
