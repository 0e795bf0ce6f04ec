import { hkdfSync, randomBytes } from 'node:crypto'
import type { Sealer } from '../operations/index.ts'

/** Where the sealed root key is kept. */
export interface RootKeyStore {
  read(): Uint8Array | undefined
  write(sealed: Uint8Array): void
}

/** One key per purpose, so that none can be used for another. */
export interface IdentityKeys {
  readonly runIds: Uint8Array
  readonly credentials: Uint8Array
  readonly salts: Uint8Array
  readonly decoys: Uint8Array
}

const AAD = 'identity root key'

/** Opens the key that run ids and credentials derive from, or makes it at the first start. @throws what the sealer throws where it was sealed otherwise */
export function openIdentityKeys(store: RootKeyStore, sealer: Sealer): IdentityKeys {
  const sealed = store.read()
  const root = sealed ? sealer.open(sealed, AAD) : randomBytes(32)
  if (!sealed) store.write(sealer.seal(root, AAD))
  const derive = (purpose: string) => new Uint8Array(hkdfSync('sha256', root, '', `gatescribe identity ${purpose} v1`, 32))
  return { runIds: derive('run ids'), credentials: derive('credentials'), salts: derive('salts'), decoys: derive('decoys') }
}

/** Gives the sealed root key, with what it is for, to `change` and keeps what it returns: for a new master key. */
export function resealRootKey(store: RootKeyStore, change: (sealed: Uint8Array, aad: string) => Uint8Array): void {
  const sealed = store.read()
  if (sealed) store.write(change(sealed, AAD))
}
