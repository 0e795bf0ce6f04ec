import { type MasterKey, resealableSecrets, rotateMasterKey } from '../credentials/index.ts'
import { resealRootKey } from '../identity/index.ts'
import { embeddedAuthorityStore, embeddedRootKeyStore, embeddedSecretStore, openDatabase, openKeyStore } from '../store/index.ts'
import { sealedKeyAad } from '../trail/index.ts'

/**
 * Seals everything in a data folder again under a new master key: target credentials, the trail's keys, and those that the names
 * CA and the run credentials derive from. Run it again with the same keys if it was interrupted. The configuration's `masterKey`
 * is changed afterwards, by whoever called.
 *
 * @param folder `gateway.data`, which no gateway may hold
 * @returns how many values moved, per purpose
 * @throws StoreError GS_STORE_LOCKED while a gateway runs; CredentialsError where something opens under neither key
 */
export function rotateGatewayKey(folder: string, from: MasterKey, to: MasterKey): ReadonlyMap<string, number> {
  const database = openDatabase(folder)
  try {
    const trailKeys = openKeyStore(folder)
    try {
      const rootKey = embeddedRootKeyStore(database)
      // Loads and saves nothing here, so the sealer that it is given is never used.
      const authority = embeddedAuthorityStore(database, from.sealer('names authority'))
      return rotateMasterKey(from, to, [
        resealableSecrets(embeddedSecretStore(database)),
        { purpose: 'trail', reseal: (change) => trailKeys.reseal((key) => change(key.sealed, sealedKeyAad(key))) },
        { purpose: 'identity', reseal: (change) => resealRootKey(rootKey, change) },
        { purpose: 'names authority', reseal: (change) => authority.reseal(change) },
      ])
    } finally {
      trailKeys.close()
    }
  } finally {
    database.close()
  }
}
