import type { LogPlace } from '../runs/index.ts'
import type { ClosedWhy, OpeningId } from './openings.ts'

/**
 * What becomes of a request. requested → open, denied, withdrawn or expired; open → closed → reviewed. `opening`: another person has confirmed it, and
 * the entry that says so is on its way to the disk.
 */
export type BreakGlassState = 'requested' | 'opening' | 'open' | 'closed' | 'reviewed' | 'denied' | 'withdrawn' | 'expired'

/** One request to break the glass, as it is kept. Nothing in it is personal: who and why are payloads of its entries. All moments in ms since the epoch. */
export interface BreakGlassRecord {
  readonly id: OpeningId
  readonly state: BreakGlassState
  /** Pseudonym of the person whom it is for. */
  readonly by: string
  readonly resources: readonly string[]
  /** How long it is to be open, once it is. */
  readonly minutes: number
  /** Digest of the configuration that it was asked under. */
  readonly settings: string
  readonly requestedAt: number
  /** Until when another person may confirm it. */
  readonly expiresAt: number
  /** Where its `breakglass.requested` stands. */
  readonly requested: LogPlace
  /** Pseudonym of the person who confirmed it. */
  readonly confirmedBy?: string
  readonly openedAt?: number
  readonly until?: number
  readonly opened?: LogPlace
  readonly endedAt?: number
  /** Who ended it, as entries name them; absent where nobody did. */
  readonly endedBy?: string
  readonly why?: ClosedWhy
  readonly reviewedAt?: number
  readonly reviewedBy?: string
  readonly reviewed?: LogPlace
  /** Its end is not on record yet. */
  readonly untold?: true
}

/** As everybody may see it. */
export interface BreakGlassView extends Omit<BreakGlassRecord, 'state' | 'settings' | 'requested' | 'opened' | 'reviewed' | 'untold'> {
  readonly state: Exclude<BreakGlassState, 'opening'>
}

/** Where they are kept. Every change is durable when the call returns. */
export interface BreakGlassStore {
  /** What somebody is still to do something about, the oldest first: to confirm, to close, to review, or to record its end. */
  open(): readonly BreakGlassRecord[]
  /** The newest first, 100 at most. */
  recent(): readonly BreakGlassRecord[]
  find(id: string): BreakGlassRecord | undefined
  /** Adds it, or replaces the one of this id. */
  put(record: BreakGlassRecord): void
}

/** Whether somebody is still to do something about it. */
export function isUnfinished({ state, untold }: BreakGlassRecord): boolean {
  return untold === true || state === 'requested' || state === 'opening' || state === 'open' || state === 'closed'
}

export function viewOf(record: BreakGlassRecord): BreakGlassView {
  const { state, settings: _, requested: __, opened: ___, reviewed: ____, untold: _____, ...rest } = record
  return { ...rest, state: state === 'opening' ? 'requested' : state }
}
