import { createHmac, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { RunId } from '../operations/index.ts'
import { base32 } from './base32.ts'

/** Which door a credential opens: `run` — the handle, at the token door; the others — a plane each. */
export type CredentialDoor = 'run' | 'pg' | 'k8s' | 'http' | 'model' | 'mcp' | 'proxy'

/** Something sent as a credential, as far as its form tells. */
export type CredentialForm = { readonly door: CredentialDoor } | 'foreign'

/**
 * `gs_<door>_` + 160 bits + CRC-32. The prefix and the checksum let leak scanners recognise one without asking us.
 * Derived, so that its value is constant for the run and only its hash need be kept.
 */
export function deriveCredential(key: Uint8Array, door: CredentialDoor, run: RunId): string {
  const secret = createHmac('sha256', key).update(`${door}\0${run}`).digest().subarray(0, 20)
  const body = `gs_${door}_${base32(secret)}`
  return body + checksum(body)
}

/** Form and checksum only: says which door it would be for, not whether it opens it. */
export function readForm(credential: string): CredentialForm {
  const match = /^gs_(run|pg|k8s|http|model|mcp|proxy)_[0-9a-hjkmnp-tv-z]{39}$/.exec(credential)
  if (!match || checksum(credential.slice(0, -7)) !== credential.slice(-7)) return 'foreign'
  return { door: match[1] as CredentialDoor }
}

/** What is kept of a credential. 160 random bits need no salt and no stretching. */
export function hashCredential(credential: string): Buffer {
  return hash('sha256', credential, 'buffer')
}

function checksum(body: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return base32(bytes)
}
