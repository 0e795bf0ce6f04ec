import { createHash, createHmac, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { RunId } from '../operations/index.ts'
import type { ScramVerifier } from './authenticator.ts'
import type { IdentityKeys } from './root-key.ts'

/** RFC 7677 §4. The credential has 160 bits of its own, so more would cost time and add nothing. */
const ITERATIONS = 4096
const stretch = promisify(pbkdf2)

/**
 * RFC 5802 §3, for SCRAM-SHA-256. The salt derives from the run, so that it is the same for a run that never was.
 * The credential is ASCII: SASLprep leaves it as it is.
 */
export async function makeVerifier(keys: IdentityKeys, run: RunId, credential: string): Promise<ScramVerifier> {
  const salt = saltOf(keys, run)
  const salted = await stretch(credential, salt, ITERATIONS, 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  return {
    iterations: ITERATIONS,
    salt,
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: hmac(salted, 'Server Key'),
  }
}

/** One that nothing satisfies: nobody knows a client key whose hash is an HMAC under our key. The same each time. */
export function decoyVerifier(keys: IdentityKeys, claimedRun: string): ScramVerifier {
  return {
    iterations: ITERATIONS,
    salt: saltOf(keys, claimedRun),
    storedKey: hmac(keys.decoys, `stored\0${claimedRun}`),
    serverKey: hmac(keys.decoys, `server\0${claimedRun}`),
  }
}

function saltOf(keys: IdentityKeys, run: string): Uint8Array {
  return hmac(keys.salts, run).subarray(0, 16)
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
