import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const SCRAM_SHA_256 = 'SCRAM-SHA-256'
/** With channel binding: the proof is good on this one TLS connection only (RFC 7677, RFC 5802 §6). */
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS'
export type ScramMechanism = typeof SCRAM_SHA_256 | typeof SCRAM_SHA_256_PLUS

/** The only channel binding that PostgreSQL knows (RFC 5929 §4). */
export const BINDING_TYPE = 'tls-server-end-point'

/**
 * Why an exchange failed: `malformed` — not SCRAM as RFC 5802 §7 writes it; `downgraded` — somebody between hid channel binding;
 * `proof` — the other side does not know the password; `weak` — the server's parameters are out of bounds.
 */
export class ScramError extends Error {
  override readonly name = 'ScramError'
  readonly reason: 'malformed' | 'downgraded' | 'proof' | 'weak'

  constructor(reason: ScramError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** 32 bytes: SHA-256. */
export const KEY_LENGTH = 32

export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** RFC 5802 §3: the keys that a salted password gives. */
export function scramKeys(saltedPassword: Uint8Array): {
  readonly clientKey: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
} {
  const clientKey = hmac(saltedPassword, 'Client Key')
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(saltedPassword, 'Server Key') }
}

export function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, at) => byte ^ right[at]!))
}

/** Equal, in a time that depends on the lengths only. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * Splits `a=…,b=…` into the attributes expected, in their order (RFC 5802 §5.1); what follows them are extensions, which are
 * ignored, except that `m=` anywhere makes the message one of a future SCRAM that must be refused.
 * @throws ScramError
 */
export function attributes<Name extends string>(message: string, names: readonly Name[]): Record<Name, string> {
  const parts = message.split(',')
  const values = {} as Record<Name, string>
  if (parts.some((part) => part.startsWith('m='))) throw new ScramError('malformed', 'SCRAM extension required that is not known')
  for (const [at, name] of names.entries()) {
    const part = parts[at]
    if (part === undefined || !part.startsWith(`${name}=`)) throw new ScramError('malformed', `SCRAM attribute "${name}" expected`)
    values[name] = part.slice(2)
  }
  if (parts.slice(names.length).some((part) => !/^[A-Za-z]=./.test(part))) throw new ScramError('malformed', 'invalid SCRAM extension')
  return values
}

/** RFC 5802 §7: `printable`, which a nonce is made of. @throws ScramError */
export function checkNonce(nonce: string): string {
  if (!/^[\x21-\x2b\x2d-\x7e]{1,1024}$/.test(nonce)) throw new ScramError('malformed', 'invalid SCRAM nonce')
  return nonce
}

/** Strict base64, so that one value has one spelling. @throws ScramError */
export function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (text === '' || bytes.toString('base64') !== text) throw new ScramError('malformed', 'invalid base64 in SCRAM message')
  return bytes
}
