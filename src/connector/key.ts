import { createPublicKey, hash, type KeyObject } from 'node:crypto'

/** An Ed25519 public key as SPKI, DER (RFC 8410 §4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const SPKI_BYTES = ED25519_SPKI.length + 32

/** @returns undefined where it is no Ed25519 key in the one form that it has */
export function readPublicKey(spki: Uint8Array): KeyObject | undefined {
  if (spki.length !== SPKI_BYTES || !ED25519_SPKI.equals(spki.subarray(0, ED25519_SPKI.length))) return undefined
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

export const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })

/** SHA-256 of the public key, lower-case hex. */
export const fingerprintOf = (spki: Uint8Array): string => hash('sha256', spki, 'hex')

/** A connector is its key: the id follows from it, so that both ends know it and none of them can give it to another key. */
export const connectorIdOf = (spki: Uint8Array): string => `con_${fingerprintOf(spki).slice(0, 32)}`
