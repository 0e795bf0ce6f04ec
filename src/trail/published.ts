import type { Hash } from '../tlog/index.ts'
import type { KeptPayloads } from './payload-store.ts'

/** A place in the write-ahead file between two batches. */
export interface WalPlace {
  readonly segment: number
  /** Where the next batch begins in that segment, bytes. */
  readonly offset: number
  /** Batches before it. */
  readonly batches: number
  /** MAC of the batch before it. */
  readonly mac: Uint8Array
}

/** How far the published log has come. Durable before a checkpoint of that size is signed. */
export interface Published {
  /** Entries in the tree. */
  readonly size: number
  readonly root: Hash
  /** Entries below this index are pruned: their hashes stay, they themselves are gone. */
  readonly minimum: number
  /** Everything before this place is published. */
  readonly wal: WalPlace
  /** Sessions that are open at this size, and their operations without an outcome: a start after a crash ends them. */
  readonly open: readonly OpenSession[]
}

export type OpenSession = readonly [session: string, operations: readonly number[]]

/** Which keys sign the next checkpoints: the log's own, and during a rotation's overlap the one before it. Seeds of 32 bytes. */
export type SigningSeeds = readonly Uint8Array[]

export interface PublishOrder {
  /** Where the durable part of the write-ahead file ends: publishing goes up to there. */
  readonly end: WalPlace & { readonly entries: number }
  /** Segments before this one may be removed: whoever reads them knows by now that they are published. */
  readonly release: number
  /** False: tiles and state only, because nobody knows yet whether this log was rolled back. */
  readonly sign: boolean
}

/** What a publication came to. */
export interface Publication {
  readonly published: Published
  /** The signed note; undefined where it was not to be signed, or nothing is published yet. */
  readonly checkpoint: string | undefined
}

/** What goes from the published log; hashes stay. */
export interface PruneOrder {
  /** Entries below this index, rounded down to whole bundles, with their payloads. */
  readonly entries: number
  /** Payloads of entries below this index. */
  readonly payloads: number
  /** Payloads that stay all the same. */
  readonly kept: KeptPayloads
}

/** What a step of a pruning came to. */
export interface Pruned {
  readonly published: Published
  /** Whether it was the last. */
  readonly done: boolean
}

/**
 * Turns what is durable into what is provable: entry bundles, tiles, payloads beside them, state, and at last a signed checkpoint.
 * In a thread of its own where the gateway says so; one order at a time.
 */
export interface Publishing {
  /** @throws Error with the code ENOSPC or EDQUOT where there is no room: try again later; any other error is for good */
  publish(order: PublishOrder): Promise<Publication>
  /** From the next checkpoint on. */
  useSeeds(seeds: SigningSeeds): Promise<void>
  /** Takes a step of a pruning. Repeated until the last is done, others have their turn in between. Durable when it resolves. */
  prune(order: PruneOrder): Promise<Pruned>
  /** Takes a step towards no byte of what these keys sealed being left in the payload store. @returns whether it was the last */
  erase(keys: readonly string[]): Promise<boolean>
  close(): Promise<void>
}
