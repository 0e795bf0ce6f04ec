import { resolve } from 'node:path'
import { loadConfig } from '../config/index.ts'
import { createReferences, loadMasterKey } from '../credentials/index.ts'
import { openDatabase, openKeyStore, openPayloadStore } from '../store/index.ts'
import { type EntryFields, openTrail } from '../trail/index.ts'
import type { GatewayLog } from './log.ts'

export interface Replaced {
  /** Name of the log that begins. */
  readonly log: string
  /** Verifier keys that sign it. */
  readonly keys: readonly string[]
  /** Name of the log that is closed, its size with its last entry, and its root. */
  readonly previous: EntryFields
}

/**
 * Closes the log whose signing key somebody else may have, with `log.closed` as its last entry, and begins another one under the next name and with another
 * key. Interrupted, the next start goes on with it. Where witnesses are named, which are not asked here, nothing is signed: the next start signs the new log.
 *
 * @throws StoreError GS_STORE_LOCKED while a gateway runs; ConfigError; TrailError; CredentialsError where the master key cannot be read
 */
export async function replaceCompromisedLog(configPath: string, log: GatewayLog): Promise<Replaced> {
  const { gateway, trail: settings } = loadConfig(resolve(configPath), process.env).config
  const masterKey = await loadMasterKey(gateway.masterKey, createReferences({ env: process.env }))
  const database = openDatabase(gateway.data)
  try {
    const keys = openKeyStore(gateway.data)
    try {
      const { data: folder, origin, instance } = gateway
      const trail = await openTrail({
        ...{ folder, keys, masterKey: masterKey.sealer('trail'), origin, instance, log, payloads: openPayloadStore },
        ...(settings.witnesses && { mayBeSigned: new Promise<void>(() => undefined) }),
        newLog: 'compromised',
      })
      try {
        for await (const { fields } of trail.read({ from: 0 }))
          return { log: trail.name, keys: trail.verifierKeys(), previous: fields.previous as EntryFields }
        throw new Error('a log that was just begun has no entry')
      } finally {
        await trail.close()
      }
    } finally {
      keys.close()
    }
  } finally {
    database.close()
  }
}
