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

/** What is not pruned, however old it is. */
export interface KeptPayloads {
  /** Everything under these keys. */
  readonly keys: readonly string[]
  /** What one entry has under a key that others share. */
  readonly entries: readonly { readonly index: number; readonly key: string }[]
}

/** Where the payloads of published entries stand, beside the log, so that they can go without the log changing. */
export interface PayloadStore {
  /** Entries up to which payloads were put: fewer than are published where an older copy was put back. */
  size(): number
  /** Replaces everything from entry `from` on with these, which are all up to entry `to`. Durable when it returns. */
  put(from: number, to: number, groups: readonly PayloadGroup[]): void
  /**
   * In order of their places; one that is missing has been erased or pruned.
   * @param moment what is found with the same object may be what was there when it was first used: for somebody who reads many and does away
   * with what others removed meanwhile, once they say so
   */
  find(index: number, moment?: object): readonly FoundPayload[]
  /**
   * Takes a step towards no byte of what these keys sealed being left, in any file; durable when it returns. In steps, so that others have their turn.
   * @returns whether it was the last
   */
  remove(keys: readonly string[]): boolean
  /** The same for entries below `minimum`, but for what is kept. */
  prune(minimum: number, kept: KeptPayloads): boolean
  close(): void
}
