/** Seals small secrets under the gateway's master key. The credentials room implements it with AES-256-GCM; the key never leaves there. */
export interface Sealer {
  /**
   * @param plain what to protect
   * @param aad what the sealed bytes are for, such as `trail key ses_…`; `open` wants exactly the same
   */
  seal(plain: Uint8Array, aad: string): Uint8Array
  /** @throws where the bytes were not sealed under this key for this `aad` */
  open(sealed: Uint8Array, aad: string): Uint8Array
}
