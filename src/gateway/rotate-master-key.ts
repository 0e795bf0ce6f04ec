import { resolve } from 'node:path'
import { type GatewayConfig, loadConfig } from '../config/index.ts'
import {
  CredentialsError,
  createReferences,
  loadMasterKey,
  type MasterKey,
  type Reference,
  resealableSecrets,
  rotateMasterKey,
} from '../credentials/index.ts'
import { resealRootKey } from '../identity/index.ts'
import {
  type EmbeddedDatabase,
  type EmbeddedKeyStore,
  embeddedApprovalStore,
  embeddedAuthorityStore,
  embeddedRootKeyStore,
  embeddedSecretStore,
  openDatabase,
  openKeyStore,
  openPayloadStore,
} from '../store/index.ts'
import { type EntryFields, openTrail, sealedKeyAad, type Trail } from '../trail/index.ts'
import { GatewayError } from './errors.ts'
import type { GatewayLog } from './log.ts'

export interface Rotated {
  /** Ids of the keys, which tell nothing of them. */
  readonly from: string
  readonly to: string
  /** How many sealed values moved now, per purpose; 0 where an interrupted rotation had moved them already. */
  readonly moved: Readonly<Record<string, number>>
}

/**
 * Seals everything in a data folder again under a new master key: target credentials, the trail's keys, those that the names CA and
 * the run credentials derive from, and what persons are asked to approve. `key.changed` is in the trail before anything moves, and again with the counts when all
 * has. Run it again with the same keys if it was interrupted. `gateway.masterKey` is the operator's to change afterwards.
 *
 * @param configPath the configuration, with the old master key
 * @param to where the new master key is
 * @throws StoreError GS_STORE_LOCKED while a gateway runs; GatewayError GS_GATEWAY_SAME_KEY; ConfigError; TrailError;
 *   CredentialsError where a key cannot be read, or something opens under neither
 */
export async function rotateGatewayKey(configPath: string, to: Reference, log: GatewayLog): Promise<Rotated> {
  const { gateway, trail } = loadConfig(resolve(configPath), process.env).config
  const references = createReferences({ env: process.env })
  const before = await loadMasterKey(gateway.masterKey, references)
  const after = await loadMasterKey(to, references)
  if (before.id === after.id) throw new GatewayError('GS_GATEWAY_SAME_KEY')
  const database = openDatabase(gateway.data)
  try {
    const keys = openKeyStore(gateway.data)
    try {
      const open = trailOpener(gateway, trail.witnesses !== undefined, keys, log)
      const ids = { key: 'master', from: before.id, to: after.id }
      await record(await openUnderEither(open, before, after), { ...ids, state: 'begun' })
      const moved = Object.fromEntries(rotateMasterKey(before, after, resealable(database, keys, before)))
      await record(await open(after), { ...ids, state: 'done', moved })
      return { from: before.id, to: after.id, moved }
    } finally {
      keys.close()
    }
  } finally {
    database.close()
  }
}

function resealable(database: EmbeddedDatabase, trailKeys: EmbeddedKeyStore, before: MasterKey) {
  const rootKey = embeddedRootKeyStore(database)
  // Loads and saves nothing here, so the sealer that it is given is never used.
  const authority = embeddedAuthorityStore(database, before.sealer('names authority'))
  const interception = embeddedAuthorityStore(database, before.sealer('interception authority'), 'interception')
  return [
    resealableSecrets(embeddedSecretStore(database)),
    { purpose: 'trail', reseal: (change: Change) => trailKeys.reseal((key) => change(key.sealed, sealedKeyAad(key))) },
    { purpose: 'identity', reseal: (change: Change) => resealRootKey(rootKey, change) },
    { purpose: 'names authority', reseal: (change: Change) => authority.reseal(change) },
    ...(interception.kept ? [{ purpose: 'interception authority', reseal: (change: Change) => interception.reseal(change) }] : []),
    { purpose: 'approvals', reseal: (change: Change) => embeddedApprovalStore(database).reseal(change) },
  ]
}

type Change = (sealed: Uint8Array, aad: string) => Uint8Array

/** Where witnesses are to be asked first, nothing is signed here: the next start does. */
function trailOpener({ data, origin, instance }: GatewayConfig, witnesses: boolean, keys: EmbeddedKeyStore, log: GatewayLog) {
  const unsigned = witnesses ? { mayBeSigned: new Promise<void>(() => undefined) } : {}
  return (key: MasterKey) =>
    openTrail({ folder: data, keys, masterKey: key.sealer('trail'), origin, instance, log, payloads: openPayloadStore, ...unsigned })
}

/** Under the old key, or, where an earlier rotation came as far as the trail's keys, under the new one. */
async function openUnderEither(open: (key: MasterKey) => Promise<Trail>, before: MasterKey, after: MasterKey): Promise<Trail> {
  try {
    return await open(before)
  } catch (error) {
    if (!(error instanceof CredentialsError) || error.code !== 'GS_SEALED_ELSEWHERE') throw error
    return open(after)
  }
}

/** One durable entry; the trail is closed again, because its keys are about to move. */
async function record(trail: Trail, fields: EntryFields): Promise<void> {
  try {
    await trail.durable({ kind: 'key.changed', fields })
  } finally {
    await trail.close()
  }
}
