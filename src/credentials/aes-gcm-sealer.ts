import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Sealer } from '../operations/index.ts'
import { CredentialsError } from './errors.ts'

const VERSION = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + KEY_ID_BYTES
const OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES

/**
 * `version (1) ‖ key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, AES-256-GCM (NIST SP 800-38D), a random nonce each time.
 * The header is authenticated together with what the caller says the bytes are for.
 */
export class AesGcmSealer implements Sealer {
  readonly #key: Uint8Array
  readonly #header: Uint8Array

  /**
   * @param key 32 bytes, for one purpose only
   * @param keyId 16 hexadecimal digits: the master key that it was derived from
   */
  constructor(key: Uint8Array, keyId: string) {
    this.#key = key
    this.#header = Buffer.concat([Buffer.of(VERSION), Buffer.from(keyId, 'hex')])
  }

  seal(plain: Uint8Array, aad: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(this.#associated(aad))
    return Buffer.concat([this.#header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws CredentialsError GS_SEALED_ELSEWHERE, GS_SEALED_BROKEN */
  open(sealed: Uint8Array, aad: string): Uint8Array {
    if (sealed.length < OVERHEAD || sealed[0] !== VERSION) throw new CredentialsError('GS_SEALED_BROKEN')
    if (Buffer.compare(sealed.subarray(0, HEADER_BYTES), this.#header) !== 0) throw new CredentialsError('GS_SEALED_ELSEWHERE')
    const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(this.#associated(aad)).setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()])
    } catch {
      throw new CredentialsError('GS_SEALED_BROKEN')
    }
  }

  #associated(aad: string): Uint8Array {
    return Buffer.concat([this.#header, Buffer.from(aad)])
  }
}

/** The master key's id in sealed bytes, unproven until they are opened. @throws CredentialsError GS_SEALED_BROKEN */
export function sealedUnder(sealed: Uint8Array): string {
  if (sealed.length < OVERHEAD || sealed[0] !== VERSION) throw new CredentialsError('GS_SEALED_BROKEN')
  return Buffer.from(sealed.subarray(1, HEADER_BYTES)).toString('hex')
}
