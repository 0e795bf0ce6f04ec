/** One sealed key of the trail. */
export interface SealedKey {
  /** 16 hexadecimal digits, random, never used twice. */
  readonly id: string
  readonly purpose: 'batch-mac' | 'pseudonym' | 'index' | 'session' | 'subject' | 'note'
  /**
   * Whose key it is: a subject's pseudonym; empty where the purpose has one key only; the id itself for sessions; for keys that sign
   * checkpoints their serial number. Unique per purpose.
   */
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
  /** Entries in the published tree, and its root; empty where nothing is published. */
  readonly size: number
  readonly root: Uint8Array
  /** Whether the log was closed in order after that. */
  readonly clean: boolean
}

/** Where the trail's keys live: apart from the log and out of ordinary backups, so that destroying a key erases what it sealed. */
export interface KeyStore {
  /** Durable when it returns. */
  insert(keys: readonly SealedKey[]): void
  find(id: string): SealedKey | undefined
  /** Whether there is such a key, or was until it was destroyed; those destroyed long ago may be forgotten. */
  knows(id: string): boolean
  findByLabel(purpose: SealedKey['purpose'], label: string): SealedKey | undefined
  /** Overwrites the keys; what they sealed can never be read again. Durable when it returns. Idempotent. */
  destroy(ids: readonly string[]): void
  /** Keys of a purpose, in the order of their labels. */
  all(purpose: SealedKey['purpose']): readonly SealedKey[]
  /** A short text about the keys, such as which of them still signs; undefined where it was never set. */
  setting(name: string): string | undefined
  /** Durable when it returns; undefined removes it. */
  set(name: string, value: string | undefined): void
  state(): TrailState | undefined
  /** May be lost with power, never with the process. */
  saveState(state: TrailState): void
  /** A new log begins. Durable when it returns. */
  forgetState(): void
}
