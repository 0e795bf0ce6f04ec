import type { SealedPayload } from './record.ts'

/** Sealed payloads of one key from one publication, in the order of their entries. */
export interface PayloadGroup {
  /** Payload key, 16 hexadecimal digits. */
  readonly key: string
  /** Index of the first and of the last entry that they belong to. */
  readonly first: number
  readonly last: number
  readonly payloads: readonly PlacedPayload[]
}

export interface PlacedPayload {
  readonly index: number
  /** Place in its entry, in the order of the commitments. */
  readonly place: number
  readonly sealed: Uint8Array
}

/** A payload of one entry: where it stands there, under which key. */
export interface FoundPayload extends SealedPayload {
  readonly place: number
}

/** Where the payloads of published entries stand, beside the log, so that they can go without the log changing. */
export interface PayloadStore {
  /** Replaces everything from entry `from` on with these. Durable when it returns. */
  put(from: number, groups: readonly PayloadGroup[]): void
  /** In order of their places; one that is missing has been erased or pruned. */
  find(index: number): readonly FoundPayload[]
  /** Leaves no byte of what these keys sealed, in any file. Durable when it returns. @returns how many groups went */
  remove(keys: readonly string[]): number
  /** The same for all entries below `minimum`, but for these keys. */
  prune(minimum: number, keptKeys: ReadonlySet<string>): void
  close(): void
}
