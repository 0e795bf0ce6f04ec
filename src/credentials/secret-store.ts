import type { Sealer } from '../operations/index.ts'
import { CredentialsError } from './errors.ts'
import type { ResolvedSecret } from './references.ts'
import { Secret } from './secret.ts'

/** One secret as it is kept. */
export interface SealedSecret {
  readonly name: string
  /** From 1; grows with each change and is never used twice, not even after a removal. */
  readonly version: number
  /** Undefined once removed: the row stays, so that its versions do. */
  readonly sealed: Uint8Array | undefined
  /** Milliseconds since the epoch. */
  readonly changedAt: number
}

/** Where sealed secrets are kept. */
export interface SealedSecrets {
  find(name: string): SealedSecret | undefined
  /** By name, without those that were removed. */
  all(): readonly SealedSecret[]
  /** Durable when it returns. What stood there before is overwritten. */
  put(secret: SealedSecret): void
  /** Gives each sealed value to `change` and keeps what it returns: all of them or, where it throws, none. */
  reseal(change: (sealed: Uint8Array, aad: string) => Uint8Array, aadOf: (secret: Pick<SealedSecret, 'name' | 'version'>) => string): void
}

/** The gateway's own store of target credentials. */
export interface SecretStore {
  /** Names, versions and times; never values. */
  list(): readonly Omit<SealedSecret, 'sealed'>[]
  /** @throws CredentialsError where the sealed bytes do not open */
  get(name: string): ResolvedSecret | undefined
  /** The version that the next `set` of this name will have: so that it can be recorded first. */
  nextVersion(name: string): number
  /** @returns the new version. @throws CredentialsError where the value is empty or too large */
  set(name: string, value: Secret): number
  /** False where there is none. */
  remove(name: string): boolean
}

/** @param sealer for the purpose `secrets`. @param now milliseconds since the epoch */
export function createSecretStore(rows: SealedSecrets, sealer: Sealer, now: () => number): SecretStore {
  const nextVersion = (name: string) => (rows.find(name)?.version ?? 0) + 1
  return {
    list: () => rows.all().map(({ name, version, changedAt }) => ({ name, version, changedAt })),
    get(name) {
      const row = rows.find(name)
      if (row?.sealed === undefined) return undefined
      const plain = sealer.open(row.sealed, secretAad(row))
      return { secret: new Secret(Buffer.from(plain).toString('utf8')), version: row.version }
    },
    nextVersion,
    set(name, value) {
      const plain = Buffer.from(value.reveal(), 'utf8')
      if (plain.length === 0) throw new CredentialsError('GS_SECRET_UNREADABLE', 'A secret cannot be empty.')
      if (plain.length > 65_536) throw new CredentialsError('GS_SECRET_TOO_LARGE')
      const version = nextVersion(name)
      rows.put({ name, version, sealed: sealer.seal(plain, secretAad({ name, version })), changedAt: now() })
      plain.fill(0)
      return version
    },
    remove(name) {
      const row = rows.find(name)
      if (row?.sealed === undefined) return false
      rows.put({ name, version: row.version, sealed: undefined, changedAt: now() })
      return true
    },
  }
}

/**
 * Binds a sealed value to its name and version: neither an old value nor another secret's opens in its row. Who can write the database can
 * still put a whole old row back: the version that the trail records with each use of a credential is then lower than the last one set.
 */
export function secretAad({ name, version }: Pick<SealedSecret, 'name' | 'version'>): string {
  return `gatescribe secret\n${name}\n${version}`
}
