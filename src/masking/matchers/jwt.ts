import { BASE64URL, latin1, runEnd, TOKEN_DOTTED } from '../../redaction/index.ts'
import { NONE } from '../bytes.ts'

/** Headers carry a certificate chain at most. Bytes. */
const LONGEST_HEADER = 4096

/**
 * RFC 7515 §7.1 and RFC 7516 §7.1: a header that decodes to an object which names its algorithm, and two more parts, or four.
 *
 * @param start of `eyJ`, not within a longer token
 * @param to end of the word, which is known
 */
export function jwt(bytes: Uint8Array, start: number, to: number): number {
  const header = runEnd(bytes, start, BASE64URL, Math.min(to - start, LONGEST_HEADER))
  if (header - start < 12 || header >= to || bytes[header] !== 0x2e || !namesAlgorithm(latin1(bytes, start, header))) return NONE
  const body = runEnd(bytes, header + 1, BASE64URL, to - header - 1)
  // The claims may be absent (a detached signature, a direct key): then the signature is not.
  if (body >= to || bytes[body] !== 0x2e) return NONE
  const end = runEnd(bytes, body, TOKEN_DOTTED, to - body)
  return end - header >= 16 ? end : NONE
}

function namesAlgorithm(encoded: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString())
    return typeof header === 'object' && header !== null && typeof (header as { alg?: unknown }).alg === 'string'
  } catch {
    return false
  }
}
