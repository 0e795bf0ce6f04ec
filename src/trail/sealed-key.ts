import { randomBytes } from 'node:crypto'
import type { Sealer } from '../operations/index.ts'
import type { SealedKey } from './key-store.ts'

/** Of every key of the trail. */
export const KEY_BYTES = 32

export function newKeyId(): string {
  return randomBytes(8).toString('hex')
}

/** Binds a sealed key to its id, purpose and owner, so that rows cannot be swapped. */
export function sealedKeyAad(key: Pick<SealedKey, 'id' | 'purpose' | 'label'>): string {
  return `gatescribe trail key\n${key.purpose}\n${key.id}\n${key.label}`
}

export function sealKey(master: Sealer, key: Omit<SealedKey, 'sealed'>, bytes: Uint8Array): SealedKey {
  return { ...key, sealed: master.seal(bytes, sealedKeyAad(key)) }
}

/** @throws where it does not open under this master key */
export function openKey(master: Sealer, key: SealedKey): Buffer {
  return Buffer.from(master.open(key.sealed, sealedKeyAad(key)))
}
