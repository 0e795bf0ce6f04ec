import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { ShortHmac } from '../tlog/index.ts'
import type { PayloadKey } from './trail.ts'

const TAG_BYTES = 16
/** HKDF-Extract's salt: says what the extracted key is for (RFC 5869 §3.1). */
const EXTRACT_SALT = 'gatescribe payload commitment v1'
const SALT_BYTES = 32
/** Contents up to this many bytes are hashed in one call; longer ones are not copied for it. */
const SHORT_BYTES = 1024

/** Where a payload belongs: everything but the name is the entry's. */
export interface PayloadPlace {
  readonly origin: string
  /** Entry id. */
  readonly id: string
  readonly kind: string
  readonly name: string
  /** 12 bytes, never twice under one key. */
  readonly nonce: Uint8Array
}

/** A payload key in use. The bytes stay in here. */
export class OpenPayloadKey implements PayloadKey {
  readonly id: string
  readonly #encryption: KeyObject
  /** HKDF-Extract, done once per key: a salt then costs one HMAC. */
  readonly #extracted: ShortHmac
  /** Salt, and a short content behind it. */
  readonly #scratch = Buffer.alloc(SALT_BYTES + SHORT_BYTES)

  /** @param bytes 32 bytes */
  constructor(id: string, bytes: Uint8Array) {
    this.id = id
    this.#encryption = createSecretKey(bytes)
    this.#extracted = new ShortHmac(createHmac('sha256', EXTRACT_SALT).update(bytes).digest())
  }

  /** SHA-256(salt ‖ plaintext), 43 characters of base64url; salt = HKDF-SHA256(key, info = entry id ‖ LF ‖ name), 32 bytes. */
  commitment(id: string, name: string, plain: Uint8Array): string {
    this.#writeSalt(id, name)
    if (plain.byteLength > SHORT_BYTES) {
      return createHash('sha256').update(this.#scratch.subarray(0, SALT_BYTES)).update(plain).digest('base64url')
    }
    this.#scratch.set(plain, SALT_BYTES)
    return hash('sha256', this.#scratch.subarray(0, SALT_BYTES + plain.byteLength), 'base64url')
  }

  /** The salt alone: with it one payload can be disclosed and checked without the key. */
  salt(id: string, name: string): Buffer {
    this.#writeSalt(id, name)
    return Buffer.from(this.#scratch.subarray(0, SALT_BYTES))
  }

  /** RFC 5869 §2.3: one block is enough for 32 bytes, T(1) = HMAC(PRK, info ‖ 0x01). Ids and names are ASCII. */
  #writeSalt(id: string, name: string): void {
    this.#extracted.digest(`${id}\n${name}\u0001`, this.#scratch, 0)
  }

  /** Ciphertext and tag, written into `into` at `at`: 16 bytes more than the plaintext. */
  seal(place: PayloadPlace, plain: Uint8Array, into: Buffer, at: number): void {
    const cipher = createCipheriv('aes-256-gcm', this.#encryption, place.nonce)
    cipher.setAAD(associated(place))
    cipher.update(plain).copy(into, at)
    cipher.final()
    cipher.getAuthTag().copy(into, at + plain.byteLength)
  }

  /** @throws where it was not sealed under this key for this place */
  open(place: PayloadPlace, sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#encryption, place.nonce)
    decipher.setAAD(associated(place))
    decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.byteLength - TAG_BYTES)), decipher.final()])
  }
}

/** The associated data: origin, entry id, kind and payload name, each ended by a line feed, which none of them can contain. */
function associated(place: PayloadPlace): Buffer {
  return Buffer.from(`${place.origin}\n${place.id}\n${place.kind}\n${place.name}\n`)
}

/** How many bytes a payload takes when sealed. */
export function sealedBytes(plain: Uint8Array): number {
  return plain.byteLength + TAG_BYTES
}
