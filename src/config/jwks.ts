import { readFileSync, statSync } from 'node:fs'

type Jwks = { readonly keys: readonly Readonly<Record<string, unknown>>[] }

/** A file that should hold a JWKS and does not; its message never quotes the file. */
export class UnusableJwks extends Error {}

/**
 * A JWKS (RFC 7517 §5) from a file, for issuers that the gateway cannot reach.
 * @throws UnusableJwks that says what the file is instead; never with its content
 */
export function readJwks(path: string): Jwks {
  let parsed: unknown
  try {
    if (statSync(path).size > 1024 * 1024) throw new RangeError('too large')
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new UnusableJwks('The file of the JWKS cannot be read as JSON of at most 1 MiB.', { cause })
  }
  if (!isJwks(parsed)) throw new UnusableJwks('The file is no JWKS: an object with at least one key in "keys".')
  // A file with private keys is a mistake that would go unnoticed for years.
  if (parsed.keys.some((key) => 'd' in key || 'k' in key))
    throw new UnusableJwks('The file holds a private or shared key; a JWKS of an issuer holds public ones only.')
  return parsed
}

function isJwks(value: unknown): value is Jwks {
  if (value === null || typeof value !== 'object' || !('keys' in value) || !Array.isArray(value.keys)) return false
  return value.keys.length > 0 && value.keys.every((key: unknown) => key !== null && typeof key === 'object' && 'kty' in key)
}
