/** One sealed key of the trail. */
export interface SealedKey {
  /** 16 hexadecimal digits, random, never used twice. */
  readonly id: string
  readonly purpose: 'batch-mac' | 'pseudonym' | 'session' | 'subject'
  /** Whose key it is: a subject's pseudonym; empty where the purpose has one key only; the id itself for sessions. Unique per purpose. */
  readonly label: string
  readonly sealed: Uint8Array
}

/** How much of the log is known to be durable. Written lazily: the log may be longer, never shorter. */
export interface TrailState {
  readonly segment: number
  /** Where the next batch begins in that segment, bytes. */
  readonly offset: number
  /** Batches in the log. */
  readonly batches: number
  /** Entries in the log. */
  readonly entries: number
  /** MAC of the last batch. */
  readonly mac: Uint8Array
  /** The segment from which open sessions can be found. */
  readonly openFrom: number
  /** Whether the log was closed in order after that. */
  readonly clean: boolean
}

/** Where the trail's keys live: apart from the log and out of ordinary backups, so that destroying a key erases what it sealed. */
export interface KeyStore {
  /** Durable when it returns. */
  insert(keys: readonly SealedKey[]): void
  find(id: string): SealedKey | undefined
  findByLabel(purpose: SealedKey['purpose'], label: string): SealedKey | undefined
  /** Overwrites the key; what it sealed can never be read again. Durable when it returns. Idempotent. */
  destroy(id: string): void
  state(): TrailState | undefined
  /** May be lost with power, never with the process. */
  saveState(state: TrailState): void
}
