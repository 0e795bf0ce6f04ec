export type HoldId = `hold_${string}`

/** A legal hold on a run: it beats erasure and retention. */
export interface Hold {
  readonly id: HoldId
  readonly run: string
  readonly name?: string | undefined
  readonly reason: string
  /** ms since the epoch */
  readonly placedAt: number
  /** Name of the log that the run is in. */
  readonly log: string
  /** Index of its `run.start`, and the key that what that says is sealed under; undefined where it has been erased. */
  readonly start: { readonly index: number; readonly key: string | undefined }
  /** Its own entry has this index, and why it was placed is sealed under this key; until that is known, it has at least this index. */
  readonly entry: { readonly index: number; readonly key: string | undefined }
  /** The copy of the run's entries; undefined until it is made. */
  readonly copy?: HoldCopy
}

export interface HoldCopy {
  readonly entries: number
  /** Indexes of the first entry and of the last. */
  readonly first: number
  readonly last: number
  /** Whether the run was over, so that nothing of it is missing. */
  readonly whole: boolean
}

/** Where holds are kept. Every change is durable when the call returns. */
export interface HoldStore {
  /** In the order in which they were placed. */
  all(): readonly Hold[]
  find(id: string): Hold | undefined
  /** Adds it, or replaces the one of this id. */
  put(hold: Hold): void
  remove(id: string): void
}
