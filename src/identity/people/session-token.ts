import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { base32 } from '../base32.ts'

/** `gs_ps_` + 256 random bits + CRC-32: like the credentials of runs, so that leak scanners recognise it without asking us. */
export function newSessionToken(): string {
  const body = `gs_ps_${base32(randomBytes(32))}`
  return body + checksum(body)
}

/** Form and checksum only. */
export function isSessionToken(text: string): boolean {
  return /^gs_ps_[0-9a-hjkmnp-tv-z]{59}$/.test(text) && checksum(text.slice(0, -7)) === text.slice(-7)
}

/** What is kept of a token. 256 random bits need no salt and no stretching. */
export function hashSessionToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Names a session in lists and in the trail; opens nothing. */
export function newSessionId(): PersonSessionId {
  return `psn_${base32(randomBytes(10))}`
}

export type PersonSessionId = `psn_${string}`

function checksum(body: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return base32(bytes)
}
