import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { cosignedMessage, joinCosignature } from './cosignature.ts'
import { isKeyName } from './key-name.ts'
import { SEED_BYTES } from './seed.ts'
import { formatVkey, keyId, signatureTypes } from './vkey.ts'

/** Signs notes with one key. */
export interface NoteSigner {
  readonly name: string
  readonly id: number
  /** What others verify with. */
  readonly vkey: string
  /** @param text of a note, with its last newline. The bytes that stand behind the key id */
  sign(text: string): Buffer
}

/** What stands before the 32 bytes of a seed in DER (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A log's signer (type 0x01). @param seed 32 bytes. @throws RangeError for a name that no key can have, or another length */
export function ed25519Signer(name: string, seed: Uint8Array): NoteSigner {
  const { key, publicKey } = keyPair(name, seed)
  return {
    name,
    id: keyId(name, signatureTypes.ed25519, publicKey),
    vkey: formatVkey(name, signatureTypes.ed25519, publicKey),
    sign: (text) => sign(null, Buffer.from(text), key),
  }
}

/**
 * A witness's signer (type 0x04).
 * @param seed 32 bytes. @param now POSIX seconds. @throws RangeError for a name that no key can have, or another length
 */
export function cosignatureSigner(name: string, seed: Uint8Array, now: () => number): NoteSigner {
  const { key, publicKey } = keyPair(name, seed)
  return {
    name,
    id: keyId(name, signatureTypes.cosignature, publicKey),
    vkey: formatVkey(name, signatureTypes.cosignature, publicKey),
    sign(text) {
      const time = BigInt(Math.floor(now()))
      return joinCosignature(time, sign(null, cosignedMessage(text, time), key))
    },
  }
}

function keyPair(name: string, seed: Uint8Array): { readonly key: KeyObject; readonly publicKey: Buffer } {
  if (!isKeyName(name)) throw new RangeError(`No key can have the name ${JSON.stringify(name)}.`)
  if (seed.length !== SEED_BYTES) throw new RangeError('The seed of an Ed25519 key has 32 bytes.')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  return { key, publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES) }
}
