import type { StoredSlot } from './counter.ts'

export interface StoredCount extends StoredSlot {
  readonly budget: string
  readonly subject: string
  /** From when on nobody needs it, ms since the epoch. */
  readonly goneAt: number
}

/** Where counts survive a restart. */
export interface BudgetStore {
  read(budget: string, subject: string): readonly StoredSlot[]
  /** All of them or, where it throws, none. Counts of the same part are replaced. */
  write(counts: readonly StoredCount[]): void
  /** Drops what nobody needs any more. @param now ms since the epoch */
  prune(now: number): void
}
