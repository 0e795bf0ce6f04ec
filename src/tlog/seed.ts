import { randomBytes } from 'node:crypto'

export const SEED_BYTES = 32

/** A new private key: the seed of RFC 8032, 32 random bytes. */
export function newSeed(): Buffer {
  return randomBytes(SEED_BYTES)
}
