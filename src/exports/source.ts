import type { StoredEntry } from '../trail/index.ts'

/** The log as an export reads it. */
export interface ExportedLog {
  readonly name: string
  /** Entries below this index are pruned. */
  readonly minimum: number
  /** Entries that a signed checkpoint covers: none behind is sent. */
  readonly size: number
  /** Entries that are published; a checkpoint may cover fewer of them for a while. */
  readonly published: number
  /** Entries in order, in pieces, up to what is published now. @throws TrailError */
  read(from: number, signal: AbortSignal): AsyncIterable<readonly StoredEntry[]>
  /** Resolves when there is more than `size`, or the signal aborts. */
  more(size: number, signal: AbortSignal): Promise<void>
}

/** Lets others have their turn: called often, waits now and then. */
export type Rest = () => Promise<unknown> | undefined
