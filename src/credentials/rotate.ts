import { sealedUnder } from './aes-gcm-sealer.ts'
import type { MasterKey } from './master-key.ts'
import { type SealedSecrets, secretAad } from './secret-store.ts'

/** Something at rest whose every sealed value must move to the new master key. */
export interface Resealable {
  /** The purpose that `MasterKey.sealer` was asked for. */
  readonly purpose: string
  /** Gives each sealed value, with what it is for, to `change` and keeps what it returns: all of them or, where it throws, none. */
  reseal(change: (sealed: Uint8Array, aad: string) => Uint8Array): void
}

/**
 * Seals everything again under a new master key. Each store changes as a whole; what is already under the new key is opened
 * to prove it and left. So a rotation that was interrupted between two stores is finished by running it again with the same keys.
 * The gateway must not run meanwhile: the data folder's lock sees to it.
 *
 * @returns how many values moved, per purpose
 * @throws CredentialsError where a value opens under neither key; its store is left as it was
 */
export function rotateMasterKey(from: MasterKey, to: MasterKey, stores: readonly Resealable[]): ReadonlyMap<string, number> {
  const moved = new Map<string, number>()
  for (const { purpose, reseal } of stores) {
    const before = from.sealer(purpose)
    const after = to.sealer(purpose)
    let count = 0
    reseal((sealed, aad) => {
      if (sealedUnder(sealed) === to.id) {
        after.open(sealed, aad)
        return sealed
      }
      count++
      return after.seal(before.open(sealed, aad), aad)
    })
    moved.set(purpose, count)
  }
  return moved
}

/** The sealed store of target credentials, for rotation. */
export function resealableSecrets(rows: SealedSecrets): Resealable {
  return { purpose: 'secrets', reseal: (change) => rows.reseal(change, secretAad) }
}
