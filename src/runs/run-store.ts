import type { Run, RunId } from '../operations/index.ts'
import type { LogPlace } from './run-account.ts'
import type { RunState } from './runs.ts'
import type { Suspension } from './standing.ts'

/** A run as it is kept. `starting`: its start is not yet in the trail, so nobody holds a credential for it. */
export interface StoredRun {
  readonly run: Run
  readonly state: RunState | 'starting'
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Where its `run.start` stands in the trail; while it is `starting`, nothing of it stands before. */
  readonly began?: LogPlace | undefined
  /** Where its `run.end` stands. */
  readonly ended?: LogPlace | undefined
  /** Absent or null: it may go on. */
  readonly suspended?: Suspension | null | undefined
}

export interface RunChange {
  readonly state?: RunState
  readonly expiresAt?: number
  readonly began?: LogPlace
  readonly ended?: LogPlace
  /** Null: it may go on again. */
  readonly suspended?: Suspension | null
}

/** Where runs survive a restart. Every change is durable when the call returns. */
export interface RunStore {
  find(id: RunId): StoredRun | undefined
  /** Every run that is live or starting. */
  open(): readonly StoredRun[]
  /** Runs that are over, but it is not known that the trail says so. */
  unended(): readonly StoredRun[]
  /** Newest first, whatever their state but `starting`. */
  recent(limit: number): readonly StoredRun[]
  insert(run: StoredRun): void
  update(id: RunId, change: RunChange): void
  remove(id: RunId): void
  /** Runs that are over and still say whose they were, in the order of their ids. @param after all behind this id */
  past(after: string, limit: number): readonly StoredRun[]
  /** Whose they were, and every fact of them, goes; that they were, and where they stand in the trail, stays. Leaves no byte of it in any file. */
  forget(ids: readonly RunId[]): void
}
