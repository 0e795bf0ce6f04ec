import { hash } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/**
 * HMAC-SHA-256 (RFC 2104) under one key for many short texts. `createHmac` makes an object that the garbage collector has to track
 * for each digest; two one-shot hashes over prepared blocks cost a third of that. Its answers are held against `createHmac` by a test.
 */
export class ShortHmac {
  /** The key xor ipad, and room for a text. */
  #inner = Buffer.alloc(BLOCK_BYTES + 256)
  /** The key xor opad, and the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES)

  /** @param key at most 64 bytes: longer ones would have to be hashed first */
  constructor(key: Uint8Array) {
    if (key.byteLength > BLOCK_BYTES) throw new RangeError('a key of HMAC-SHA-256 must have at most 64 bytes here')
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const byte = key[i] ?? 0
      this.#inner[i] = byte ^ 0x36
      this.#outer[i] = byte ^ 0x5c
    }
  }

  /** @param text of one byte per character. @param at where the 32 bytes go in `into` */
  digest(text: string, into: Buffer, at: number): void {
    if (BLOCK_BYTES + text.length > this.#inner.byteLength) this.#inner = Buffer.concat([this.#inner, Buffer.alloc(text.length)])
    const end = BLOCK_BYTES + this.#inner.write(text, BLOCK_BYTES, 'latin1')
    // As text, because making a buffer for each digest costs more than the digest.
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'latin1'), BLOCK_BYTES, 'latin1')
    into.write(hash('sha256', this.#outer, 'latin1'), at, 'latin1')
  }
}
